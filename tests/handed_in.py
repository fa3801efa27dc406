"""Every form of every page as a person would hand it in, and what has to be there for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

from sqlalchemy import func

from shop.db import db as handle
from shop.locks import JobLease
from shop.shops.models import Shop
from shop.snapshots.models import QuarantinedRecord
from tests.builders import PASSWORD, a_failure, a_snapshot, added

Example = tuple[dict[str, object], dict[str, object]]  # what fills the address, and what fills the form


def stored_run(shop: Shop, error_code: str) -> Example:
    run = a_snapshot(shop, state="failed", error_code=error_code, file_path="raw/a-file", file_name="orders.jsonl")
    return {"snapshot_id": run.id}, {"word": shop.slug}


def a_run_with_a_bad_record(shop: Shop) -> Example:
    run = a_snapshot(shop, quarantined=1, lines=1)
    what = {"raw": b"{", "raw_bytes": 1, "error_code": "not_json", "path": "$", "reason": "It is no JSON."}
    added(QuarantinedRecord(snapshot_id=run.id, line=1, shop_id=shop.id, byte_offset=0, **what))
    return {"snapshot_id": run.id}, {}


def an_empty_replay(shop: Shop) -> Example:
    return {"snapshot_id": a_snapshot(shop, purpose="replay", finished_at=datetime.now(UTC)).id}, {}


def with_a_success(shop: Shop) -> Example:
    """A group of which one has succeeded since, so that the rest may follow."""
    failed = a_failure(shop)
    a_failure(shop, resolved_at=datetime.now(UTC))
    return {}, {"cause": failed.fingerprint, "pace": "20"}


def held_lock(shop: Shop) -> Example:
    soon = func.clock_timestamp() + timedelta(seconds=10)
    key = f"snapshot:{shop.id}:orders"
    added(JobLease(key=key, fence=1, holder="there:7", taken_at=func.clock_timestamp(), expires_at=soon))
    return {}, {"key": key, "token": 1}


def paused(shop: Shop) -> Example:
    shop.state = "paused"
    handle.session.commit()
    return {"shop": shop.slug}, {}


# Every form as a person would hand it in, so that it does what it is for.
FORMS: dict[str, Callable[[Shop], Example]] = {
    "staff.enter": lambda _shop: ({}, {"email": "olga@example.com", "password": PASSWORD}),
    "staff.leave": lambda _shop: ({}, {}),
    "shops.create": lambda _shop: (
        {},
        {"platform": "shoptet", "slug": "brno", "currency": "CZK", "timezone": "Europe/Prague", "token": "a-token"},
    ),
    "shops.check": lambda shop: ({"shop": shop.slug}, {}),
    "shops.token": lambda shop: ({"shop": shop.slug}, {"token": "another-token"}),
    "shops.webhook": lambda shop: ({"shop": shop.slug}, {"url": "https://pult.example/hook"}),
    "shops.pause": lambda shop: ({"shop": shop.slug}, {}),
    "shops.resumption": paused,
    "snapshots.create": lambda shop: (
        {},
        {"shop": shop.slug, "kind": "orders", "mode": "partial", "file": (BytesIO(b"{}\n"), "orders.jsonl")},
    ),
    "snapshots.take": lambda shop: ({}, {"shop": shop.slug, "kind": "orders", "mode": "full"}),
    "snapshots.retry": lambda shop: stored_run(shop, "unreachable"),
    "snapshots.confirmation": lambda shop: stored_run(shop, "implausible"),
    "jobs.run_now": lambda _shop: ({}, {"task": "housekeeping", "shop": ""}),
    "jobs.break_lock": held_lock,
    "replays.preview": lambda shop: stored_run(shop, "implausible"),
    "replays.replay": lambda shop: stored_run(shop, "implausible"),
    "replays.redrive": a_run_with_a_bad_record,
    "replays.undoing": an_empty_replay,
    "recovery.probe": lambda shop: ({}, {"cause": a_failure(shop).fingerprint}),
    "recovery.pace": with_a_success,
    "recovery.halt": lambda shop: ({}, {"cause": a_failure(shop, retry_by="a test").fingerprint}),
    "recovery.dismissal_of_group": lambda shop: (
        {},
        {"cause": a_failure(shop).fingerprint, "count": "1", "reason": "The shop was closed."},
    ),
    "recovery.retry": lambda shop: ({"failure_id": a_failure(shop).id}, {}),
    "recovery.dismissal": lambda shop: ({"failure_id": a_failure(shop).id}, {"reason": "The shop was closed."}),
}
