"""Track attempts, failed snapshots and quarantined records."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failed_snapshots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_failed_snapshots_shop_id_shops")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_failed_snapshots_snapshot_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_snapshots")),
        sa.UniqueConstraint("snapshot_id", name=op.f("uq_failed_snapshots_snapshot_id")),
    )
    op.create_index("ix_failed_snapshots_fingerprint", "failed_snapshots", ["fingerprint", "id"], unique=False)
    op.create_index(
        "ix_failed_snapshots_open",
        "failed_snapshots",
        ["shop_id", "kind", "id"],
        unique=False,
        postgresql_where="resolved_at IS NULL",
    )
    op.create_table(
        "quarantined_records",
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("raw_bytes", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_quarantined_records_shop_id_shops")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_quarantined_records_snapshot_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "line", name=op.f("pk_quarantined_records")),
    )
    op.create_index(
        "ix_quarantined_records_shop_id", "quarantined_records", ["shop_id", "snapshot_id", "line"], unique=False
    )
    op.create_table(
        "snapshot_attempts",
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_attempts_snapshot_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "number", name=op.f("pk_snapshot_attempts")),
    )


def downgrade() -> None:
    op.drop_table("snapshot_attempts")
    op.drop_index("ix_quarantined_records_shop_id", table_name="quarantined_records")
    op.drop_table("quarantined_records")
    op.drop_index("ix_failed_snapshots_open", table_name="failed_snapshots", postgresql_where="resolved_at IS NULL")
    op.drop_index("ix_failed_snapshots_fingerprint", table_name="failed_snapshots")
    op.drop_table("failed_snapshots")
