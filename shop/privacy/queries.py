"""What an erasure would touch, and which erasures there were."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select, text

from shop.customers.models import Customer, Tombstone
from shop.db import db
from shop.shops.models import Shop
from shop.snapshots.models import RawRewrite

PREVIEW = text("""
    WITH RECURSIVE one AS (
        SELECT id FROM customers WHERE shop_id = :shop AND id = :id
        UNION SELECT c.id FROM customers c JOIN one ON c.merged_into = one.id WHERE c.shop_id = :shop),
    theirs AS (SELECT o.id, o.total_shop, o.counted FROM orders o WHERE o.shop_id = :shop AND o.customer_id IN (SELECT id FROM one))
    SELECT (SELECT count(*) FROM one) AS records,
           (SELECT count(*) FROM customer_accounts a WHERE a.shop_id = :shop AND a.customer_id IN (SELECT id FROM one)) AS accounts,
           (SELECT count(*) FROM theirs) AS orders,
           (SELECT coalesce(sum(total_shop) FILTER (WHERE counted), 0) FROM theirs) AS spent,
           (SELECT count(*) FROM order_revisions r WHERE r.shop_id = :shop AND r.order_id IN (SELECT id FROM theirs)
            AND r.field IN ('e-mail', 'name', 'phone', 'particulars')) AS revisions,
           (SELECT count(DISTINCT file_path) FROM snapshots WHERE shop_id = :shop AND kind IN ('orders', 'customers')
            AND file_path IS NOT NULL) AS files""")


@dataclass(frozen=True)
class Preview:
    """What stands of a person: records, accounts, orders and what they spent, entries of histories, stored files to look through."""

    records: int
    accounts: int
    orders: int
    spent: Decimal
    revisions: int
    files: int


@dataclass(frozen=True)
class Erasure:
    """One person who was erased; the customer's number where the database has one."""

    shop: str
    guid: str
    erased_at: datetime
    marks: int


def preview_of(customer: Customer) -> Preview:
    return Preview(*db.session.execute(PREVIEW, {"shop": customer.shop_id, "id": customer.id}).one())


def erasures() -> list[Erasure]:
    """Return every erasure, newest first."""
    at = func.min(Tombstone.erased_at)
    query = (
        select(Shop.slug, Tombstone.guid, at, func.count())
        .join(Shop, Shop.id == Tombstone.shop_id)
        .group_by(Shop.slug, Tombstone.guid)
        .order_by(at.desc(), Tombstone.guid)
    )
    return [Erasure(*row) for row in db.session.execute(query)]


def has_erasures() -> bool:
    return db.session.scalar(select(select(Tombstone.guid).exists())) or False


def waiting_files() -> tuple[int, datetime | None]:
    """Return how many stored files wait to be written anew, and since when the oldest does."""
    count, oldest = db.session.execute(select(func.count(), func.min(RawRewrite.asked_at))).one()
    return count, oldest
