"""Product records as staged rows."""

from hashlib import blake2b

from shop.platforms.records import ProductRecord, VariantRecord
from shop.search import fold, vector, words
from shop.snapshots.copying import binary, flag, moment, number, text

PRODUCT_COLUMNS = (
    "line", "source_hash", "content_hash", "guid", "changed_at", "created_at", "type", "name", "sku", "brand", "supplier",
    "category", "visibility", "url", "search",
)  # fmt: skip
VARIANT_COLUMNS = (
    "src", "sku", "ean", "name", "unit", "visible", "stock", "price", "including_vat", "currency", "vat_rate", "purchase_price",
)  # fmt: skip


class ProductMapper:
    """Turns products and their variants into rows of COPY text."""

    def rows(self, product: ProductRecord, line: int, source_hash: bytes, *, plain: bool) -> tuple[str, str]:  # noqa: ARG002 - small files; the escape check costs nothing here
        variants = [variant_body(variant) for variant in product.variants]
        body = "\t".join((
            text(product.guid), moment(product.changed_at), moment(product.created_at), text(product.type),
            text(product.name), text(product.variants[0].sku if product.variants else ""), text(product.brand),
            text(product.supplier), text(product.category), text(product.visibility), text(product.url),
            text(vector(lexemes(product))),
        )) + "\n"  # fmt: skip
        content = blake2b((body + "".join(variants)).encode(), digest_size=16).digest()
        row = f"{line}\t{binary(source_hash)}\t{binary(content)}\t{body}"
        prefix = f"{line}\t"
        return row, prefix + prefix.join(variants) if variants else ""


def variant_body(variant: VariantRecord) -> str:
    return "\t".join((
        text(variant.sku), text(variant.ean), text(variant.name), text(variant.unit), flag(variant.visible),
        number(variant.stock), number(variant.price), flag(variant.including_vat), text(variant.currency),
        number(variant.vat_rate), number(variant.purchase_price),
    )) + "\n"  # fmt: skip


def lexemes(product: ProductRecord) -> set[str]:
    found = set(words(product.name or "")) | set(words(product.brand or ""))
    for variant in product.variants:
        found.update((fold(variant.sku), "#" + fold(variant.sku)))
        if variant.ean:
            found.add(fold(variant.ean))
    return found - {""}
