"""Shoptet's entities as they stand in snapshot files: only what we keep, and null wherever Shoptet may say it.

Money and amounts arrive as strings or as numbers; they stay as given until `numbers.py` reads them.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct, field

from shop.platforms.numbers import Given

Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Price(Struct, gc=False, rename="camel"):
    """The price of a line or of one unit, or what it cost to buy."""

    with_vat: Given | None = None
    without_vat: Given | None = None
    vat_rate: Given | None = None


class Named(Struct, gc=False, rename="camel"):
    """Anything of which only the name is kept."""

    name: str | None = None


class Status(Struct, gc=False, rename="camel"):
    id: int | str | None = None
    name: str | None = None


class Address(Struct, gc=False, rename="camel"):
    company: str | None = None
    full_name: str | None = None
    street: str | None = None
    house_number: str | None = None
    city: str | None = None
    district: str | None = None
    additional: str | None = None
    zip: str | None = None
    country_code: str | None = None
    region_name: str | None = None
    region_shortcut: str | None = None
    company_id: str | None = None
    vat_id: str | None = None
    tax_id: str | None = None


class Item(Struct, gc=False, rename="camel"):
    """One entry of items[]; `item_price` is the price of the whole line."""

    item_type: str
    item_price: Price
    name: str | None = None
    code: str | None = None
    product_guid: str | None = None
    ean: str | None = None
    variant_name: str | None = None
    brand: str | None = None
    amount: Given | None = None
    amount_unit: str | None = None
    unit_price: Price | None = None
    purchase_price: Price | None = None
    item_id: Id | None = None


class Completion(Struct, gc=False, rename="camel"):
    """One entry of completion[]: a part of a set, or a repeated line."""

    item_type: str | None = None
    name: str | None = None
    code: str | None = None
    product_guid: str | None = None
    variant_name: str | None = None
    amount: Given | None = None
    amount_unit: str | None = None
    item_id: Id | None = None
    parent_product_set_item_id: Id | None = None


class Total(Struct, gc=False, rename="camel"):
    """The header's price. `exchange_rate` is order currency for one unit of the shop's."""

    currency_code: str
    exchange_rate: Given
    with_vat: Given | None = None
    without_vat: Given | None = None
    vat: Given | None = None
    to_pay: Given | None = None


class Notes(Struct, gc=False, rename="camel"):
    customer_remark: str | None = None
    eshop_remark: str | None = None
    tracking_number: str | None = None


class OrderHead(Struct, gc=False, rename="camel", kw_only=True):
    """An order but for its items."""

    code: str
    creation_time: str
    price: Total
    guid: str | None = None
    external_code: str | None = None
    change_time: str | None = None
    email: str | None = None
    phone: str | None = None
    customer_guid: str | None = None
    cash_desk_order: bool | None = None
    paid: bool | None = None
    status: Status | None = None
    source: Named | None = None
    billing_method: Named | None = None
    payment_method: Named | None = None
    shipping: Named | None = None
    billing_address: Address | None = None
    delivery_address: Address | None = None
    language: str | None = None
    notes: Notes | None = None
    completion: list[Completion] | None = None


class Order(OrderHead, gc=False, rename="camel", kw_only=True):
    items: list[Item]


class OrderInPieces(OrderHead, gc=False, rename="camel", kw_only=True):
    """An order whose items are still their bytes, for a reader who has met most of them before."""

    items: list[Raw]


class ItemNumber(Struct, gc=False, rename="camel"):
    """Of an item only what a part of a set points to."""

    item_id: Id | None = None


class Account(Struct, gc=False, rename="camel"):
    guid: str
    email: str | None = None
    full_name: str | None = None
    phone: str | None = None
    main_account: bool | None = None


class Customer(Struct, gc=False, rename="camel"):
    guid: str
    billing_address: Address | None = None
    delivery_address: list[Address] | None = None
    creation_time: str | None = None
    change_time: str | None = None
    customer_group: Named | None = None
    price_list: Named | None = None
    remark: str | None = None
    price_ratio: Given | None = None
    birth_date: str | None = None
    accounts: list[Account] | None = None
    disabled_orders: bool | None = None


class Brand(Struct, gc=False, rename="camel"):
    code: str | None = None
    name: str | None = None


class PurchasePrice(Struct, gc=False, rename="camel"):
    price: Given | None = None
    vat_rate: Given | None = None
    including_vat: bool | None = None


class VariantPrices(Struct, gc=False, rename="camel"):
    purchase_price: PurchasePrice | None = None


class Variant(Struct, gc=False, rename="camel"):
    """One sellable thing; `price` includes VAT if `including_vat` says so."""

    code: str
    ean: str | None = None
    name: str | None = None
    stock: Given | None = None
    unit: str | None = None
    visible: bool | None = None
    price: Given | None = None
    including_vat: bool | None = None
    vat_rate: Given | None = None
    currency_code: str | None = None
    prices: VariantPrices | None = None


class SetItem(Struct, gc=False, rename="camel"):
    guid: str | None = None
    code: str | None = None
    amount: Given | None = None


class Product(Struct, gc=False, rename="camel"):
    guid: str
    type: str
    variants: list[Variant] = field(default_factory=list)
    name: str | None = None
    brand: Brand | None = None
    supplier: Named | None = None
    visibility: str | None = None
    url: str | None = None
    default_category: Named | None = None
    creation_time: str | None = None
    change_time: str | None = None
    set_items: list[SetItem] | None = None


class OrderKey(Struct, gc=False, rename="camel"):
    """What tells whether an order's line must be read at all."""

    code: str
    change_time: str | None = None


class GuidKey(Struct, gc=False, rename="camel"):
    """The same of a customer or a product."""

    guid: str
    change_time: str | None = None
