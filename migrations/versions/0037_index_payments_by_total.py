"""Index what is rarely asked of payments by its total too, and let totals be counted from their index alone."""

import sqlalchemy as sa
from alembic import op

from migrations.again import make_index, replace_index

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TOTALS, COLUMNS = "ix_orders_shop_id_total_shop", ["shop_id", "total_shop", "id"]
INDEXES = {
    "ix_orders_payment_unknown_total": sa.text("paid IS NULL AND deleted_at IS NULL"),
    "ix_orders_unpaid_total": sa.text("NOT paid AND deleted_at IS NULL"),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, which in INDEXES.items():
            make_index(name, "orders", COLUMNS, postgresql_where=which)
    replace_index(TOTALS, "orders", COLUMNS, postgresql_include=["deleted_at"])
    with op.get_context().autocommit_block():
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name in INDEXES:
            op.drop_index(op.f(name), "orders", if_exists=True, postgresql_concurrently=True)
    replace_index(TOTALS, "orders", COLUMNS)
    with op.get_context().autocommit_block():
        op.execute("RESET lock_timeout")
