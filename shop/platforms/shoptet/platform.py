"""Shoptet as a platform: its readers, the meaning of its words, and its API."""

from shop.platforms.platform import Platform
from shop.platforms.records import Kind
from shop.platforms.shoptet.connection import connect
from shop.platforms.shoptet.customers import CustomerReader
from shop.platforms.shoptet.erasing import CUSTOMERS, ORDERS
from shop.platforms.shoptet.orders import OrderReader
from shop.platforms.shoptet.peeks import CustomerPeek, OrderPeek, ProductPeek
from shop.platforms.shoptet.products import ProductReader
from shop.platforms.shoptet.webhooks import read_notice

SHOPTET = Platform(
    name="shoptet",
    decoders={Kind.ORDERS: OrderReader, Kind.CUSTOMERS: CustomerReader, Kind.PRODUCTS: ProductReader},
    peekers={Kind.ORDERS: OrderPeek, Kind.CUSTOMERS: CustomerPeek, Kind.PRODUCTS: ProductPeek},
    categories={"-1": "new", "-2": "open", "-3": "done", "-4": "cancelled"},
    line_kinds={
        "shipping": "shipping",
        "billing": "fee",
        "discount-coupon": "discount",
        "volume-discount": "discount",
        "product-set-item": "part",
        "deposit": "deposit",
    },
    remote=connect,
    notices=read_notice,
    people={Kind.ORDERS: ORDERS, Kind.CUSTOMERS: CUSTOMERS},
)
