"""Keep what a preview has found, what a replay has overwritten, and which bad records were accepted later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LIVE = "state IN ('queued', 'running')"


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("purpose", sa.Text(), server_default="load", nullable=False))
    op.add_column("snapshots", sa.Column("origin_id", sa.BigInteger(), nullable=True))
    op.add_column("snapshots", sa.Column("difference", JSONB(), nullable=True))
    op.add_column("snapshots", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("snapshots", sa.Column("undone_by", sa.Text(), nullable=True))
    op.add_column("snapshots", sa.Column("undone", JSONB(), nullable=True))
    op.create_foreign_key(
        op.f("fk_snapshots_origin_id_snapshots"),
        "snapshots",
        "snapshots",
        ["origin_id"],
        ["id"],
        postgresql_not_valid=True,
    )
    op.drop_constraint(op.f("ck_snapshots_state"), "snapshots", type_="check")
    op.create_check_constraint(
        op.f("ck_snapshots_state"),
        "snapshots",
        "state IN ('queued', 'running', 'done', 'previewed', 'failed', 'cancelled')",
        postgresql_not_valid=True,
    )
    op.create_check_constraint(
        op.f("ck_snapshots_purpose"),
        "snapshots",
        "purpose IN ('load', 'preview', 'replay', 'redrive')",
        postgresql_not_valid=True,
    )
    op.add_column("quarantined_records", sa.Column("redriven_by", sa.BigInteger(), nullable=True))
    op.add_column("quarantined_records", sa.Column("redriven_line", sa.Integer(), nullable=True))
    op.add_column("quarantined_records", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_quarantined_records_redriven_by_snapshots"),
        "quarantined_records",
        "snapshots",
        ["redriven_by"],
        ["id"],
        postgresql_not_valid=True,
    )
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
    )
    op.create_index(op.f("ix_overwritten_orders_kept_at"), "overwritten_orders", ["kept_at"])
    while_others_write()


def while_others_write() -> None:
    """Check what is stored against the new constraints, and make the indexes, without holding a writer up."""
    with op.get_context().autocommit_block():
        for table, constraint in (
            ("snapshots", "fk_snapshots_origin_id_snapshots"),
            ("snapshots", "ck_snapshots_state"),
            ("snapshots", "ck_snapshots_purpose"),
            ("quarantined_records", "fk_quarantined_records_redriven_by_snapshots"),
        ):
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
        op.create_index(
            op.f("ix_snapshots_origin_id"),
            "snapshots",
            ["origin_id", "id"],
            postgresql_where=sa.text("origin_id IS NOT NULL"),
            postgresql_concurrently=True,
        )
        op.create_index(
            op.f("ix_quarantined_records_redriven_by"),
            "quarantined_records",
            ["redriven_by"],
            postgresql_where=sa.text("redriven_by IS NOT NULL"),
            postgresql_concurrently=True,
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
    """Make the new index beside the old one, so that two live runs are refused all the while."""
    with op.get_context().autocommit_block():
        op.create_index(
            "uq_snapshots_live_next",
            "snapshots",
            ["shop_id", "kind"],
            unique=True,
            postgresql_where=sa.text(condition),
            postgresql_concurrently=True,
        )
        op.drop_index(op.f("uq_snapshots_live"), "snapshots", postgresql_concurrently=True)
        op.execute("ALTER INDEX uq_snapshots_live_next RENAME TO uq_snapshots_live")
