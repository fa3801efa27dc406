"""Create the copies and their checks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("out_of", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("table_rows", sa.BigInteger(), nullable=True),
        sa.Column("schema_version", sa.Text(), nullable=True),
        sa.Column("server_version", sa.Text(), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restore_seconds", sa.Double(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'written', 'verified', 'restorable', 'failed')", name=op.f("ck_backups_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backups")),
    )
    op.create_index("ix_backups_started_at", "backups", ["started_at", "id"])
    op.create_index("uq_backups_folder", "backups", ["folder"], unique=True)
    op.create_index(
        "uq_backups_running", "backups", ["state"], unique=True, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "backup_checks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("backup_id", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("restore_seconds", sa.Double(), nullable=True),
        sa.Column("tables", sa.BigInteger(), nullable=True),
        sa.Column("table_rows", sa.BigInteger(), nullable=True),
        sa.Column("differences", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.ForeignKeyConstraint(["backup_id"], ["backups.id"], name=op.f("fk_backup_checks_backup_id_backups")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_checks")),
    )
    op.create_index("ix_backup_checks_backup_id", "backup_checks", ["backup_id", "id"])


def downgrade() -> None:
    op.drop_table("backup_checks")
    op.drop_table("backups")
