"""What a made-up shop sells: products with variants, sets, prices that end as prices do, and what they cost to buy."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from shop.simulator.dice import guid, share, throw
from shop.simulator.language import Noun
from shop.simulator.people import plain
from shop.simulator.profiles import ShopProfile
from shop.simulator.writing import money

PRODUCT, SET = 11, 12  # kinds of guids
POPULARITY = 1.9  # the higher, the more of the sales are of the first variants


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One thing to sell. Prices in hundredths: of the shop's currency, and of its foreign one if it has one."""

    sku: str
    product_guid: str
    name: str
    variant_name: str | None
    brand: str | None
    ean: str | None
    price: int  # with VAT
    foreign_price: int
    cost: int  # without VAT
    vat: Decimal
    deleted: bool
    by_weight: bool = False
    parts: tuple["Variant", ...] = ()


@dataclass(slots=True)
class Product:
    guid: str
    name: str
    category: str
    type: str
    brand: str | None
    deleted: bool
    variants: list[Variant] = field(default_factory=list)


class Catalogue:
    """All products of one shop. Its size is the profile's and does not grow with the number of orders."""

    def __init__(self, profile: ShopProfile, seed: int) -> None:
        self.profile = profile
        self.seed = seed
        self.products = [self.product(index) for index in range(profile.products)]
        listed = [variant for product in self.products for variant in product.variants]
        # What is cheap is bought more often, but not by rule.
        fame = sorted(range(len(listed)), key=lambda place: share(throw(seed, place, 5)) * listed[place].price)
        self.variants = [listed[place] for place in fame]
        self.sets = [self.a_set(index) for index in range(profile.sets)]

    def popular(self, chance: float) -> Variant:
        """Return a variant; a few are bought all the time."""
        return self.variants[int(len(self.variants) * chance**POPULARITY)]

    def product(self, index: int) -> Product:
        words, bits = self.profile.language, throw(self.seed, PRODUCT, index)
        noun = words.nouns[index % len(words.nouns)]
        adjective = words.adjectives[(bits >> 8) % len(words.adjectives)]["mfn".index(noun.gender)]
        model = words.models[(bits >> 16) % len(words.models)]
        name = f"{adjective[0].upper()}{adjective[1:]} {noun.name} {model}"
        brand = words.brands[(bits >> 24) % len(words.brands)] if (bits >> 30) % 4 else None
        deleted = share(throw(self.seed, PRODUCT, index, 3)) < self.profile.deleted_variants
        product = Product(guid(self.seed, PRODUCT, index), name, noun.category, "product", brand, deleted)
        values = words.axes[noun.axis][1] if noun.axis else ("",)
        for number, value in enumerate(values):
            product.variants.append(self.variant(product, noun, index, number, value, bits))
        return product

    def variant(self, product: Product, noun: Noun, index: int, number: int, value: str, bits: int) -> Variant:
        dearer = 1 + number * 0.35 if noun.axis in ("size", "volume") else 1.0
        price = ending(noun.price * (0.7 + (bits >> 32) % 90 / 100) * dearer, self.profile.currency)
        sku = f"{noun.category[:2].upper()}-{1000 + index}" + (f"/{number + 1}" if value else "")
        axis = self.profile.language.axes[noun.axis][0] if noun.axis else ""
        return Variant(
            sku="".join("X" if not letter.isascii() else letter for letter in sku),
            product_guid=product.guid,
            name=product.name,
            variant_name=f"{axis}: {value}" if value else None,
            brand=product.brand,
            ean=f"859{throw(self.seed, index, number) % 10**10:010d}" if bits % 3 else None,
            price=price,
            foreign_price=abroad(price, self.profile),
            cost=int(price * (0.38 + (bits >> 40) % 30 / 100)),
            vat=self.profile.reduced_vat if noun.reduced else self.profile.vat,
            deleted=product.deleted,
            by_weight=noun.reduced and noun.axis == "volume" and number == 0,
        )

    def a_set(self, index: int) -> Variant:
        """Return a set of two to four variants, a tenth cheaper than they are one by one."""
        words, bits = self.profile.language, throw(self.seed, SET, index)
        size = 2 + bits % 3
        parts = tuple(self.popular(share(throw(self.seed, SET, index, part + 1))) for part in range(size))
        price = ending(sum(part.price for part in parts) * 0.9 / 100, self.profile.currency)
        name = f"{words.set_word} {words.models[index % len(words.models)]} {size}"
        return Variant(
            sku=f"SET{100 + index}", product_guid=guid(self.seed, SET, index), name=name, variant_name=None, brand=None,
            ean=None, price=price, foreign_price=abroad(price, self.profile), cost=sum(part.cost for part in parts),
            vat=self.profile.vat, deleted=False, parts=parts,
        )  # fmt: skip


def ending(price: float, currency: str) -> int:
    """Return a price in hundredths that ends in 9, or in 90 hundredths where whole units are large."""
    if currency == "CZK":
        return max(int(price / 10) * 10 + 9, 19) * 100
    return max(int(price), 1) * 100 + 90


def abroad(price: int, profile: ShopProfile) -> int:
    """Return the price in the shop's foreign currency."""
    if profile.foreign_currency is None:
        return price
    return ending(price / 100 * profile.foreign_rate, profile.foreign_currency)


def product_entity(product: Product, profile: ShopProfile, since: datetime) -> dict[str, Any]:
    """Return a product as a line of the products file."""
    moment = since.strftime("%Y-%m-%dT%H:%M:%S%z")
    name = "-".join(plain(word) for word in product.name.split())
    return {
        "guid": product.guid, "type": product.type, "name": product.name,
        "brand": {"code": product.brand.lower().replace(" ", "-"), "name": product.brand} if product.brand else None,
        "supplier": None, "visibility": "visible", "creationTime": moment, "changeTime": moment, "shortDescription": None,
        "description": None, "metaDescription": None, "url": f"https://{profile.name}.shop.example/{name}/", "hsCode": None,
        "defaultCategory": {"guid": None, "name": product.category, "visible": True},
        "isVariant": len(product.variants) > 1,
        "variants": [variant_entity(variant, profile) for variant in product.variants],
        "setItems": [
            {"guid": part.product_guid, "code": part.sku, "amount": "1.000"} for part in product.variants[0].parts
        ] or None,
    }  # fmt: skip


def variant_entity(variant: Variant, profile: ShopProfile) -> dict[str, Any]:
    rate = f"{variant.vat:.2f}"
    return {
        "code": variant.sku, "ean": variant.ean, "stock": f"{len(variant.name) * 7 % 90}.000",
        "unit": "kg" if variant.by_weight else profile.language.piece, "weight": "0.500", "width": "10.0", "height": "10.0",
        "depth": "10.0", "visible": True, "price": money(variant.price), "commonPrice": None, "includingVat": True,
        "vatRate": rate, "currencyCode": profile.currency, "minStockSupply": None, "actionPrice": None,
        "name": variant.variant_name, "amountDecimalPlaces": 3 if variant.by_weight else 0,
        "negativeStockAllowed": "yes-global",
        "prices": {"purchasePrice": {"price": money(variant.cost), "vatRate": rate, "includingVat": False}},
    }  # fmt: skip
