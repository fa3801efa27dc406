"""Every form of every page as a person would hand it in, and what has to be there for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

from sqlalchemy import func

from shop.backups import beside
from shop.backups.models import Backup
from shop.db import db as handle
from shop.db import raw_connection
from shop.locks import JobLease
from shop.partitions.quarters import Quarter
from shop.shops.models import Shop
from shop.snapshots.models import QuarantinedRecord
from shop.staff.confirmation import FIELD
from shop.staff.models import Person
from shop.staff.permissions import Role
from shop.staff.queries import person_by_email
from shop.staff.signing_in import halfway
from tests.builders import (
    PASSWORD,
    a_customer,
    a_failure,
    a_person,
    a_restoration,
    a_snapshot,
    added,
    an_archive,
    an_order,
    numbers,
)
from tests.staff.proofs import a_code, a_link, a_session, a_token, with_factor, with_secret

SESSION = "session"  # a field that is not handed in, but kept in the browser's session
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


def somebody_to_erase(shop: Shop) -> Example:
    customer = a_customer(shop)
    return {"shop": shop.slug, "customer_id": customer.id}, {"number": customer.id}


def held_lock(shop: Shop) -> Example:
    soon = func.clock_timestamp() + timedelta(seconds=10)
    key = f"snapshot:{shop.id}:orders"
    added(JobLease(key=key, fence=1, holder="there:7", taken_at=func.clock_timestamp(), expires_at=soon))
    return {}, {"key": key, "token": 1}


def an_archived_quarter(_shop: Shop) -> Example:
    an_archive(Quarter(2001, 1))
    return {}, {"quarter": "2001-Q1"}


def a_proven_copy(_shop: Shop) -> Example:
    return {"backup_id": added(Backup(state="restorable", requested_by="test", folder="a-copy")).id}, {}


def restoration(state: str) -> Callable[[Shop], Example]:
    def of(_shop: Shop) -> Example:
        return {"restoration_id": a_restoration(state).id}, {"password": PASSWORD}

    return of


def a_left_database(_shop: Shop) -> Example:
    with raw_connection(autocommit=True) as connection:
        name = beside.beside_name(connection.info.dbname)
        beside.create(connection, name, "left by a test")
    return {}, {"database": name}


def paused(shop: Shop) -> Example:
    shop.state = "paused"
    handle.session.commit()
    return {"shop": shop.slug}, {}


def olga() -> Person:
    found = person_by_email("olga@example.com")
    assert found is not None
    return found


def somebody(shop: Shop, **values: object) -> Person:
    """Somebody else, whom Olga looks after."""
    person = a_person(f"eva-{next(numbers)}@example.com", Role.MANAGER, [shop])
    for name, value in values.items():
        setattr(person, name, value)
    handle.session.commit()
    return person


def between_password_and_code(_shop: Shop) -> Example:
    secret = with_factor(olga())
    return {}, {"code": a_code(secret), SESSION: {"halfway": halfway(olga())}}


def chosen_by_link(_shop: Shop) -> Example:
    chosen = "five quiet grey geese"
    return {}, {"link": a_link(olga()), "password": chosen, "repeated": chosen}


def begun_factor(_shop: Shop) -> Example:
    return {}, {"code": a_code(with_secret(olga()))}


def with_own_factor(_shop: Shop) -> Example:
    with_factor(olga())
    return {}, {}


def of_somebody(shop: Shop, **values: object) -> Example:
    return {"person_id": somebody(shop, **values).id}, {}


def with_their_factor(shop: Shop) -> Example:
    person = somebody(shop)
    with_factor(person)
    return {"person_id": person.id}, {}


# Every form as a person would hand it in, so that it does what it is for.
FORMS: dict[str, Callable[[Shop], Example]] = {
    "staff.enter": lambda _shop: ({}, {"email": "olga@example.com", "password": PASSWORD}),
    "staff.leave": lambda _shop: ({}, {}),
    "staff.enter_code": between_password_and_code,
    "staff.choose": chosen_by_link,
    "staff.confirm": lambda _shop: ({}, {FIELD: PASSWORD, "next": "/staff/"}),
    "account.end": lambda _shop: ({"session_id": a_session(olga()).id}, {}),
    "account.end_others": lambda _shop: ({}, {}),
    "account.language": lambda _shop: ({}, {"language": "cs"}),
    "account.password": lambda _shop: (
        {},
        {"present": PASSWORD, "password": "five quiet grey geese", "repeated": "five quiet grey geese"},
    ),
    "account.make_token": lambda _shop: ({}, {"name": "Weekly report", "days": "90"}),
    "account.revoke_token": lambda _shop: ({"token_id": a_token(olga()).id}, {}),
    "account.begin_factor": lambda _shop: ({}, {}),
    "account.activate_factor": begun_factor,
    "account.renew_codes": with_own_factor,
    "account.remove_factor": with_own_factor,
    "people.create": lambda shop: (
        {},
        {"email": "eva@example.com", "name": "Eva", "role": "manager", "shops": shop.slug},
    ),
    "people.update": lambda shop: ({"person_id": somebody(shop).id}, {"role": "operator", "shops": shop.slug}),
    "people.link": of_somebody,
    "people.deactivation": of_somebody,
    "people.reactivation": lambda shop: of_somebody(shop, state="inactive"),
    "people.sign_out": of_somebody,
    "people.factor_removal": with_their_factor,
    "people.token_revocation": of_somebody,
    "shops.create": lambda _shop: (
        {},
        {"platform": "shoptet", "slug": "brno", "currency": "CZK", "timezone": "Europe/Prague", "token": "a-token"},
    ),
    "shops.check": lambda shop: ({"shop": shop.slug}, {}),
    "shops.token": lambda shop: ({"shop": shop.slug}, {"token": "another-token"}),
    "shops.webhook": lambda shop: ({"shop": shop.slug}, {"url": "https://pult.example/hook"}),
    "shops.pause": lambda shop: ({"shop": shop.slug}, {}),
    "shops.resumption": paused,
    "settings.save": lambda shop: (
        {},
        {"key": "snapshots.deletion_share", "shop": shop.slug, "value": "7", "seen": "5"},
    ),
    "settings.reset": lambda _shop: ({}, {"key": "lists.per_page", "shop": ""}),
    "settings.try_mail": lambda _shop: ({}, {}),
    "snapshots.create": lambda shop: (
        {},
        {"shop": shop.slug, "kind": "orders", "mode": "partial", "file": (BytesIO(b"{}\n"), "orders.jsonl")},
    ),
    "snapshots.take": lambda shop: ({}, {"shop": shop.slug, "kind": "orders", "mode": "full"}),
    "snapshots.retry": lambda shop: stored_run(shop, "unreachable"),
    "snapshots.confirmation": lambda shop: stored_run(shop, "implausible"),
    "snapshots.cancellation": lambda shop: ({"snapshot_id": a_snapshot(shop, state="queued").id}, {}),
    "partitions.restore": an_archived_quarter,
    "restorations.create": a_proven_copy,
    "restorations.cancellation": restoration("queued"),
    "restorations.approval": restoration("ready"),
    "restorations.discarding": restoration("ready"),
    "restorations.removal": a_left_database,
    "jobs.run_now": lambda _shop: ({}, {"task": "housekeeping", "shop": ""}),
    "jobs.break_lock": held_lock,
    "replays.preview": lambda shop: stored_run(shop, "implausible"),
    "replays.replay": lambda shop: stored_run(shop, "implausible"),
    "replays.redrive": a_run_with_a_bad_record,
    "replays.undoing": an_empty_replay,
    "exports.check": lambda _shop: ({}, {"file": (BytesIO(b"shop,id\r\n"), "orders.csv")}),
    "privacy.erase": somebody_to_erase,
    "customers.revealing": lambda shop: (
        {"shop": shop.slug, "customer_id": a_customer(shop).id},
        {"reason": "A parcel came back."},
    ),
    "orders.revealing": lambda shop: (
        {"shop": shop.slug, "order_id": an_order(shop).id},
        {"reason": "A parcel came back."},
    ),
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
