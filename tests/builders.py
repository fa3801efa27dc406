"""Whom and what the tests are about: plain functions with defaults, called in the test itself.

The cast: Olga owns, Adam manages one shop, Ota operates, Eve has no account.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TypeVar

from flask import Blueprint, Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from shop.backups.models import Backup, Restoration
from shop.config import Config
from shop.customers.models import Customer
from shop.db import Model, db
from shop.exports.models import Export
from shop.factory import create_app
from shop.orders.models import Order, OrderStatus
from shop.partitions.models import PartitionArchive
from shop.partitions.quarters import Quarter
from shop.products.models import Product, ProductVariant
from shop.shops.models import Shop
from shop.shops.secrets import seal
from shop.simulator.simulator import Simulator
from shop.snapshots.models import FailedSnapshot, Snapshot
from shop.staff import passwords
from shop.staff.models import Person, PersonalToken, PersonShop
from shop.staff.permissions import Role
from shop.staff.sessions import hashed, open_session
from tests.conftest import Operator, Visitor
from tests.servers import SECRET_KEY

PASSWORD = "canary quiet grey geese"
numbers = itertools.count(1)
Row = TypeVar("Row", bound=Model)


def a_shop(slug: str = "", **values: object) -> Shop:
    """A connected shop in Prague that keeps its books in crowns."""
    slug = slug or f"shop-{next(numbers)}"
    shop = Shop(
        **{
            "slug": slug,
            "name": slug.replace("-", " ").capitalize(),
            "platform": "shoptet",
            "currency": "CZK",
            "timezone": "Europe/Prague",
        }
        | values
    )
    return added(shop)


def a_connected_shop(simulator: Simulator, slug: str = "", **credentials: str) -> Shop:
    """A shop that the simulator plays, with its private token unless others are handed in."""
    shop = a_shop(slug, base_url=simulator.base_url)
    shop.credentials = seal(shop.id, credentials or {"token": simulator.shops[0].private_token}, SECRET_KEY)
    return added(shop)


def a_person(email: str, role: Role, shops: Sequence[Shop] = (), *, password: str | None = None) -> Person:
    """Somebody who may sign in; without a password only through `signed_in`, which costs no hashing."""
    person = Person(
        email=email,
        name=email.partition("@")[0].capitalize(),
        role=role.value,
        sees_personal=role != Role.OPERATOR,
        password_hash=password_hash(password) if password else None,
        shops=[PersonShop(shop_id=shop.id) for shop in shops],
    )
    return added(person)


@cache
def password_hash(password: str) -> str:
    """The same hash for the same words: making one is slow on purpose."""
    return passwords.password_hash(password)


def an_owner(email: str = "olga@example.com", *, password: str | None = None) -> Person:
    return a_person(email, Role.OWNER, password=password)


def a_manager(shops: Sequence[Shop], email: str = "adam@example.com", *, password: str | None = None) -> Person:
    return a_person(email, Role.MANAGER, shops, password=password)


def an_operator(shops: Sequence[Shop], email: str = "ota@example.com", *, password: str | None = None) -> Person:
    return a_person(email, Role.OPERATOR, shops, password=password)


def added(row: Row) -> Row:
    db.session.add(row)
    db.session.commit()
    return row


def a_snapshot(shop: Shop, kind: str = "orders", state: str = "done", **values: object) -> Snapshot:
    """A run of one kind, that loaded nothing."""
    given = {"mode": "full", "requested_by": "a test", "requested_at": datetime.now(UTC)} | values
    return added(Snapshot(shop_id=shop.id, kind=kind, state=state, **given))


def a_failure(
    shop: Shop, kind: str = "orders", run: dict[str, object] | None = None, **values: object
) -> FailedSnapshot:
    """A run that failed while its platform was away, and what the recovery page shows of it."""
    kept = {"error": "The platform did not answer.", "error_code": "unreachable"}
    failed = a_snapshot(shop, kind, "failed", **({"file_path": "raw/a-file"} | kept | (run or {})))
    now = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    given = {"fingerprint": "unreachable", "permanent": False, "retry_at": now + timedelta(hours=1), "failed_at": now}
    return added(FailedSnapshot(shop_id=shop.id, kind=kind, snapshot_id=failed.id, **(kept | given | values)))


def a_customer(shop: Shop, email: str = "", **values: object) -> Customer:
    """Somebody who buys, and has not bought yet."""
    given = {"email": email or f"jana-{next(numbers)}@example.com", "name": "Jana Testová"} | values
    return added(Customer(shop_id=shop.id, **given))


def a_status(shop: Shop, code: str, name: str, category: str = "open") -> OrderStatus:
    """A status of the shop as its platform proposes it: only what is cancelled counts as no sale."""
    return added(OrderStatus(shop_id=shop.id, code=code, name=name, category=category, counted=category != "cancelled"))


def a_product(shop: Shop, sku: str = "", **values: object) -> Product:
    """Something to be sold, with one variant."""
    sku = sku or f"SKU-{next(numbers)}"
    given = {"type": "product", "name": "Ubrus", "search": ""} | values
    product = added(Product(shop_id=shop.id, sku=sku, **given))
    added(ProductVariant(shop_id=shop.id, product_id=product.id, sku=sku))
    return product


def a_restoration(state: str = "ready") -> Restoration:
    """A copy that is said to stand beside the live database; none does."""
    copy = added(Backup(state="restorable", requested_by="a test", folder=f"copy-{next(numbers)}"))
    return added(Restoration(backup_id=copy.id, state=state, by="a test", database="nowhere"))


def an_export(by: Person | None = None, **values: object) -> Export:
    """The manifest of a list of two rows that was sent whole; of whoever was there first, where nobody is named."""
    person = by or db.session.scalar(select(Person).order_by(Person.id).limit(1)) or an_owner()
    given = {
        "query": "/orders/",
        "file_name": "orders.csv",
        "state": "whole",
        "rows": 2,
        "bytes": 60,
        "sha256": "71f0" * 16,
    }
    return added(Export(staff_id=person.id, actor=person.email, **(given | values)))


def an_archive(quarter: Quarter, state: str = "dropped", **values: object) -> PartitionArchive:
    """The archive of a quarter that is in no table; its file is not there either."""
    now = datetime.now(UTC)
    given = {
        "partition": quarter.table, "starts_at": quarter.starts_at, "ends_at": quarter.ends_at, "state": state,
        "lines": 1_815_440, "content_hash": Decimal(1), "file": f"{quarter.table}-1.copy.gz", "sha256": "71f0" * 16,
        "bytes": 61_200_000, "written_at": now, "verified_at": now, "retired_at": now,
    }  # fmt: skip
    return added(PartitionArchive(**(given | values)))


def an_order(shop: Shop, code: str = "", **values: object) -> Order:
    """An order of 121 in the shop's currency, paid and without lines."""
    now = datetime.now(UTC)
    nothing = dict.fromkeys(("to_pay", "discounts", "shipping", "fees", "rounding"), Decimal(0))
    whole = dict.fromkeys(("total", "total_shop"), Decimal("121.00"))
    given: dict[str, object] = {
        "status_code": "-3",
        "counted": True,
        "placed_at": now,
        "items_at": now,
        "local_day": now.astimezone(shop.zone).date(),
        "currency": shop.currency,
        "exchange_rate": Decimal(1),
        "total_without_vat": Decimal("100.00"),
        "gross_sales": Decimal("100.00"),
        "tax": Decimal("21.00"),
        "items": 0,
        "units": Decimal(0),
        "paid": True,
        "particulars": {},
        "search": "",
        "source_hash": b"",
        "content_hash": b"",
        "snapshot_id": 1,
        "snapshot_line": 1,
    }
    return added(Order(shop_id=shop.id, code=code or str(next(numbers)), **(given | nothing | whole | values)))


def signed_in(client: FlaskClient, person: Person) -> FlaskClient:
    """Give the client a session of that person's, as a sign-in would."""
    secret = open_session(person, "127.0.0.1", "a test")
    db.session.commit()
    with client.session_transaction() as session:
        session.clear()
        session["_user_id"] = secret
    return client


def bearer(person: Person) -> dict[str, str]:
    """The headers of a program that has a token of the person."""
    token = f"pult_test_{person.id}_{next(numbers)}"
    expires = datetime.now(UTC) + timedelta(days=1)
    added(
        PersonalToken(
            staff_id=person.id, name="a test", prefix=token[:12], token_hash=hashed(token), expires_at=expires
        )
    )
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def another_app(config: Config, *pages: Blueprint) -> Iterator[Flask]:
    """The application made once more: with pages that only one test has, or with another configuration."""
    made = create_app(config)
    made.test_client_class, made.test_cli_runner_class = Visitor, Operator
    for blueprint in pages:
        made.register_blueprint(blueprint)
    yield made
    with made.app_context():
        db.engine.dispose()


def form_token(client: FlaskClient) -> str:
    """The token that a form of this client's pages carries."""
    with client.session_transaction() as session:
        raw = session.setdefault("csrf_token", "a raw token of the tests")
    key = client.application.secret_key
    assert isinstance(key, str)
    return URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(raw)


def posted(client: FlaskClient, path: str, **fields: object) -> TestResponse:
    """Hand in a form as a browser would, with its token."""
    return client.post(path, data={"csrf_token": form_token(client), **fields})
