"""Keep who asked for the next try of a failed run, and let the recovery page read its groups from indexes alone."""

import sqlalchemy as sa
from alembic import op

from migrations.again import make_index

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE = "failed_snapshots"
OPEN = sa.text("resolved_at IS NULL")


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("retry_by", sa.Text(), nullable=True), if_not_exists=True)
    with op.get_context().autocommit_block():
        make_index(
            "ix_failed_snapshots_fingerprint",
            TABLE,
            ["shop_id", "fingerprint", "kind", "id"],
            postgresql_include=["failed_at", "retry_at", "retry_by"],
            postgresql_where=OPEN,
        )
        make_index(
            "ix_failed_snapshots_newest",
            TABLE,
            ["shop_id", "id"],
            postgresql_where=OPEN,
        )
        make_index(
            "ix_failed_snapshots_resolved",
            TABLE,
            ["shop_id", "resolved_at"],
            postgresql_where=sa.text("resolved_at IS NOT NULL"),
        )
        make_index(
            "ix_failed_snapshots_passed",
            TABLE,
            ["fingerprint", "resolved_at"],
            postgresql_where=sa.text("resolved_at IS NOT NULL AND resolved_by IS NULL"),
        )
        make_index(
            "ix_failed_snapshots_asked",
            TABLE,
            ["retry_at", "id"],
            postgresql_where=sa.text("resolved_at IS NULL AND retry_by IS NOT NULL"),
        )


def downgrade() -> None:
    for name in ("asked", "passed", "resolved", "newest", "fingerprint"):
        op.drop_index(op.f(f"ix_failed_snapshots_{name}"), table_name=TABLE)
    op.create_index(
        op.f("ix_failed_snapshots_fingerprint"), TABLE, ["fingerprint", "shop_id", "id"], postgresql_where=OPEN
    )
    op.drop_column(TABLE, "retry_by")
