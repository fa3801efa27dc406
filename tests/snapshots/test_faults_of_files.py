"""Bad files and awkward orders of events, through the whole pipeline: nothing changes that should not."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.customers.models import Customer
from shop.orders.models import Order, OrderRevision
from shop.platforms.records import Kind
from shop.shops.models import Shop
from shop.snapshots import conducting
from shop.snapshots.models import QuarantinedRecord, Snapshot
from shop.snapshots.proving import Implausible
from shop.snapshots.staging import TooManyBad
from tests.snapshots.files import a_customer_line, an_order_line, books, load, packed
from tests.snapshots.invariants import broken_invariants

ROOT = Path(__file__).parents[2]
LARGEST = 256  # MiB that a loading process may take, whatever the file
MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "flask", *sys.argv[1:]], capture_output=True, text=True)
sys.stderr.write(done.stderr)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def stored(db: SQLAlchemy) -> Any:
    db.session.rollback()
    return db.session.execute(text("SELECT md5(string_agg(o::text, '' ORDER BY id)) FROM orders o")).scalar_one()


def test_f2_a_file_cut_between_two_members_is_caught_by_its_count(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F2: the rest is a whole gzip file, so only what it lacks can tell."""
    members = [
        packed(*(an_order_line(str(number)) for number in range(start, start + 20))) for start in range(0, 80, 20)
    ]
    load(app, shop, b"".join(members))
    before = stored(db)
    for kept, words in ((1, "held 80"), (3, "20 stored orders are not in this file")):
        with pytest.raises(Implausible, match=words):
            load(app, shop, b"".join(members[:kept]))
        assert stored(db) == before


@pytest.mark.parametrize(
    "answer",
    [{"errors": [{"errorCode": "rate-limit", "message": "Too many requests."}]}, {"message": "Not found"}, []],
    ids=["errors", "message", "list"],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_f4_an_error_in_place_of_the_file_changes_nothing(
    app: Flask, db: SQLAlchemy, shop: Shop, answer: Any, pack: Any
) -> None:
    """F4: the platform's complaint, saved as if it were the export."""
    load(app, shop, packed(an_order_line("1")))
    before = stored(db)
    with pytest.raises(TooManyBad, match="None of the 1 records in this file can be read"):
        load(app, shop, pack(json.dumps(answer).encode() + b"\n"))
    assert stored(db) == before
    aside = db.session.scalars(select(QuarantinedRecord)).one()
    assert aside.raw == json.dumps(answer).encode()


@pytest.mark.parametrize("fault", ["bomb", "endless line", "bomb in a bomb"])
def test_f7_f8_a_file_without_end_is_stopped_in_bounded_memory(
    db: SQLAlchemy, shop: Shop, environment: dict[str, str], tmp_path: Path, fault: str
) -> None:
    """F7 and F8: 100 MB of one byte in 100 kB; a line of 64 MiB; a gzip file inside a gzip file."""
    path, words = tmp_path / "orders.jsonl", "16 MiB"
    if fault == "bomb":
        path.write_bytes(gzip.compress(b"0" * 100_000_000, 1))
    elif fault == "endless line":
        path.write_bytes(b'{"code":"')
        with path.open("r+b") as sparse:
            sparse.truncate(64 << 20)
    else:
        words = "can be read"
        path.write_bytes(gzip.compress(gzip.compress(b'{"code":"1"}\n' * 1_000_000, 9)))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "snapshots", "run", "dilna", "--kind", "orders", "--file", str(path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, peak = map(int, done.stdout.split())
    assert code == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert peak < LARGEST
    assert db.session.scalars(select(Order)).all() == []
    assert db.session.scalars(select(Snapshot.state)).one() == "failed"


def test_f20_an_order_before_its_customer_finds_them_when_they_come(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F20: the order names an account that no file has brought yet."""
    load(app, shop, packed(an_order_line("1", customerGuid="g-1", email="jana@example.com")))
    first = db.session.scalars(select(Order.customer_id)).one()
    assert first is not None
    load(app, shop, packed(a_customer_line("g-1", "jana@example.com", "Jana Testová")), Kind.CUSTOMERS)
    db.session.rollback()
    customer = db.session.scalars(select(Customer)).one()
    assert customer.name == "Jana Testová"
    assert db.session.scalars(select(Order.customer_id)).one() == customer.id
    assert broken_invariants(db) == []


def test_f21_a_field_that_nobody_knows_is_no_fault(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F21: a new field, at the top and inside a line; the raw file keeps it."""
    order = an_order_line("1", newInVersion99={"deep": [1, 2]})
    order["items"][0]["carbonFootprint"] = "1.5 kg"
    assert books(load(app, shop, packed(order))) == {"lines": 1, "inserted": 1}
    assert books(load(app, shop, packed(an_order_line("1"))))["lines"] == 1
    assert broken_invariants(db) == []


def test_f21_an_order_without_a_field_that_it_needs_is_set_aside(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F21: a missing field names itself, and the stored order stays as it was."""
    load(app, shop, packed(an_order_line("1"), an_order_line("2")))
    before = stored(db)
    poor = an_order_line("1", status=-1, changed=5)
    del poor["price"]
    assert books(load(app, shop, packed(poor, an_order_line("2")))) == {"lines": 2, "unchanged": 1, "quarantined": 1}
    aside = db.session.scalars(select(QuarantinedRecord)).one()
    assert (aside.error_code, aside.path) == ("missing_field", "$.price")
    assert stored(db) == before


@pytest.mark.parametrize("point", ["stage.before_chunk", "stage.done", "publish.before"])
def test_f23_an_order_that_gets_newer_while_a_file_is_read_stays_newer(
    app: Flask, db: SQLAlchemy, shop: Shop, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """F23: somebody else writes a newer version between the reading and the publishing."""
    load(app, shop, packed(an_order_line("1", status=-1), an_order_line("2", status=-1)))

    def meanwhile(name: str) -> None:
        if name == point:
            with db.engine.begin() as other:
                other.execute(
                    text("UPDATE orders SET name = 'Newer', changed_at = changed_at + interval '9 hours' WHERE code = '1'")
                )  # fmt: skip

    monkeypatch.setattr(conducting, "fault_point", meanwhile)
    late = load(app, shop, packed(an_order_line("1", status=-3, changed=5), an_order_line("2", status=-3, changed=5)))
    monkeypatch.undo()
    assert books(late) == {"lines": 2, "updated": 1, "superseded": 1}
    found = {order.code: (order.status_code, order.name) for order in db.session.scalars(select(Order))}
    assert found["1"] == ("-1", "Newer")
    assert found["2"][0] == "-3"
    assert broken_invariants(db) == []


def test_f24_an_order_that_comes_back_has_its_history(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    """F24: gone, and there again: the same row, with everything that happened to it written down."""
    both = packed(an_order_line("1"), an_order_line("2", changed=1))
    load(app, shop, packed(an_order_line("1"), an_order_line("2", status=-1)))
    row = db.session.scalars(select(Order.id).where(Order.code == "2")).one()
    load(app, shop, both)
    load(app, shop, packed(an_order_line("1")))
    load(app, shop, both)
    db.session.rollback()
    order = db.session.scalars(select(Order).where(Order.code == "2")).one()
    assert (order.id, order.deleted_at, order.counted) == (row, None, True)
    told = db.session.scalars(select(OrderRevision).where(OrderRevision.order_id == row)).all()
    assert ("status", "-1", "-3") in [(one.field, one.before, one.after) for one in told]
    presence = sorted((one.snapshot_id, bool(one.before), bool(one.after)) for one in told if one.field == "deleted")
    assert [kinds for _, *kinds in presence] == [[False, True], [True, False]], "it went, and it came back"
    assert broken_invariants(db) == []
