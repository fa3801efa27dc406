"""What every platform yields: orders, customers and products as plain records, and the refusal of a bad one."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

Address = dict[str, str]  # only the parts that are filled, under the platform's own words


class Kind(StrEnum):
    """The kinds of files a shop gives."""

    ORDERS = "orders"
    CUSTOMERS = "customers"
    PRODUCTS = "products"


class LineRecord(Struct, gc=False):
    """One line of an order, amounts in the order's currency. Discounts are negative.

    Its number is its place in the order, from 1: the lines as they stand in the file, then the parts of sets. The same
    record may stand in many orders. `item_type` is the platform's own word. A part of a set points to the set's line with `parent_line`,
    carries no money and is not a piece of its own: the set was counted already.
    """

    item_type: str
    product_guid: str | None
    sku: str | None
    ean: str | None
    name: str
    variant_name: str | None
    brand: str | None
    unit: str | None
    quantity: Decimal  # three decimals
    unit_price: Decimal | None  # with VAT, two decimals
    total: Decimal  # of the whole line with VAT, two decimals
    total_without_vat: Decimal
    vat_rate: Decimal | None  # percent
    purchase_price: Decimal | None  # without VAT where the platform says it
    parent_line: int | None


class OrderRecord(Struct, gc=False):
    """One order as the platform describes it. An amount / `exchange_rate` is in the shop's default currency."""

    code: str
    guid: str | None
    external_code: str | None
    placed_at: datetime
    changed_at: datetime | None
    status_code: str
    status_name: str | None
    customer_guid: str | None  # null for a guest
    email: str | None  # trimmed and lower-cased
    phone: str | None
    name: str | None
    company: str | None
    country: str | None
    currency: str
    exchange_rate: Decimal  # eight decimals, above zero
    total: Decimal  # of the header, with VAT; zero for a cancelled order whose lines keep their prices
    total_without_vat: Decimal
    vat: Decimal
    to_pay: Decimal
    paid: bool | None  # null: the platform does not say
    cash_desk: bool | None
    source: str | None
    language: str | None
    payment_method: str | None
    shipping_method: str | None
    billing_address: Address | None
    delivery_address: Address | None
    customer_note: str | None
    shop_note: str | None
    tracking_number: str | None
    lines: list[LineRecord]
    changes: list[str]  # what had to be changed to read it, a sentence each with its place


class AccountEmail(Struct, gc=False):
    """One sign-in of a customer; its guid is what orders may name."""

    guid: str
    email: str | None
    main: bool


class CustomerRecord(Struct, gc=False):
    """One registered customer. Guests are not customers of the platform; they are only in orders."""

    guid: str
    created_at: datetime | None
    changed_at: datetime | None
    name: str | None
    company: str | None
    email: str | None  # of the main account, else of the first that has one
    emails: list[AccountEmail]
    phone: str | None
    country: str | None
    city: str | None
    billing_address: Address | None
    delivery_addresses: list[Address]
    group: str | None
    price_list: str | None
    price_ratio: Decimal | None  # 0.7800: pays 78 %
    remark: str | None
    birth_date: date | None
    orders_disabled: bool | None
    changes: list[str]


class VariantRecord(Struct, gc=False):
    """One sellable thing. Its price is as the platform gives it: with VAT or without, `including_vat` says which."""

    sku: str
    ean: str | None
    name: str | None
    stock: Decimal | None  # null: not tracked; may be negative
    unit: str | None
    visible: bool | None
    price: Decimal | None  # null: no price
    including_vat: bool | None
    currency: str | None
    vat_rate: Decimal | None
    purchase_price: Decimal | None  # without VAT


class SetItemRecord(Struct, gc=False):
    """One part of a set: which product and how many of it."""

    guid: str | None
    sku: str | None
    amount: Decimal


class ProductRecord(Struct, gc=False):
    """One product with all its variants; a product without variants has exactly one."""

    guid: str
    type: str
    name: str  # falls back to the first variant's SKU
    brand: str | None
    brand_code: str | None
    supplier: str | None
    visibility: str | None
    url: str | None
    category: str | None
    created_at: datetime | None
    changed_at: datetime | None
    variants: list[VariantRecord]
    set_items: list[SetItemRecord]
    changes: list[str]


class Peek(Struct, gc=False):
    """Whose line it is and how new, read without decoding the rest."""

    key: str  # the order's code, the customer's or the product's guid
    changed_at: datetime | None


class BadRecord(Exception):
    """A line that cannot become a record: a short word for machines, the place in the JSON, a sentence for people."""

    def __init__(self, code: str, path: str, reason: str) -> None:
        super().__init__(f"{reason} ({code} at {path})")
        self.code = code
        self.path = path
        self.reason = reason
