"""Who buys and what is sold, written with COPY: products and variants to stay, people and goods as tables to draw from."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from bench.scale.shops import EARLIEST, ScaleShop
from shop.search import fold, vector, words
from shop.simulator.catalogue import Catalogue, Product, Variant
from shop.simulator.dice import throw
from shop.simulator.people import plain

PRODUCT = ("shop_id", "id", "guid", "type", "name", "sku", "brand", "category", "visibility", "created_at", "search")
VARIANT = ("shop_id", "id", "product_id", "sku", "ean", "name", "unit", "visible", "stock", "price", "including_vat", "currency", "vat_rate", "purchase_price")  # fmt: skip
NAME = ("shop_id", "place", "name", "plain", "surname", "words")
GOODS = ("shop_id", "rank", "guid", "sku", "name", "variant_name", "unit", "price", "foreign_price", "cost", "vat", "part_of")  # fmt: skip
MOST_VARIANTS = 16  # of a product: leaves their numbers apart

TO_DRAW_FROM = (
    """
    CREATE UNLOGGED TABLE scale_people (shop_id int, person bigint, email text, name text, company text, phone text, city text,
        country text, guid text, address jsonb, words text[])""",
    "CREATE UNLOGGED TABLE scale_names (shop_id int, place int, name text, plain text, surname text, words text[])",
    """
    CREATE UNLOGGED TABLE scale_goods (shop_id int, rank int, guid text, sku text, name text, variant_name text, unit text,
        price bigint, foreign_price bigint, cost bigint, vat int, part_of int)""",
)


def copy(
    connection: psycopg.Connection[Any], table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copying:
        for row in rows:
            copying.write_row(row)


def write_catalogue(connection: psycopg.Connection[Any], shop_id: int, shop: ScaleShop, seed: int) -> None:
    """Write what the shop sells; what was deleted there is only in its orders. `scale_goods` ranks it by popularity."""
    catalogue = Catalogue(shop.profile, seed)
    sets = [Product(each.product_guid, each.name, "", "product-set", None, deleted=False, variants=[each]) for each in catalogue.sets]  # fmt: skip
    numbered = list(enumerate([*catalogue.products, *sets], shop.first_product + 1))
    sold = [(number, product) for number, product in numbered if not product.deleted]
    copy(
        connection, "products", PRODUCT, (product_row(shop_id, number, product, catalogue) for number, product in sold)
    )
    copy(connection, "product_variants", VARIANT, (
        variant_row(shop_id, number, place, each, shop)
        for number, product in sold for place, each in enumerate(product.variants)
    ))  # fmt: skip
    copy(connection, "scale_goods", GOODS, goods_rows(shop_id, shop, catalogue))


def product_row(shop_id: int, number: int, product: Product, catalogue: Catalogue) -> tuple[Any, ...]:
    lexemes = {*words(product.name), *words(product.brand or "")}
    for variant in product.variants:
        lexemes |= {fold(variant.sku), "#" + fold(variant.sku), variant.ean or ""}
    since = datetime.combine(EARLIEST, datetime.min.time()).astimezone()
    return (
        shop_id, number, product.guid, product.type, product.name, product.variants[0].sku, product.brand,
        product.category or catalogue.profile.language.set_word, "visible", since, vector(lexemes),
    )  # fmt: skip


def variant_row(shop_id: int, number: int, place: int, variant: Variant, shop: ScaleShop) -> tuple[Any, ...]:
    stock = throw(number, place) % 90
    return (
        shop_id, number * MOST_VARIANTS + place, number, variant.sku, variant.ean, variant.variant_name,
        shop.profile.language.piece, True, stock, variant.price / 100, True, shop.profile.currency, variant.vat,
        variant.cost / 100,
    )  # fmt: skip


def goods_rows(shop_id: int, shop: ScaleShop, catalogue: Catalogue) -> Iterator[tuple[Any, ...]]:
    """Yield the variants by rank from 1 on, the sets by rank from −1 down, and the parts of the sets."""

    def row(rank: int, variant: Variant, part_of: int | None = None) -> tuple[Any, ...]:
        known = (None, None) if variant.deleted else (variant.product_guid, variant.sku)
        unit = shop.profile.language.piece
        return (
            shop_id, rank, *known, variant.name, variant.variant_name, unit, variant.price, variant.foreign_price,
            variant.cost, int(variant.vat), part_of,
        )  # fmt: skip

    for rank, variant in enumerate(catalogue.variants, 1):
        yield row(rank, variant)
    for number, entry in enumerate(catalogue.sets, 1):
        yield row(-number, entry)
        for place, part in enumerate(entry.parts, 1):
            yield row(place, part, part_of=-number)


def write_names(connection: psycopg.Connection[Any], shop_id: int, shop: ScaleShop) -> None:
    """Write every pair of a first name and a surname that the shop's language has."""
    language = shop.profile.language
    pairs = [
        (f"{first} {surname[woman]}", f"{plain(first)}.{plain(surname[woman])}", surname[woman])
        for woman, firsts in enumerate((language.men, language.women)) for first in firsts for surname in language.surnames
    ]  # fmt: skip
    copy(connection, "scale_names", NAME, ((shop_id, place, *pair, words(pair[0])) for place, pair in enumerate(pairs)))
