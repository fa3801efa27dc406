"""Small snapshot files as Shoptet writes them, and the shortest way to load one."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask

from shop.config import Config
from shop.db import db
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.snapshots import runs
from shop.snapshots.conducting import conduct
from shop.snapshots.models import Snapshot
from shop.snapshots.rawstore import store_file

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def a_line(
    code: str | None = "SKU-1", total: str = "121.00", quantity: Any = 1.0, item_type: str = "product", **more: Any
) -> dict[str, Any]:
    """One entry of items[] with 21 % VAT, priced by its total."""
    net = (Decimal(total) / Decimal("1.21")).quantize(Decimal("0.01"))
    price = {"withVat": total, "withoutVat": str(net), "vat": str(Decimal(total) - net), "vatRate": "21.00"}
    return {
        "productGuid": None, "code": code, "ean": None, "itemType": item_type, "name": f"Thing {code}", "variantName": None,
        "brand": None, "weight": "0.000", "amount": quantity, "amountUnit": "ks", "priceRatio": "1.0000", "itemId": 1,
        "status": {"id": -1, "name": "New"}, "itemPrice": price, "unitPrice": price, "purchasePrice": None,
    } | more  # fmt: skip


def an_order_line(
    code: str = "1001", *, lines: list[dict[str, Any]] | None = None, status: int = -3, changed: int = 0, **more: Any
) -> dict[str, Any]:
    """One line of an orders file; `changed` counts hours since the order was placed."""
    items = [a_line()] if lines is None else lines
    total = sum((Decimal(item["itemPrice"]["withVat"]) for item in items), Decimal(0))
    net = sum((Decimal(item["itemPrice"]["withoutVat"]) for item in items), Decimal(0))
    names = {-1: "New", -3: "Done", -4: "Cancelled"}
    return {
        "code": code, "guid": None, "externalCode": None, "creationTime": "2026-03-01T10:00:00+0100",
        "changeTime": shoptet_time(START + timedelta(hours=changed)), "email": f"buyer{code}@example.com", "phone": None,
        "customerGuid": None, "cashDeskOrder": False, "stockId": 1, "addressesEqual": True, "vatPayer": True, "paid": True,
        "billingAddress": {"company": None, "fullName": "Žofie Nováková", "city": "Brno", "countryCode": "CZ"},
        "deliveryAddress": None, "source": {"id": -1, "name": "E-shop"}, "status": {"id": status, "name": names.get(status, f"Own {status}")},
        "paymentMethod": {"guid": None, "name": "Card"}, "shipping": None, "items": items, "completion": [],
        "price": {"vat": str(total - net), "toPay": str(total), "currencyCode": "CZK", "withVat": str(total),
                  "withoutVat": str(net), "exchangeRate": "1.00000000"},
    } | more  # fmt: skip


def a_customer_line(guid: str, email: str | None, name: str = "Jana Testová", *, changed: int = 0) -> dict[str, Any]:
    accounts = [
        {
            "guid": f"{guid}-a",
            "fullName": name,
            "email": email,
            "phone": None,
            "mainAccount": True,
            "authorized": True,
            "emailVerified": True,
        }
    ]
    return {
        "guid": guid, "billingAddress": {"fullName": name, "city": "Brno", "countryCode": "CZ"}, "deliveryAddress": [],
        "creationTime": "2026-02-01T10:00:00+0100", "changeTime": shoptet_time(START + timedelta(hours=changed)),
        "customerGroup": None, "priceList": None, "remark": None, "priceRatio": "1.0000", "birthDate": None,
        "accounts": accounts if email else [], "disabledOrders": False, "remarks": [], "adminUrl": "https://shop.example/c",
    }  # fmt: skip


def a_product_line(guid: str, *skus: str, name: str = "Ubrus", changed: int = 0) -> dict[str, Any]:
    return {
        "guid": guid, "type": "product", "name": name, "brand": None, "supplier": None, "visibility": "visible",
        "creationTime": "2026-02-01T10:00:00+0100", "changeTime": shoptet_time(START + timedelta(hours=changed)),
        "shortDescription": None, "description": None, "metaDescription": None, "url": None, "hsCode": None,
        "defaultCategory": {"guid": None, "name": None, "visible": None}, "isVariant": len(skus) > 1,
        "variants": [
            {"code": sku, "ean": None, "stock": "5.000", "unit": "ks", "weight": None, "visible": True, "price": "100.00",
             "commonPrice": None, "includingVat": True, "vatRate": "21.00", "currencyCode": "CZK", "minStockSupply": None,
             "actionPrice": None, "amountDecimalPlaces": 0, "negativeStockAllowed": "yes-global"}
            for sku in skus
        ],
    }  # fmt: skip


def shoptet_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


def packed(*lines: dict[str, Any] | bytes) -> bytes:
    """Lines as a gzip file; bytes go in as they are."""
    return gzip.compress(
        b"".join(
            (line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()) + b"\n"
            for line in lines
        ),
        1,
    )


def load(
    app: Flask,
    shop: Shop,
    content: bytes | Path,
    kind: Kind = Kind.ORDERS,
    *,
    mode: str = "full",
    confirmed: bool = False,
) -> Snapshot:
    """Run the content through the whole pipeline; returns the run. A refusal is raised as it is to a caller."""
    snapshot_id = stored_run(app, shop, content, kind, mode=mode, confirmed=confirmed)
    conduct(snapshot_id, app.extensions["pult"])
    return db.session.get_one(Snapshot, snapshot_id)


def stored_run(
    app: Flask,
    shop: Shop,
    content: bytes | Path,
    kind: Kind = Kind.ORDERS,
    *,
    mode: str = "full",
    confirmed: bool = False,
) -> int:
    """Store the content and ask for a run of it, which nobody has taken up yet."""
    config: Config = app.extensions["pult"]
    stream = content.open("rb") if isinstance(content, Path) else BytesIO(content)
    with stream:
        file = store_file(stream, "orders.jsonl.gz", config.data_dir)
    snapshot_id = runs.request_run(shop.id, kind.value, mode, "test", file, confirmed=confirmed).id
    db.session.commit()
    return snapshot_id


def books(snapshot: Snapshot) -> dict[str, int]:
    """The counters that are not zero."""
    names = ("lines", "inserted", "updated", "unchanged", "superseded", "quarantined", "deleted")
    return {name: getattr(snapshot, name) for name in names if getattr(snapshot, name)}
