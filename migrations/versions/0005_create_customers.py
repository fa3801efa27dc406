"""Create customers, their accounts, merges and metrics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("price_ratio", sa.Numeric(precision=8, scale=4), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("registered", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("addresses", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), server_default="", nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_customers_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_customers")),
    )
    op.create_index("ix_customers_search", "customers", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_customers_shop_id_created_at", "customers", ["shop_id", "created_at", "id"], unique=False)
    op.create_index(
        "uq_customers_shop_id_email",
        "customers",
        ["shop_id", sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where="email IS NOT NULL",
    )
    op.create_table(
        "customer_accounts",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_hash", sa.LargeBinary(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "customer_id"],
            ["customers.shop_id", "customers.id"],
            name=op.f("fk_customer_accounts_shop_id_customer_id_customers"),
        ),
        sa.PrimaryKeyConstraint("shop_id", "guid", name=op.f("pk_customer_accounts")),
    )
    op.create_index(
        "ix_customer_accounts_shop_id_customer_id", "customer_accounts", ["shop_id", "customer_id"], unique=False
    )
    op.create_table(
        "customer_merges",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("from_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("into_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("guids", postgresql.JSONB(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id", "into_customer_id"],
            ["customers.shop_id", "customers.id"],
            name=op.f("fk_customer_merges_shop_id_into_customer_id_customers"),
        ),
        sa.PrimaryKeyConstraint("shop_id", "id", name=op.f("pk_customer_merges")),
    )
    op.create_index(
        "ix_customer_merges_shop_id_into_customer_id", "customer_merges", ["shop_id", "into_customer_id"], unique=False
    )
    op.create_table(
        "customer_metrics",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("orders_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_spent", sa.Numeric(precision=16, scale=2), server_default="0", nullable=False),
        sa.Column("first_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_order_day", sa.Date(), nullable=True),
        sa.Column("last_order_day", sa.Date(), nullable=True),
        sa.CheckConstraint("total_spent <> 'NaN'", name=op.f("ck_customer_metrics_total_spent")),
        sa.ForeignKeyConstraint(
            ["shop_id", "customer_id"],
            ["customers.shop_id", "customers.id"],
            name=op.f("fk_customer_metrics_shop_id_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shop_id", "customer_id", name=op.f("pk_customer_metrics")),
    )
    op.create_index(
        "ix_customer_metrics_shop_id_first_order_day", "customer_metrics", ["shop_id", "first_order_day"], unique=False
    )
    op.create_index(
        "ix_customer_metrics_shop_id_last_order_at",
        "customer_metrics",
        ["shop_id", "last_order_at", "customer_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_metrics_shop_id_orders_count",
        "customer_metrics",
        ["shop_id", "orders_count", "customer_id"],
        unique=False,
    )
    op.create_index(
        "ix_customer_metrics_shop_id_total_spent",
        "customer_metrics",
        ["shop_id", "total_spent", "customer_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_customer_metrics_shop_id_total_spent", table_name="customer_metrics")
    op.drop_index("ix_customer_metrics_shop_id_orders_count", table_name="customer_metrics")
    op.drop_index("ix_customer_metrics_shop_id_last_order_at", table_name="customer_metrics")
    op.drop_index("ix_customer_metrics_shop_id_first_order_day", table_name="customer_metrics")
    op.drop_table("customer_metrics")
    op.drop_index("ix_customer_merges_shop_id_into_customer_id", table_name="customer_merges")
    op.drop_table("customer_merges")
    op.drop_index("ix_customer_accounts_shop_id_customer_id", table_name="customer_accounts")
    op.drop_table("customer_accounts")
    op.drop_index("uq_customers_shop_id_email", table_name="customers", postgresql_where="email IS NOT NULL")
    op.drop_index("ix_customers_shop_id_created_at", table_name="customers")
    op.drop_index("ix_customers_search", table_name="customers", postgresql_using="gin")
    op.drop_table("customers")
