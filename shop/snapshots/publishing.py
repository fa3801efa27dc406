"""Which publisher serves which kind."""

from shop.platforms.records import Kind
from shop.snapshots.publisher import Publisher
from shop.snapshots.publishing_customers import CustomerPublisher
from shop.snapshots.publishing_orders import OrderPublisher
from shop.snapshots.publishing_products import ProductPublisher

PUBLISHERS: dict[Kind, type[Publisher]] = {
    Kind.ORDERS: OrderPublisher,
    Kind.CUSTOMERS: CustomerPublisher,
    Kind.PRODUCTS: ProductPublisher,
}


def publisher_of(kind: Kind) -> type[Publisher]:
    return PUBLISHERS[kind]
