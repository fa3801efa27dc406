"""Create orders, their lines, statuses and revisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_statuses",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "category IN ('new', 'open', 'done', 'cancelled', 'returned')", name=op.f("ck_order_statuses_category")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_order_statuses_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "code", name=op.f("pk_order_statuses")),
    )
    op.create_table(
        "orders",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("external_code", sa.Text(), nullable=True),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("items_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_guid", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("exchange_rate", sa.Numeric(precision=18, scale=8), nullable=False),
        sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("total_without_vat", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("to_pay", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=True),
        sa.Column("total_shop", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("gross_sales", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("discounts", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("shipping", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("fees", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("tax", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("rounding", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("units", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("cash_desk", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("payment_method", sa.Text(), nullable=True),
        sa.Column("shipping_method", sa.Text(), nullable=True),
        sa.Column("particulars", postgresql.JSONB(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("snapshot_line", sa.Integer(), nullable=False),
        sa.CheckConstraint("placed_at >= '2000-01-01+00'", name=op.f("ck_orders_placed_at")),
        sa.CheckConstraint("total <> 'NaN' AND total_shop <> 'NaN'", name=op.f("ck_orders_total")),
        sa.ForeignKeyConstraint(
            ["shop_id", "customer_id"],
            ["customers.shop_id", "customers.id"],
            name=op.f("fk_orders_shop_id_customer_id_customers"),
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_orders_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_search", "orders", ["search"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_orders_shop_id_customer_id", "orders", ["shop_id", "customer_id", "placed_at", "id"], unique=False
    )
    op.create_index("ix_orders_shop_id_placed_at", "orders", ["shop_id", "placed_at", "id"], unique=False)
    op.create_index(
        "ix_orders_shop_id_status_code", "orders", ["shop_id", "status_code", "placed_at", "id"], unique=False
    )
    op.create_index("ix_orders_shop_id_total_shop", "orders", ["shop_id", "total_shop", "id"], unique=False)
    op.create_index("uq_orders_shop_id_code", "orders", ["shop_id", "code"], unique=True)
    op.create_table(
        "order_items",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("product_guid", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("variant_name", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("unit_price", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("total", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("total_without_vat", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=6, scale=2), nullable=True),
        sa.Column("purchase_price", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("parent_line", sa.Integer(), nullable=True),
        sa.CheckConstraint("total <> 'NaN' AND quantity <> 'NaN'", name=op.f("ck_order_items_total")),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["orders.shop_id", "orders.id"],
            name=op.f("fk_order_items_shop_id_order_id_orders"),
        ),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "line", "created_at", name=op.f("pk_order_items")),
    )
    op.create_table(
        "order_revisions",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["orders.shop_id", "orders.id"],
            name=op.f("fk_order_revisions_shop_id_order_id_orders"),
        ),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "snapshot_id", "field", name=op.f("pk_order_revisions")),
    )


def downgrade() -> None:
    op.drop_table("order_revisions")
    op.drop_table("order_items")
    op.drop_index("uq_orders_shop_id_code", table_name="orders")
    op.drop_index("ix_orders_shop_id_total_shop", table_name="orders")
    op.drop_index("ix_orders_shop_id_status_code", table_name="orders")
    op.drop_index("ix_orders_shop_id_placed_at", table_name="orders")
    op.drop_index("ix_orders_shop_id_customer_id", table_name="orders")
    op.drop_index("ix_orders_search", table_name="orders", postgresql_using="gin")
    op.drop_table("orders")
    op.drop_table("order_statuses")
