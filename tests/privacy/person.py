"""Jana, who buys with an account, as a guest, and by somebody else's, and everywhere where she may be found afterwards."""

import gzip
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.audit.recording import Action, Actor, act_as, record
from shop.config import Config
from shop.customers.models import Customer
from shop.local import binaries
from shop.platforms.records import Kind
from shop.shops.models import Shop
from tests.builders import a_failure
from tests.snapshots.files import a_customer_line, a_line, an_order_line, load, packed

EMAIL, NAME, PHONE, STREET = "jana.horinkova@example.com", "Jana Hořínková", "+420777123987", "Pod Kaštany 1417"
GUID = "7d6f3a52-1b5e-4c0f-9a34-5cf0a7f2d811"
WORDS = (EMAIL, "horinkova", "Hořínková", PHONE, PHONE[1:], "Pod Kaštany", GUID)
ADDRESS = {
    "fullName": NAME,
    "street": "Pod Kaštany",
    "houseNumber": "1417",
    "city": "Brno",
    "countryCode": "CZ",
    "zip": "60200",
}
THEIRS: dict[str, Any] = {
    "email": EMAIL, "phone": PHONE, "billingAddress": ADDRESS, "deliveryAddress": ADDRESS,
    "notes": {"customerRemark": f"Call {NAME}", "eshopRemark": None, "trackingNumber": None},
    "clientIPAddress": "203.0.113.77",
}  # fmt: skip
FOLDS = ("daily_sales", "daily_product_sales", "product_metrics", "customer_metrics")


def order_lines(*, later: bool = False) -> list[dict[str, Any] | bytes]:
    """A file of orders: three of hers, one of a colleague's that carries her e-mail, others, and one that cannot be read."""
    hours = 5 if later else 0
    return [
        an_order_line("J1", customerGuid=GUID, changed=hours, lines=[a_line(total="242.10", quantity=2.5)], **THEIRS),
        an_order_line("J2", changed=hours, **THEIRS),
        an_order_line("J3", customerGuid=GUID, status=-4, changed=hours, **(THEIRS | {"email": "jana@older.example"})),
        an_order_line("C1", customerGuid="colleague", **(THEIRS | {"phone": None})),
        an_order_line("E1"),
        an_order_line("E2"),
        an_order_line("B1", **(THEIRS | {"price": {"currencyCode": "no currency", "exchangeRate": "1"}})),
        b'{"code": "broken", "email": "' + EMAIL.encode() + b'", ',
    ]


def customer_lines(*, changed: int = 0) -> list[dict[str, Any] | bytes]:
    hers = a_customer_line(GUID, EMAIL, NAME, changed=changed)
    return [
        hers
        | {
            "billingAddress": ADDRESS,
            "deliveryAddress": [ADDRESS],
            "remark": f"{NAME} pays late",
            "birthDate": "1980-02-03",
        },
        a_customer_line("colleague", "karel@example.com", "Karel Jiný"),
    ]


def jana(app: Flask, db: SQLAlchemy, shop: Shop) -> Customer:
    """Load her in every way, and leave traces of her wherever Pult keeps words of people."""
    load(app, shop, packed(*customer_lines()), Kind.CUSTOMERS)
    load(app, shop, packed(*order_lines()))
    renamed = order_lines(later=True)
    assert isinstance(renamed[0], dict)
    renamed[0]["phone"] = "+420777000000"
    load(app, shop, packed(*renamed))  # what the histories of orders tell
    leave_traces(db, shop)
    return hers(db)


def leave_traces(db: SQLAlchemy, shop: Shop) -> None:
    a_failure(
        shop,
        error=f"Line 7 of {EMAIL} was refused.",
        run={"error": f"of {NAME}", "difference": {"sample": [{"name": NAME}]}},
    )
    act_as(Actor("adam@example.com"))
    record(Action.EXPORTED, "/orders.csv", query="/orders?q=jana.horinkova%40example.com", rows=None)
    record(Action.EXPORTED, "/customers.csv", query="/customers?q=jana+horinkova", rows=None)
    db.session.execute(
        text(
            "INSERT INTO webhook_notices (shop_id, event, key, happened_at) VALUES (:shop, 'customer:update', :guid, :at)"
        ),
        {"shop": shop.id, "guid": GUID, "at": datetime.now(UTC)},
    )
    db.session.execute(
        text("""INSERT INTO customer_merges (shop_id, from_customer_id, into_customer_id, guids, evidence)
                SELECT shop_id, id + 1000, id, jsonb_build_array(CAST(:guid AS text)), 'same e-mail' FROM customers WHERE email = :email"""),
        {"guid": GUID, "email": EMAIL},
    )
    db.session.execute(
        text("""INSERT INTO overwritten_orders (shop_id, snapshot_id, order_id, action, before)
                SELECT o.shop_id, o.snapshot_id, o.id, 'u', to_jsonb(o) FROM orders o WHERE code = 'J1'""")
    )
    db.session.commit()


def hers(db: SQLAlchemy) -> Customer:
    return db.session.scalars(select(Customer).where(Customer.email == EMAIL)).one()


def dumped(config: Config) -> str:
    """The whole database as text, by pg_dump; bytes as the letters that they are."""
    environment = os.environ | {"PGOPTIONS": "-c bytea_output=escape"}
    command = [pg_program("pg_dump"), "--no-owner", config.database_url]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment).stdout


def pg_program(name: str) -> str:
    return str(next(path for folder in binaries.folders() if (path := Path(folder) / name).exists()))


def found_in(told: str) -> list[str]:
    return [word for word in WORDS if word.lower() in told.lower()]


def stored_text(config: Config) -> str:
    """Everything in the raw store, unpacked."""
    files = [path for path in (config.data_dir / "raw").rglob("*") if path.is_file()]
    return "\n".join(
        (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode(errors="replace")
        for path in files
    )


def folds(db: SQLAlchemy) -> dict[str, list[Any]]:
    """Every stored sum, and what the orders add up to by customer."""
    tables = {
        name: db.session.execute(text(f"SELECT f::text FROM {name} f ORDER BY 1")).scalars().all() for name in FOLDS
    }
    amounts = "SELECT code, customer_id, total, total_shop, items, units, counted, local_day, country FROM orders ORDER BY code"
    tables["orders"] = [tuple(row) for row in db.session.execute(text(amounts))]
    tables["people"] = db.session.execute(text("SELECT id FROM customers ORDER BY id")).scalars().all()
    db.session.rollback()
    return {name: list(rows) for name, rows in tables.items()}
