"""Publishes staged products and their variants."""

from collections.abc import Mapping
from typing import ClassVar

from psycopg import sql

from shop.products import placeholders
from shop.snapshots.publisher import Publisher, assignments, columns

COPIED = (
    "guid", "type", "name", "sku", "brand", "supplier", "category", "visibility", "url", "created_at", "changed_at", "search",
    "source_hash", "content_hash",
)  # fmt: skip
VARIANT = (
    "ean",
    "name",
    "unit",
    "visible",
    "stock",
    "price",
    "including_vat",
    "currency",
    "vat_rate",
    "purchase_price",
)


class ProductPublisher(Publisher):
    """Products and variants. A SKU belongs to one product; the file's last word on it counts."""

    lists: ClassVar[Mapping[str, sql.Composed]] = {
        "copied": columns(COPIED),
        "staged": columns(COPIED, "s"),
        "set": assignments(COPIED, "s"),
        "variant": columns(VARIANT),
        "variant_of": columns(VARIANT, "p"),
        "variant_set": assignments(VARIANT, "excluded"),
    }

    def prepare(self) -> None:
        """Nothing of these may be seen early."""

    def publish(self, missing: sql.Composed | None) -> int:
        self.write_products()
        self.advance(self.value("SELECT count(*) FROM {plan}") // 2)
        self.write_variants()
        placeholders.remove_adopted(self.connection, self.shop_id)
        if missing is None:
            return 0
        return self.run(
            "UPDATE products e SET deleted_at = now() FROM ({missing}) m WHERE e.shop_id = %(shop)s AND e.id = m.id",
            missing=missing,
        )

    def write_products(self) -> None:
        self.run("UPDATE {plan} SET stored_id = nextval('products_id_seq') WHERE action = 'i'")
        self.run("""
            UPDATE products o SET {set}, deleted_at = NULL, snapshot_id = %(snapshot)s
            FROM {plan} p JOIN {main} s USING (line)
            WHERE p.action = 'u' AND o.shop_id = %(shop)s AND o.id = p.stored_id""")
        self.run("""
            UPDATE products o SET deleted_at = NULL, snapshot_id = %(snapshot)s FROM {plan} p
            WHERE p.action = 'r' AND o.shop_id = %(shop)s AND o.id = p.stored_id""")
        self.run("""
            INSERT INTO products (shop_id, id, {copied}, snapshot_id)
            SELECT %(shop)s, p.stored_id, {staged}, %(snapshot)s FROM {plan} p JOIN {main} s USING (line)
            WHERE p.action = 'i' ORDER BY p.line""")

    def write_variants(self) -> None:
        """Take over the variants; one that is gone from its product stays, hidden, while sales name its SKU."""
        self.run("""
            CREATE TEMP TABLE offered ON COMMIT DROP AS
            SELECT DISTINCT ON (p.sku) p.*, pl.stored_id FROM {parts} p JOIN {plan} pl ON pl.line = p.src
            WHERE pl.action IN ('i', 'u') ORDER BY p.sku, p.src DESC""")
        self.run("""
            CREATE TEMP TABLE gone ON COMMIT DROP AS
            SELECT v.id, EXISTS (SELECT 1 FROM product_metrics m WHERE m.shop_id = v.shop_id AND m.sku = v.sku) AS sold
            FROM {plan} p JOIN product_variants v ON v.shop_id = %(shop)s AND v.product_id = p.stored_id
            WHERE p.action = 'u' AND NOT EXISTS (SELECT 1 FROM offered o WHERE o.sku = v.sku)""")
        self.run("ANALYZE gone")
        self.run(
            "DELETE FROM product_variants v USING gone g WHERE v.shop_id = %(shop)s AND v.id = g.id AND NOT g.sold"
        )
        self.run(
            "UPDATE product_variants v SET visible = false FROM gone g WHERE v.shop_id = %(shop)s AND v.id = g.id AND g.sold"
        )
        self.run("""
            INSERT INTO product_variants (shop_id, product_id, sku, {variant})
            SELECT %(shop)s, p.stored_id, p.sku, {variant_of} FROM offered p ORDER BY p.src
            ON CONFLICT (shop_id, sku) DO UPDATE SET product_id = EXCLUDED.product_id, {variant_set}""")
