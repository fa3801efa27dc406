"""The lines of a Shoptet order: items[] with their money, and from completion[] the parts of sets."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from shop.languages import gettext as _
from shop.platforms.numbers import BadNumber, Given, Numbers, exactly
from shop.platforms.records import BadRecord, LineRecord
from shop.platforms.shoptet.fields import LONGEST_KEY, LONGEST_NAME, bounded, number_of, too_long
from shop.platforms.shoptet.payloads import Completion, Item, ItemNumber, Order, OrderInPieces, Price

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
ONE_PIECE = Decimal("1.000")
HUNDRED = Decimal(100)
SET_PART = "product-set-item"
MOST_KNOWN = 16_384  # items, about 20 MiB with their bytes
ITEM_NUMBER = b'"itemId":'  # no text can hold it: a quote in a text has a backslash before it
DIGITS = b"0123456789"
MOST_DIGITS = 18  # so many surely fit the database's whole numbers


class LineReader:
    """Reads the lines of orders; remembers the numbers it has read, so one serves a whole file."""

    def __init__(self) -> None:
        self.money = Numbers(places=2, below=10**12)
        self.price = Numbers(places=2, below=10**12, rounds=True)
        self.quantity = Numbers(places=3, below=10**9 + 1)
        self.percent = Numbers(places=2, below=1000)
        self.known: dict[bytes, LineRecord] = {}
        self.decode_item = msgspec.json.Decoder(Item).decode
        self.decode_number = msgspec.json.Decoder(ItemNumber).decode

    def known_lines(self, order: OrderInPieces) -> list[LineRecord] | None:
        """Return the lines of an order without a flaw; None where one has to be looked at with all the rest.

        What a shop sells it sells again: most items differ from one met before by their number alone, which no line keeps.
        """
        known, lines = self.known, []
        for item in order.items:
            raw = bytes(item)
            key = without_number(raw)
            line = known.get(key) or self.learn(key, raw)
            if line is None:
                return None
            lines.append(line)
        if order.completion and any(row.item_type == SET_PART for row in order.completion):
            changes: list[str] = []
            numbers = [self.decode_number(item).item_id for item in order.items]
            lines.extend(self.parts(numbers, order.completion, changes))
            return None if changes else lines
        return lines

    def learn(self, key: bytes, raw: bytes) -> LineRecord | None:
        """Read an item by itself and remember it, unless something about it must be told or watched."""
        changes: list[str] = []
        try:
            (line,) = self.items([self.decode_item(raw)], changes)
        except (msgspec.MsgspecError, BadNumber, BadRecord):
            return None
        if changes or self.price.rounded or self.money.large:
            self.price.rounded = False
            return None
        if len(self.known) >= MOST_KNOWN:
            self.known.clear()
        self.known[key] = line
        return line

    def lines(self, order: Order, changes: list[str]) -> list[LineRecord]:
        """Return the lines as they stand, then the parts of sets; raises BadRecord with the place."""
        try:
            lines = self.items(order.items, changes)
        except BadNumber as error:
            raise self.misplaced(order) from error
        if self.price.rounded:
            self.price.rounded = False
            changes.extend(self.rounded_prices(order))
        if order.completion:
            lines.extend(self.parts([item.item_id for item in order.items], order.completion, changes))
        return lines

    def items(self, items: list[Item], changes: list[str]) -> list[LineRecord]:
        """The hot loop: every look-up of a number is one, every field is read once, nothing is called twice."""
        money, quantities, prices, percents = self.money, self.quantity, self.price, self.percent
        lines: list[LineRecord] = []
        for index, item in enumerate(items):
            price, unit, cost = item.item_price, item.unit_price, item.purchase_price
            name, sku, guid, amount = item.name, item.code, item.product_guid, item.amount
            if not name or len(name) > LONGEST_NAME:
                name = named(item, index, changes)
            if (
                len(item.item_type) > LONGEST_KEY
                or (sku and len(sku) > LONGEST_KEY)
                or (guid and len(guid) > LONGEST_KEY)
            ):
                raise too_long_key(item, index)
            if amount is None:
                changes.append(_("%(place)s: null taken as 1", place=f"items[{index}].amount"))
            if price.with_vat is None or price.without_vat is None:
                total, net = self.half_priced(price, index, changes)
            else:
                total, net = money[price.with_vat], money[price.without_vat]
            unit_price = None if unit is None else unit.with_vat
            bought = None if cost is None else cost.with_vat if cost.without_vat is None else cost.without_vat
            lines.append(
                LineRecord(
                    item.item_type,
                    guid,
                    sku.strip() or None if sku else None,
                    item.ean,
                    name,
                    item.variant_name,
                    item.brand,
                    item.amount_unit,
                    ONE_PIECE if amount is None else quantities[amount],
                    None if unit_price is None else prices[unit_price],
                    total,
                    net,
                    None if price.vat_rate is None else percents[price.vat_rate],
                    None if bought is None else prices[bought],
                    None,
                )
            )
        return lines

    def half_priced(self, price: Price, index: int, changes: list[str]) -> tuple[Decimal, Decimal]:
        """Return both totals of a line that has one or none: the other follows from the VAT rate, none is no money."""
        total, net = price.with_vat, price.without_vat
        place = f"items[{index}].itemPrice"
        if total is None and net is None:
            changes.append(_("%(place)s: null taken as 0", place=place))
            return ZERO, ZERO
        factor = 1 + (ZERO if price.vat_rate is None else self.percent[price.vat_rate]) / HUNDRED
        if net is None:
            assert total is not None
            changes.append(_("%(place)s: null, derived from the VAT rate", place=f"{place}.withoutVat"))
            return self.money[total], (self.money[total] / factor).quantize(CENT, ROUND_HALF_UP)
        changes.append(_("%(place)s: null, derived from the VAT rate", place=f"{place}.withVat"))
        return (self.money[net] * factor).quantize(CENT, ROUND_HALF_UP), self.money[net]

    def parts(
        self, numbers: Sequence[int | None], completion: list[Completion], changes: list[str]
    ) -> Iterator[LineRecord]:
        """Yield the parts of sets; all other rows of completion[] repeat items[] and would count units twice.

        `numbers` are the items' own, by which a part names its set.
        """
        lines = {number: line for line, number in enumerate(numbers, 1) if number is not None}
        for index, row in enumerate(completion):
            if row.item_type != SET_PART:
                continue
            place = f"completion[{index}]"
            amount = number_of(row.amount, self.quantity, f"$.{place}.amount")
            if amount is None:
                changes.append(_("%(place)s: null taken as 1", place=f"{place}.amount"))
            yield LineRecord(
                SET_PART,
                bounded(row.product_guid or "", LONGEST_KEY, f"$.{place}.productGuid") or None,
                bounded((row.code or "").strip(), LONGEST_KEY, f"$.{place}.code") or None,
                None,
                bounded(row.name or row.code or SET_PART, LONGEST_NAME, f"$.{place}.name"),
                row.variant_name,
                None,
                row.amount_unit,
                ONE_PIECE if amount is None else amount,
                None,
                ZERO,
                ZERO,
                None,
                None,
                lines.get(row.parent_product_set_item_id) if row.parent_product_set_item_id is not None else None,
            )

    def numbers(self, order: Order) -> Iterator[tuple[str, Given | None, Numbers]]:
        """Yield every number that is kept, with its place: the slow second look, when something is wrong with one."""
        for index, item in enumerate(order.items):
            here, price, unit, cost = f"$.items[{index}]", item.item_price, item.unit_price, item.purchase_price
            yield f"{here}.amount", item.amount, self.quantity
            yield f"{here}.itemPrice.withVat", price.with_vat, self.money
            yield f"{here}.itemPrice.withoutVat", price.without_vat, self.money
            yield f"{here}.itemPrice.vatRate", price.vat_rate, self.percent
            if unit is not None:
                yield f"{here}.unitPrice.withVat", unit.with_vat, self.price
            if cost is not None and cost.without_vat is None:
                yield f"{here}.purchasePrice.withVat", cost.with_vat, self.price
            elif cost is not None:
                yield f"{here}.purchasePrice.withoutVat", cost.without_vat, self.price

    def misplaced(self, order: Order) -> BadRecord:
        for path, given, numbers in self.numbers(order):
            try:
                number_of(given, numbers, path)
            except BadRecord as found:
                return found
        raise AssertionError("a number was refused that is in no line")

    def rounded_prices(self, order: Order) -> Iterator[str]:
        for path, given, numbers in self.numbers(order):
            if numbers is self.price and given is not None and numbers[given] != exactly(given):
                yield _(
                    "%(place)s: %(given)s rounded to %(kept)s",
                    place=path.removeprefix("$."),
                    given=given,
                    kept=numbers[given],
                )
        self.price.rounded = False


def without_number(item: bytes) -> bytes:
    """Return the item's bytes without the digits of its number."""
    before, key, after = item.partition(ITEM_NUMBER)
    rest = after.lstrip(DIGITS)
    return before + key + rest if 0 < len(after) - len(rest) <= MOST_DIGITS else item


def named(item: Item, index: int, changes: list[str]) -> str:
    """Return a name for a line without one; refuse one that is longer than any real one."""
    if item.name:
        return bounded(item.name, LONGEST_NAME, f"$.items[{index}].name")
    name = item.code or item.item_type
    changes.append(_("%(place)s: empty, taken as %(name)s", place=f"items[{index}].name", name=name))
    return name[:LONGEST_NAME]


def too_long_key(item: Item, index: int) -> BadRecord:
    """Make the refusal of a line with a key that no database would index."""
    words = (("itemType", item.item_type), ("code", item.code), ("productGuid", item.product_guid))
    word, text = next((word, text) for word, text in words if text and len(text) > LONGEST_KEY)
    return too_long(text, LONGEST_KEY, f"$.items[{index}].{word}")
