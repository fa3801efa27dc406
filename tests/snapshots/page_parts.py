"""Runs as pages show them, and how a browser reads them and hands files in."""

import gzip
import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.audit.models import AuditEntry
from shop.config import Config
from shop.shops.models import Shop
from shop.snapshots.models import Snapshot
from tests.builders import a_shop, a_snapshot, an_operator, posted, signed_in
from tests.page import Page
from tests.snapshots.files import an_order_line, packed

NOW = datetime.now(UTC)


def opened(client: FlaskClient, path: str) -> Page:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return Page(answer.text)


def handed_in(client: FlaskClient, shop: str = "praha", content: bytes | None = None, **fields: Any) -> TestResponse:
    file = packed(an_order_line("1"), an_order_line("2")) if content is None else content
    given = {"shop": shop, "kind": "orders", "mode": "full", "file": (BytesIO(file), "orders.jsonl.gz")} | fields
    return posted(client, "/snapshots/", **given)


def trail(db: SQLAlchemy) -> list[tuple[str, str]]:
    return [(entry.action, entry.subject) for entry in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def operated(client: FlaskClient) -> Shop:
    """A shop, and Ota who operates it at this client."""
    shop = a_shop("praha")
    signed_in(client, an_operator([shop]))
    return shop


def done(shop: Shop, **values: Any) -> Snapshot:
    given = {
        "phase": "done",
        "started_at": NOW,
        "finished_at": NOW,
        "as_of": NOW,
        "file_path": "raw/x",
        "file_name": "x.jsonl",
    }
    return a_snapshot(shop, **(given | values))


def failed(shop: Shop, config: Config, **values: Any) -> Snapshot:
    folder = config.data_dir / "raw"
    folder.mkdir(exist_ok=True)
    (folder / "kept.jsonl.gz").write_bytes(gzip.compress(json.dumps(an_order_line("1")).encode() + b"\n"))
    given = {"file_path": "raw/kept.jsonl.gz", "file_name": "orders.jsonl.gz", "file_bytes": 10, "error": "It broke."}
    return a_snapshot(shop, state="failed", **(given | values))
