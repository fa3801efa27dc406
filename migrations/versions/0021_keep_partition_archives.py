"""Keep which quarters were archived, and how far each of them is."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

STATES = "'writing', 'written', 'verified', 'retiring', 'retired', 'dropped', 'restored', 'failed'"
MOMENTS = ("written_at", "verified_at", "retired_at", "dropped_at", "restored_at")
NOTHING_AWAY = """
    DO $$
    DECLARE away text;
    BEGIN
        SELECT string_agg(partition, ', ' ORDER BY partition) INTO away
        FROM partition_archives WHERE state IN ('retiring', 'retired', 'dropped');
        IF away IS NOT NULL THEN
            RAISE 'Lines are archived: %. Nothing was changed; bring each back with flask partitions restore first.', away;
        END IF;
    END $$"""


def upgrade() -> None:
    op.create_table(
        "partition_archives",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=True),
        sa.Column("content_hash", sa.Numeric(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in MOMENTS),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_partition_archives_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partition_archives")),
    )
    op.create_index(
        "uq_partition_archives_live",
        "partition_archives",
        ["partition"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('restored', 'failed')"),
    )


def downgrade() -> None:
    op.execute(NOTHING_AWAY)
    op.drop_index("uq_partition_archives_live", table_name="partition_archives")
    op.drop_table("partition_archives")
