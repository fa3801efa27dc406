"""Index what is rarely asked of payments by its total too: orders that are not paid, and those of which nothing is known."""

import sqlalchemy as sa
from alembic import op

from migrations.again import make_index

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_orders_payment_unknown_total": sa.text("paid IS NULL AND deleted_at IS NULL"),
    "ix_orders_unpaid_total": sa.text("NOT paid AND deleted_at IS NULL"),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, which in INDEXES.items():
            make_index(name, "orders", ["shop_id", "total_shop", "id"], postgresql_where=which)
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name in INDEXES:
            op.drop_index(op.f(name), "orders", if_exists=True, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")
