"""Make the indexes of what lists offer besides the usual: statuses by total, accounts and guests, what is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_orders_shop_id_status_code_total_shop", "orders", ["shop_id", "status_code", "total_shop", "id"], None),
    ("ix_orders_deleted", "orders", ["shop_id", "placed_at", "id"], "deleted_at IS NOT NULL"),
    ("ix_customers_shop_id_registered", "customers", ["shop_id", "registered", "created_at", "id"], None),
    ("ix_customers_deleted", "customers", ["shop_id", "id"], "deleted_at IS NOT NULL AND merged_into IS NULL"),
    ("ix_products_unlisted", "products", ["shop_id", "name", "id"], "guid IS NULL OR deleted_at IS NOT NULL"),
)
IS_BROKEN = sa.text("SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)")


def upgrade() -> None:
    """None of these locks anybody out, so each may wait for those who write; after a kill only what is missing is made."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, table, columns, condition in INDEXES:
            drop_the_broken(name, table)
            op.create_index(
                op.f(name),
                table,
                columns,
                postgresql_where=sa.text(condition) if condition else None,
                postgresql_concurrently=True,
                if_not_exists=True,
            )
        op.execute("RESET lock_timeout")


def drop_the_broken(name: str, table: str) -> None:
    """Drop what a killed attempt has left: an index that is kept up to date and never read."""
    if not op.get_context().as_sql and op.get_bind().execute(IS_BROKEN, {"name": name}).scalar_one():
        op.drop_index(op.f(name), table_name=table, postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, table, _, _ in reversed(INDEXES):
            op.drop_index(op.f(name), table_name=table, postgresql_concurrently=True, if_exists=True)
        op.execute("RESET lock_timeout")
