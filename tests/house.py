"""A whole house: something of everything that Pult keeps, so that every page has what it shows, and the address of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, text
from werkzeug.routing import Rule

from shop import heartbeats
from shop.backups.models import Backup, BackupCheck, BackupDuplicate
from shop.customers.erasure_keys import current_key
from shop.customers.models import Customer, CustomerMerge, Tombstone
from shop.locks import JobLease
from shop.partitions.models import PartitionEvent, TableConversion
from shop.partitions.quarters import Quarter
from shop.platforms.records import Kind
from shop.settings.options import DELETION_SHARE, PER_PAGE
from shop.shops.models import Shop
from shop.snapshots.conducting import conduct
from shop.snapshots.models import RawRewrite, ReportedDeletion, Snapshot, SnapshotAttempt, WebhookNotice
from shop.snapshots.replaying import request_preview
from shop.staff import second_factor
from shop.staff.models import Person
from shop.task_runs import TaskRun
from tests.builders import (
    PASSWORD,
    a_failure,
    a_manager,
    a_restoration,
    a_shop,
    a_snapshot,
    added,
    an_archive,
    an_export,
    an_owner,
)
from tests.settings.reading import changed
from tests.snapshots.files import a_customer_line, a_line, a_product_line, an_order_line, load, packed
from tests.snapshots.taken_again import replayed, waiting
from tests.staff.proofs import a_link, a_session, a_token, with_factor

PLACES = {  # what stands in an address, and where all of it is found
    ("shop",): "SELECT slug FROM shops",
    ("order_id", "shop"): "SELECT o.id, s.slug FROM orders o JOIN shops s ON s.id = o.shop_id",
    (
        "customer_id",
        "shop",
    ): "SELECT c.id, s.slug FROM customers c JOIN shops s ON s.id = c.shop_id WHERE merged_into IS NULL",
    ("product_id", "shop"): "SELECT p.id, s.slug FROM products p JOIN shops s ON s.id = p.shop_id",
    ("snapshot_id",): "SELECT DISTINCT ON (state, purpose, quarantined > 0) id FROM snapshots",
    ("failure_id",): "SELECT id FROM failed_snapshots",
    ("backup_id",): "SELECT id FROM backups",
    ("restoration_id",): "SELECT id FROM restorations",
    ("person_id",): "SELECT id FROM staff",
    ("export_id",): "SELECT id FROM exports",
}
ASIDE = {"static"}  # files, not pages
WORDS_OF_A_PAGE = (  # pages that a question shows other parts of
    "/?shop=praha", "/orders/?shop=praha&q=zofie", "/customers/?shop=praha&sort=total_spent", "/products/?shop=praha",
    "/settings/?shop=praha", "/settings/?option=sales.excluded_statuses&shop=praha&value=-3", "/snapshots/?shop=praha",
    "/snapshots/new?shop=praha", "/snapshots/take?shop=praha", "/jobs/?shop=praha", "/recovery/?shop=praha", "/confirm?next=/staff/",
    "/account/second-factor", "/audit/?subject=praha",
)  # fmt: skip
SIDE = {"orders": 3, "sales": "363.00", "newest": "1001", "newest_at": "2026-03-01T09:00:00+00:00"}
DIFFERENCE: dict[str, Any] = {
    "taken_at": "2026-03-01T09:00:00+00:00", "read_at": "2026-03-01T10:00:00+00:00", "same": 20,
    "tables": [{"name": "public.orders", "live": 3, "restored": 2, "only_live": 1, "only_restored": 0, "changed": 1}],
    "shops": [{
        "slug": "praha", "name": "Praha", "currency": "CZK", "days_differ": 1, "live": SIDE, "restored": SIDE | {"orders": 2},
        "days": [{"day": "2026-03-01", "live": [3, "363.00"], "restored": [2, "242.00"]}],
    }],
    "lost": ["One person was added since: eva@example.com."],
}  # fmt: skip
CHECKED = [
    {"name": "token", "outcome": "ok", "sentence": "The token is good.", "mend": ""},
    {"name": "webhook", "outcome": "failed", "sentence": "No webhook is registered.", "mend": "Register it."},
]
LEARNED: dict[str, Any] = {
    "shop_id": "1", "name": "Praha", "url": "https://praha.example", "hosts": ["praha.example"], "currency": "CZK",
    "currencies": [{"code": "CZK", "is_default": True, "exchange_rate": "1"}], "timezone": "Europe/Prague", "language": "cs",
    "statuses": [{"code": "-1", "name": "New", "marks_paid": False}], "sources": [{"code": "1", "name": "E-shop"}],
    "rights": [{"endpoint": "/api/orders", "access": "read", "group": None}],
}  # fmt: skip


@dataclass(frozen=True)
class House:
    """Who lives there, and what the house is told by."""

    owner: Person
    shop: Shop


def whole_house(app: Flask, db: SQLAlchemy) -> House:
    """Fill every room. The owner has a password, a second factor, sessions, tokens."""
    owner = an_owner(password=PASSWORD)
    shop = a_shop(
        "praha", platform_shop_id="1", learned=LEARNED, checked=CHECKED, checked_at=func.now(), learned_at=func.now()
    )
    other = a_shop(
        "brno", problem="The platform refuses the token.", problem_code="bad_credentials", problem_at=func.now()
    )
    people(owner, other)
    data(app, db, shop)
    runs(shop, other)
    copies()
    quarters()
    work(shop)
    taken_away(owner, shop)
    db.session.commit()
    return House(owner, shop)


def people(owner: Person, shop: Shop) -> None:
    with_factor(owner)
    second_factor.made_codes(owner)
    adam = a_manager([shop])
    a_session(adam, "Firefox")
    for person in (owner, adam):
        a_token(person)
    a_link(adam, "invitation")


def data(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """Orders that changed, records that were set aside, a preview and a replay, customers and products."""
    everything = Kind.CUSTOMERS, Kind.PRODUCTS
    load(app, shop, packed(a_product_line("p1", "SKU-1", "SKU-2")), everything[1])
    load(app, shop, packed(a_customer_line("c1", "buyer1001@example.com")), everything[0])
    load(app, shop, packed(an_order_line("1001"), an_order_line("1002", status=-4), an_order_line("1003")))
    later = an_order_line(
        "1001", changed=5, lines=[a_line("SKU-2", "484.00"), a_line("SKU-1", "-12.10", item_type="discount-coupon")]
    )
    load(app, shop, packed(later, b'{"code": 7}'), mode="partial")
    file = waiting(app, db, shop, packed(an_order_line("1002", changed=9), an_order_line("1004")), mode="partial")
    preview = request_preview(db.session.get_one(Snapshot, file), "ota@example.com").id
    db.session.commit()
    conduct(preview, app.extensions["pult"])
    replayed(app, db, file)
    buyer = db.session.query(Customer).filter_by(shop_id=shop.id).first()
    assert buyer is not None
    added(
        CustomerMerge(
            shop_id=shop.id, from_customer_id=999, into_customer_id=buyer.id, guids=["c1"], evidence="one e-mail"
        )
    )


def runs(shop: Shop, other: Shop) -> None:
    """Runs in every state, failures, and what platforms have told."""
    failed = a_failure(shop, trace="shop/snapshots/staging.py:12 stage")
    a_failure(
        other, "products", permanent=True, retry_at=None, error_code="bad_credentials", fingerprint="bad_credentials"
    )
    a_failure(shop, resolved_at=func.now(), resolution="closed", resolved_by="ota@example.com")
    live = a_snapshot(
        other, "customers", "running", phase="stage", started_at=func.now(), heartbeat_at=func.now(), file_name="c.jsonl",
        file_path="raw/none", file_bytes=100, bytes_read=40, remark="It waits for the platform.", job_state="processing",
    )  # fmt: skip
    a_snapshot(other, "orders", "cancelled", error="It was stopped.", error_code="cancelled")
    for run in (live.id, failed.snapshot_id):
        added(
            SnapshotAttempt(
                snapshot_id=run, number=1, worker="there:7", outcome="failed", phase="stage", error="It broke off."
            )
        )
    added(ReportedDeletion(shop_id=shop.id, snapshot_id=live.id, key="1003", deleted_at=func.now()))
    added(WebhookNotice(shop_id=shop.id, event="order:update", key="1001", happened_at=func.now(), kind="orders"))


def copies() -> None:
    copy = added(Backup(state="restorable", requested_by="schedule", folder="copy-a", written_at=func.now(), seconds=2.0,
                        bytes=10_000, table_rows=50, proved_at=func.now(), restore_seconds=1.0, server_version="18.4"))  # fmt: skip
    added(Backup(state="failed", requested_by="olga@example.com", error="The disk is full."))
    added(
        BackupCheck(
            backup_id=copy.id, by="schedule", finished_at=func.now(), outcome="different", differences=["One row."]
        )
    )
    added(
        BackupDuplicate(backup_id=copy.id, target="nas", place="/mnt/nas", state="failed", error="It is not mounted.")
    )
    for state in ("ready", "failed"):
        kept = a_restoration(state)
        kept.difference, kept.error, kept.ready_at = DIFFERENCE, "It broke off.", func.now()
        kept.restore_seconds, kept.bytes = 2.0, 10_000


def quarters() -> None:
    an_archive(Quarter(2001, 1))
    added(PartitionEvent(partition="order_items_2001q1", event="retired", by="schedule", details={"lines": 3}))
    added(
        TableConversion(
            table_name="order_items", direction="split", phase="finished", by="a person", ended_at=func.now()
        )
    )


def work(shop: Shop) -> None:
    """What workers hold and have done, and what was set."""
    soon = func.clock_timestamp() + timedelta(minutes=5)
    now = datetime.now(UTC)
    added(JobLease(key="maintenance", fence=1, holder="there:7", taken_at=func.clock_timestamp(), expires_at=soon))
    added(
        TaskRun(
            task="housekeeping", scheduled_for=now, state="failed", outcome="It could not be done.", finished_at=now
        )
    )
    heartbeats.beat(["imports"])
    changed(PER_PAGE, 25)
    changed(DELETION_SHARE, 9, shop)


def taken_away(owner: Person, shop: Shop) -> None:
    """What was exported, and somebody who was erased and still stands in a file."""
    an_export(owner)
    key, _ = current_key()
    added(Tombstone(shop_id=shop.id, guid="erased-1", mark=b"\x01" * 32, key_id=key, erased_at=func.clock_timestamp()))
    added(RawRewrite(path="praha/1.jsonl.gz", shop_id=shop.id))


def pages(app: Flask, db: SQLAlchemy) -> Iterator[tuple[Rule, str]]:
    """Every address that is only looked at, with every row that can stand in it, and what questions show besides."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint not in ASIDE:
            names = tuple(sorted(rule.arguments))
            assert not names or names in PLACES, f"{rule.rule}: say in PLACES where {' and '.join(names)} are found"
            rows = db.session.execute(text(PLACES[names])).all() if names else [()]
            assert rows, f"{rule.rule}: the house has nothing that could stand in it"
            for row in rows:
                with app.test_request_context():
                    yield rule, app.url_for(rule.endpoint, **dict(zip(names, row, strict=True)))
    adapter = app.url_map.bind("localhost")
    for address in WORDS_OF_A_PAGE:
        yield adapter.match(address.partition("?")[0], return_rule=True)[0], address
