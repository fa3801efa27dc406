"""Keep how far the conversion of a table into quarters has come, so that it can go on after anything."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

PHASES = "'planned', 'prepared', 'backfilling', 'verified', 'swapped', 'finished', 'rolled_back'"


def upgrade() -> None:
    op.create_table(
        "table_conversions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("swapped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("todo", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("again", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("paused", sa.Text(), nullable=True),
        sa.Column("figures", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.CheckConstraint("direction IN ('split', 'join')", name=op.f("ck_table_conversions_direction")),
        sa.CheckConstraint(f"phase IN ({PHASES})", name=op.f("ck_table_conversions_phase")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_conversions")),
    )
    op.create_index(
        "uq_table_conversions_live",
        "table_conversions",
        ["table_name"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


UNFINISHED = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM table_conversions WHERE ended_at IS NULL) THEN
        RAISE EXCEPTION 'A conversion is not finished, and its second table is kept. Run flask partitions finish, or rollback, first.';
    END IF;
END $$"""


def downgrade() -> None:
    op.execute(UNFINISHED)
    op.drop_index("uq_table_conversions_live", table_name="table_conversions")
    op.drop_table("table_conversions")
