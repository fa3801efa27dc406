"""Keep what a preview has found, what a replay has overwritten, and which bad records were accepted later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.again import add_constraint, make_index, replace_index

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CONSTRAINTS = (
    ("snapshots", "fk_snapshots_origin_id_snapshots", "FOREIGN KEY (origin_id) REFERENCES snapshots (id)"),
    (
        "snapshots",
        "ck_snapshots_state",
        "CHECK (state IN ('queued', 'running', 'done', 'previewed', 'failed', 'cancelled'))",
    ),
    ("snapshots", "ck_snapshots_purpose", "CHECK (purpose IN ('load', 'preview', 'replay', 'redrive'))"),
    (
        "quarantined_records",
        "fk_quarantined_records_redriven_by_snapshots",
        "FOREIGN KEY (redriven_by) REFERENCES snapshots (id)",
    ),
)
LIVE = "state IN ('queued', 'running')"


def upgrade() -> None:
    op.add_column(
        "snapshots", sa.Column("purpose", sa.Text(), server_default="load", nullable=False), if_not_exists=True
    )
    op.add_column("snapshots", sa.Column("origin_id", sa.BigInteger(), nullable=True), if_not_exists=True)
    op.add_column("snapshots", sa.Column("difference", JSONB(), nullable=True), if_not_exists=True)
    op.add_column("snapshots", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True), if_not_exists=True)
    op.add_column("snapshots", sa.Column("undone_by", sa.Text(), nullable=True), if_not_exists=True)
    op.add_column("snapshots", sa.Column("undone", JSONB(), nullable=True), if_not_exists=True)
    for table, constraint, definition in CONSTRAINTS[:3]:
        add_constraint(table, constraint, definition)
    op.add_column("quarantined_records", sa.Column("redriven_by", sa.BigInteger(), nullable=True), if_not_exists=True)
    op.add_column("quarantined_records", sa.Column("redriven_line", sa.Integer(), nullable=True), if_not_exists=True)
    op.add_column(
        "quarantined_records", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True), if_not_exists=True
    )
    add_constraint(*CONSTRAINTS[3])
    op.create_table(
        "overwritten_orders",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("lines", JSONB(), nullable=True),
        sa.Column("left_as", sa.Text(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_overwritten_orders_shop_id_shops")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_overwritten_orders_snapshot_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("shop_id", "snapshot_id", "order_id", name=op.f("pk_overwritten_orders")),
        if_not_exists=True,
    )
    op.create_index(op.f("ix_overwritten_orders_kept_at"), "overwritten_orders", ["kept_at"], if_not_exists=True)
    while_others_write()


def while_others_write() -> None:
    """Check what is stored against the new constraints, and make the indexes, without holding a writer up."""
    with op.get_context().autocommit_block():
        for table, constraint, _ in CONSTRAINTS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
        make_index(
            "ix_snapshots_origin_id",
            "snapshots",
            ["origin_id", "id"],
            postgresql_where=sa.text("origin_id IS NOT NULL"),
        )
        make_index(
            "ix_quarantined_records_redriven_by",
            "quarantined_records",
            ["redriven_by"],
            postgresql_where=sa.text("redriven_by IS NOT NULL"),
        )
    live_only_once(f"{LIVE} AND purpose <> 'preview'")


def downgrade() -> None:
    op.drop_table("overwritten_orders")
    op.drop_index(op.f("ix_quarantined_records_redriven_by"), table_name="quarantined_records")
    for column in ("accepted_at", "redriven_line", "redriven_by"):
        op.drop_column("quarantined_records", column)
    op.execute("UPDATE snapshots SET state = 'cancelled' WHERE purpose = 'preview'")
    op.drop_constraint(op.f("ck_snapshots_purpose"), "snapshots", type_="check")
    op.drop_constraint(op.f("ck_snapshots_state"), "snapshots", type_="check")
    op.create_check_constraint(
        op.f("ck_snapshots_state"), "snapshots", "state IN ('queued', 'running', 'done', 'failed', 'cancelled')"
    )
    live_only_once(LIVE)
    op.drop_index(op.f("ix_snapshots_origin_id"), table_name="snapshots")
    for column in ("undone", "undone_by", "undone_at", "difference", "origin_id", "purpose"):
        op.drop_column("snapshots", column)


def live_only_once(condition: str) -> None:
    """Refuse two live runs by the new condition; by the old one until then."""
    where = sa.text(condition)
    replace_index("uq_snapshots_live", "snapshots", ["shop_id", "kind"], unique=True, postgresql_where=where)
