"""Create products and their variants."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("supplier", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_products_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_products")),
    )
    op.create_index("ix_products_search", "products", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_products_shop_id_name", "products", ["shop_id", "name", "id"], unique=False)
    op.create_index("ix_products_shop_id_sku", "products", ["shop_id", "sku"], unique=False)
    op.create_index(
        "uq_products_shop_id_guid", "products", ["shop_id", "guid"], unique=True, postgresql_where="guid IS NOT NULL"
    )
    op.create_table(
        "product_variants",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("ean", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("visible", sa.Boolean(), nullable=True),
        sa.Column("stock", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("price", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("including_vat", sa.Boolean(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=True),
        sa.Column("vat_rate", sa.Numeric(precision=6, scale=2), nullable=True),
        sa.Column("purchase_price", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "product_id"],
            ["products.shop_id", "products.id"],
            name=op.f("fk_product_variants_shop_id_product_id_products"),
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_product_variants")),
    )
    op.create_index(
        "ix_product_variants_shop_id_product_id_sku", "product_variants", ["shop_id", "product_id", "sku"], unique=False
    )
    op.create_index("uq_product_variants_shop_id_sku", "product_variants", ["shop_id", "sku"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_product_variants_shop_id_sku", table_name="product_variants")
    op.drop_index("ix_product_variants_shop_id_product_id_sku", table_name="product_variants")
    op.drop_table("product_variants")
    op.drop_index("uq_products_shop_id_guid", table_name="products", postgresql_where="guid IS NOT NULL")
    op.drop_index("ix_products_shop_id_sku", table_name="products")
    op.drop_index("ix_products_shop_id_name", table_name="products")
    op.drop_index("ix_products_search", table_name="products", postgresql_using="gin")
    op.drop_table("products")
