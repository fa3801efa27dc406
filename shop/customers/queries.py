"""Customers as they are listed and shown: rows by key, and all that is known of one person."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, select, text
from sqlalchemy.orm import Session

from shop.customers.models import Customer, CustomerAccount, CustomerMerge, CustomerMetrics
from shop.db import db, found_by


class CustomerRow(NamedTuple):
    """One person as a list shows them; amounts in the shop's currency."""

    shop_id: int
    id: int
    email: str | None
    name: str | None
    company: str | None
    registered: bool
    created_at: datetime | None
    orders_count: int
    total_spent: Decimal
    first_order_at: datetime | None
    last_order_at: datetime | None

    @property
    def average(self) -> Decimal | None:
        return average(self.total_spent, self.orders_count)


class Keyed(Protocol):
    """A row's shop and number, as a list's walk returns them."""

    @property
    def shop_id(self) -> int: ...
    @property
    def row(self) -> Any: ...


ROWS = text("""
    SELECT c.shop_id, c.id, c.email, c.name, c.company, c.registered, c.created_at,
           m.orders_count, m.total_spent, m.first_order_at, m.last_order_at
    FROM unnest(:shop_ids, :ids) WITH ORDINALITY AS k(shop_id, id, place)
         JOIN customers c ON c.shop_id = k.shop_id AND c.id = k.id
         JOIN customer_metrics m ON m.shop_id = c.shop_id AND m.customer_id = c.id
    ORDER BY k.place""").bindparams(
    bindparam("shop_ids", type_=ARRAY(Integer)), bindparam("ids", type_=ARRAY(BigInteger))
)


def customer_rows(session: Session, keys: Sequence[Keyed]) -> list[CustomerRow]:
    """Return the customers of the keys, in their order."""
    parameters = {"shop_ids": [key.shop_id for key in keys], "ids": [key.row for key in keys]}
    return [CustomerRow(*row) for row in found_by(session, ROWS, parameters)] if keys else []


def customer_of(shop_id: int, customer_id: int) -> Customer | None:
    return db.session.scalar(select(Customer).where(Customer.shop_id == shop_id, Customer.id == customer_id))


def metrics_of(customer: Customer) -> CustomerMetrics:
    """Return what the person's counted orders add up to; zeros before the first."""
    found = db.session.get(CustomerMetrics, (customer.shop_id, customer.id))
    return found or CustomerMetrics(
        shop_id=customer.shop_id, customer_id=customer.id, orders_count=0, total_spent=Decimal(0)
    )


def accounts_of(customer: Customer) -> Sequence[CustomerAccount]:
    """Return the platform's accounts that are this person's."""
    theirs = (CustomerAccount.shop_id == customer.shop_id, CustomerAccount.customer_id == customer.id)
    return db.session.scalars(select(CustomerAccount).where(*theirs).order_by(CustomerAccount.guid)).all()


def merges_into(customer: Customer) -> Sequence[CustomerMerge]:
    """Return which people turned out to be this one, newest first."""
    theirs = (CustomerMerge.shop_id == customer.shop_id, CustomerMerge.into_customer_id == customer.id)
    newest = (CustomerMerge.merged_at.desc(), CustomerMerge.id.desc())
    return db.session.scalars(select(CustomerMerge).where(*theirs).order_by(*newest)).all()


def average(spent: Decimal, orders: int) -> Decimal | None:
    """Return what one order comes to; without orders there is none, not zero."""
    return (spent / orders).quantize(Decimal("0.01")) if orders else None
