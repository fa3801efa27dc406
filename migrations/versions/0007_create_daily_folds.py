"""Create the folds that pages read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_product_sales",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("units", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("sales", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_daily_product_sales_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "day", "sku", name=op.f("pk_daily_product_sales")),
    )
    op.create_index(
        "ix_daily_product_sales_shop_id_sku", "daily_product_sales", ["shop_id", "sku", "day"], unique=False
    )
    op.create_table(
        "daily_sales",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("units", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("total_sales", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("gross_sales", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("discounts", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("shipping", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("fees", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("tax", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("rounding", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_daily_sales_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "day", "status_code", name=op.f("pk_daily_sales")),
    )
    op.create_table(
        "product_metrics",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("units", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("sales", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_product_metrics_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "sku", name=op.f("pk_product_metrics")),
    )
    op.create_index("ix_product_metrics_shop_id_sales", "product_metrics", ["shop_id", "sales", "sku"], unique=False)
    op.create_index("ix_product_metrics_shop_id_units", "product_metrics", ["shop_id", "units", "sku"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_product_metrics_shop_id_units", table_name="product_metrics")
    op.drop_index("ix_product_metrics_shop_id_sales", table_name="product_metrics")
    op.drop_table("product_metrics")
    op.drop_table("daily_sales")
    op.drop_index("ix_daily_product_sales_shop_id_sku", table_name="daily_product_sales")
    op.drop_table("daily_product_sales")
