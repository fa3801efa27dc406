"""Let each shop's orders be found by its own words, in place of the words of all shops together."""

import sqlalchemy as sa
from alembic import op

from migrations.again import make_index

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OWN_WORDS = [sa.text("shop_words(shop_id, search)")]


def upgrade() -> None:
    """Make the function, then the index beside the writers, and only then drop the old one. After a kill it can be run again."""
    op.execute(r"""
        CREATE OR REPLACE FUNCTION shop_words(shop_id integer, words tsvector) RETURNS tsvector
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
            SELECT array_to_tsvector(string_to_array(
                shop_id::text || ':' || array_to_string(tsvector_to_array(words), E'\x01' || shop_id::text || ':'), E'\x01'))
        $$""")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        make_index("ix_orders_words", "orders", OWN_WORDS, postgresql_using="gin")
        op.execute("ANALYZE orders")
        op.drop_index(op.f("ix_orders_search"), "orders", if_exists=True, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        make_index("ix_orders_search", "orders", ["search"], postgresql_using="gin")
        op.drop_index(op.f("ix_orders_words"), "orders", if_exists=True, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")
    op.execute("DROP FUNCTION IF EXISTS shop_words(integer, tsvector)")
