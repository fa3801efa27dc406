"""Create the runs and the leases of workers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_leases",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job_leases")),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("phase", sa.Text(), server_default="wait", nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file_path", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_bytes", sa.BigInteger(), nullable=True),
        sa.Column("file_sha256", sa.Text(), nullable=True),
        sa.Column("cursor_line", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cursor_offset", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("published_lines", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lines", sa.Integer(), server_default="0", nullable=False),
        sa.Column("inserted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("superseded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default="0", nullable=False),
        sa.Column("deleted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("notes", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.CheckConstraint("kind IN ('orders', 'customers', 'products')", name=op.f("ck_snapshots_kind")),
        sa.CheckConstraint("mode IN ('full', 'partial')", name=op.f("ck_snapshots_mode")),
        sa.CheckConstraint(
            "state <> 'done' OR lines = inserted + updated + unchanged + superseded + quarantined",
            name=op.f("ck_snapshots_books"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_snapshots_state")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_snapshots_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index("ix_snapshots_shop_id_kind_id", "snapshots", ["shop_id", "kind", "id"], unique=False)
    op.create_index("ix_snapshots_state", "snapshots", ["state", "id"], unique=False)
    op.create_index(
        "uq_snapshots_live",
        "snapshots",
        ["shop_id", "kind"],
        unique=True,
        postgresql_where="state IN ('queued', 'running')",
    )
    op.execute("CREATE SCHEMA IF NOT EXISTS staging")


def downgrade() -> None:
    op.execute("DROP SCHEMA IF EXISTS staging CASCADE")
    op.drop_index("uq_snapshots_live", table_name="snapshots", postgresql_where="state IN ('queued', 'running')")
    op.drop_index("ix_snapshots_state", table_name="snapshots")
    op.drop_index("ix_snapshots_shop_id_kind_id", table_name="snapshots")
    op.drop_table("snapshots")
    op.drop_table("job_leases")
