"""Index what is rare: orders of whose payment nothing is known, and variants that were never sold."""

import sqlalchemy as sa
from alembic import op

from migrations.again import make_index

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MARKS = {  # by trigger: on which table, on what, and what it does to the mark
    "variant_is_sold": (
        "product_variants", "BEFORE INSERT", "FOR EACH ROW",
        ("NEW.sold := EXISTS (SELECT 1 FROM product_metrics m WHERE m.shop_id = NEW.shop_id AND m.sku = NEW.sku);"
        " RETURN NEW;"),
    ),
    "variants_were_sold": (
        "product_metrics", "AFTER INSERT", "REFERENCING NEW TABLE AS added FOR EACH STATEMENT",
        ("UPDATE product_variants v SET sold = true FROM added a"
        " WHERE v.shop_id = a.shop_id AND v.sku = a.sku AND NOT v.sold; RETURN NULL;"),
    ),
    "variants_were_not_sold": (
        "product_metrics", "AFTER DELETE", "REFERENCING OLD TABLE AS gone FOR EACH STATEMENT",
        ("UPDATE product_variants v SET sold = false FROM gone g"
        " WHERE v.shop_id = g.shop_id AND v.sku = g.sku AND v.sold; RETURN NULL;"),
    ),
    "no_variant_was_sold": (
        "product_metrics", "AFTER TRUNCATE", "FOR EACH STATEMENT",
        "UPDATE product_variants SET sold = false WHERE sold; RETURN NULL;",
    ),
}  # fmt: skip
IS_UNKNOWN = sa.text("paid IS NULL AND deleted_at IS NULL")
IS_UNSOLD = sa.text("NOT sold")


def upgrade() -> None:
    """The marks are right before the indexes are made beside the writers; after a kill there it can be run again."""
    op.add_column(
        "product_variants", sa.Column("sold", sa.Boolean(), server_default=sa.false(), nullable=False), if_not_exists=True
    )  # fmt: skip
    for name, (table, event, scope, body) in MARKS.items():
        op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
        op.execute(f"CREATE OR REPLACE TRIGGER {name} {event} ON {table} {scope} EXECUTE FUNCTION {name}()")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")  # in a large load too
    op.execute(
        "UPDATE product_variants v SET sold = true FROM product_metrics m"
        " WHERE m.shop_id = v.shop_id AND m.sku = v.sku AND NOT v.sold"
    )
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        make_index("ix_orders_payment_unknown", "orders", ["shop_id", "placed_at", "id"], postgresql_where=IS_UNKNOWN)
        make_index("ix_product_variants_unsold", "product_variants", ["shop_id", "sku"], postgresql_where=IS_UNSOLD)
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(
            op.f("ix_product_variants_unsold"), "product_variants", if_exists=True, postgresql_concurrently=True
        )
        op.drop_index(op.f("ix_orders_payment_unknown"), "orders", if_exists=True, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")
    for name, (table, *_) in MARKS.items():
        op.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        op.execute(f"DROP FUNCTION IF EXISTS {name}()")
    op.drop_column("product_variants", "sold", if_exists=True)
