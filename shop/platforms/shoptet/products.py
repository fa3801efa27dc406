"""One line of Shoptet's product files as a ProductRecord."""

from decimal import ROUND_HALF_UP, Decimal

from shop.languages import gettext as _
from shop.platforms.numbers import Given, Numbers
from shop.platforms.records import ProductRecord, SetItemRecord, VariantRecord
from shop.platforms.shoptet.fields import LONGEST_NAME, bounded, changed_time, key_of, name_of, number_of
from shop.platforms.shoptet.payloads import Product, SetItem, Variant
from shop.platforms.strict_json import LineDecoder

CENT = Decimal("0.01")
ONE_PIECE = Decimal("1.000")


class ProductReader:
    """Reads lines of one file; one for each run, in one thread at a time."""

    def __init__(self) -> None:
        self.decoder = LineDecoder(Product, ("product",))
        self.price = Numbers(places=2, below=10**12, rounds=True)
        self.stock = Numbers(places=3, below=10**11, rounds=True)
        self.percent = Numbers(places=2, below=1000)

    def __call__(self, raw: bytes) -> ProductRecord:
        """Return the product; raises BadRecord."""
        product, changes = self.decoder.read(raw)
        guid = key_of(product.guid, "$.guid")
        variants = self.variants(product.variants, changes)
        brand = product.brand
        return ProductRecord(
            guid=guid,
            type=product.type,
            name=named(product, guid, variants, changes),
            brand=brand.name if brand else None,
            brand_code=brand.code if brand else None,
            supplier=name_of(product.supplier),
            visibility=product.visibility,
            url=product.url or None,
            category=name_of(product.default_category),
            created_at=changed_time(product.creation_time, "$.creationTime", changes),
            changed_at=changed_time(product.change_time, "$.changeTime", changes),
            variants=variants,
            set_items=[self.set_item(row, f"setItems[{i}]", changes) for i, row in enumerate(product.set_items or ())],
            changes=changes,
        )

    def variants(self, given: list[Variant], changes: list[str]) -> list[VariantRecord]:
        """Return the variants by SKU: one that stands twice is kept as it stands last."""
        kept: dict[str, VariantRecord] = {}
        for index, variant in enumerate(given):
            record = self.variant(variant, f"variants[{index}]", changes)
            if record.sku in kept:
                changes.append(
                    _(
                        "%(place)s: %(sku)s stands twice, the last one kept",
                        place=f"variants[{index}].code",
                        sku=record.sku,
                    )
                )
            kept[record.sku] = record
        return list(kept.values())

    def variant(self, variant: Variant, place: str, changes: list[str]) -> VariantRecord:
        return VariantRecord(
            sku=key_of(variant.code, f"$.{place}.code"),
            ean=variant.ean or None,
            name=variant.name or None,
            stock=self.number(variant.stock, self.stock, f"{place}.stock", changes),
            unit=variant.unit or None,
            visible=variant.visible,
            price=self.number(variant.price, self.price, f"{place}.price", changes),
            including_vat=variant.including_vat,
            currency=currency(variant.currency_code, f"{place}.currencyCode", changes),
            vat_rate=number_of(variant.vat_rate, self.percent, f"$.{place}.vatRate"),
            purchase_price=self.purchase_price(variant, f"{place}.prices.purchasePrice", changes),
        )

    def purchase_price(self, variant: Variant, place: str, changes: list[str]) -> Decimal | None:
        """Return what it cost without VAT: Shoptet says beside it whether VAT is in it."""
        given = variant.prices.purchase_price if variant.prices else None
        if given is None:
            return None
        price = self.number(given.price, self.price, f"{place}.price", changes)
        rate = number_of(given.vat_rate, self.percent, f"$.{place}.vatRate")
        if price is None or not given.including_vat or not rate:
            return price
        return (price * 100 / (100 + rate)).quantize(CENT, ROUND_HALF_UP)

    def set_item(self, row: SetItem, place: str, changes: list[str]) -> SetItemRecord:
        amount = self.number(row.amount, self.stock, f"{place}.amount", changes)
        return SetItemRecord(row.guid or None, row.code or None, ONE_PIECE if amount is None else amount)

    def number(self, given: Given | None, numbers: Numbers, place: str, changes: list[str]) -> Decimal | None:
        number = number_of(given, numbers, f"$.{place}")
        if numbers.rounded:
            numbers.rounded = False
            changes.append(_("%(place)s: %(given)s rounded to %(kept)s", place=place, given=given, kept=number))
        return number


def named(product: Product, guid: str, variants: list[VariantRecord], changes: list[str]) -> str:
    if product.name:
        return bounded(product.name, LONGEST_NAME, "$.name")
    name = variants[0].sku if variants else guid
    changes.append(_("%(place)s: empty, taken as %(name)s", place="name", name=name))
    return name


def currency(given: str | None, place: str, changes: list[str]) -> str | None:
    code = (given or "").strip().upper()
    if len(code) == 3 and code.isascii() and code.isalpha():
        return code
    if code:
        changes.append(_("%(place)s: %(given)s left out, it is not a currency", place=place, given=code[:40]))
    return None
