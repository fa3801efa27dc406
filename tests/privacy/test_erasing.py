"""An erased person is found nowhere, no sum changes, and nothing that comes later brings them back."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from shop.audit.models import AuditEntry
from shop.config import Config
from shop.customers.models import Customer
from shop.errors import Conflict
from shop.locks import held
from shop.orders.models import Order
from shop.platforms.records import Kind
from shop.privacy import applying, erasing, findings, journal, rewriting
from shop.shops.models import Shop
from shop.snapshots.models import QuarantinedRecord, RawRewrite, Snapshot
from tests import servers
from tests.builders import a_shop
from tests.privacy.person import (
    EMAIL,
    GUID,
    customer_lines,
    dumped,
    folds,
    found_in,
    hers,
    jana,
    order_lines,
    pg_program,
    stored_text,
)
from tests.snapshots.files import load, packed
from tests.snapshots.invariants import broken_invariants

ALWAYS = """
    SELECT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname) FROM pg_trigger
    WHERE tgenabled = 'A' AND NOT tgisinternal AND tgparentid = 0 ORDER BY 1"""


def test_she_is_found_nowhere_and_no_sum_changes(app: Flask, db: SQLAlchemy, shop: Shop, config: Config) -> None:
    person = jana(app, db, shop)
    customer_id, before = person.id, folds(db)
    assert len(found_in(dumped(config))) == 7, "the test must know where she stands"
    done = erasing.erase(shop, customer_id, config)
    assert (done.orders, done.quarantined) == (4, 4)
    assert found_in(dumped(config)) == []
    assert folds(db) == before
    assert broken_invariants(db) == []
    left = db.session.get_one(Customer, (shop.id, customer_id))
    assert left.erased_at is not None
    colleagues = db.session.scalars(select(Order).where(Order.code == "C1")).one()
    assert (colleagues.customer_guid, colleagues.email) == ("colleague", None)
    assert journal.NAME in {path.name for path in config.data_dir.iterdir()}
    assert found_in((config.data_dir / journal.NAME).read_text()) == []

    # The same files again, newer ones, a replay of a stored one, and the platform's own word of her.
    load(app, shop, packed(*order_lines()), mode="partial")
    load(app, shop, packed(*customer_lines()), Kind.CUSTOMERS)
    load(app, shop, packed(*customer_lines(changed=9)), Kind.CUSTOMERS)
    changed = [
        line | {"changeTime": "2026-03-09T10:00:00+0100"} if isinstance(line, dict) else line for line in order_lines()
    ]
    load(app, shop, packed(*changed), mode="partial")
    assert found_in(dumped(config)) == []
    assert folds(db) == before
    assert broken_invariants(db) == []

    # Files: those from before, and those that came since.
    assert len(found_in(stored_text(config))) >= 6
    rewritten = rewriting.rewrite(config)
    assert rewritten.lines > 20
    assert found_in(stored_text(config)) == []
    assert "203.0.113.77" not in stored_text(config)
    assert db.session.scalars(select(RawRewrite)).all() == []
    for snapshot in db.session.scalars(select(Snapshot).where(Snapshot.file_sha256.is_not(None))):
        content = (config.data_dir / str(snapshot.file_path)).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (snapshot.file_sha256, snapshot.file_bytes)
    newest = db.session.scalars(select(Snapshot).where(Snapshot.kind == "orders").order_by(Snapshot.id.desc())).first()
    assert newest is not None
    again = load(app, shop, config.data_dir / str(newest.file_path), mode="partial")
    assert (again.state, again.lines, again.quarantined) == ("done", 8, 2)
    assert folds(db) == before


def test_an_older_copy_does_not_bring_her_back(
    app: Flask, db: SQLAlchemy, shop: Shop, config: Config, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    person = jana(app, db, shop)
    before, copy = folds(db), tmp_path / "copy"
    dump = [
        pg_program("pg_dump"),
        "-Fc",
        "--data-only",
        "--exclude-table=alembic_version",
        "-f",
        str(copy),
        config.database_url,
    ]
    subprocess.run(dump, check=True, timeout=60)
    erasing.erase(shop, person.id, config)
    db.session.rollback()
    db.session.execute(text(servers.EMPTY_EVERYTHING))
    db.session.commit()
    load_copy = ["--data-only", "--disable-triggers", "-d", config.database_url, str(copy)]
    always = db.session.execute(text(ALWAYS)).scalars().all()
    db.session.rollback()
    subprocess.run([pg_program("pg_restore"), *load_copy], check=True, timeout=60)
    for statement in always:  # pg_restore leaves every trigger a usual one, which large loads do not fire
        db.session.execute(text(statement))
    db.session.commit()
    assert db.session.execute(text(ALWAYS)).scalars().all() == always != []
    assert hers(db).email == EMAIL
    db.session.rollback()
    said = {found.name: found for found in findings.findings(config)}
    assert said["erased people"].state == "bad"
    result = runner.invoke(args=["privacy", "apply"])
    assert (result.exit_code, result.output) == (0, "1\u00a0person was erased again.\n")
    assert found_in(dumped(config)) == []
    assert folds(db) == before
    assert {found.name: found.state for found in findings.findings(config)}["erased people"] == "good"
    assert applying.apply(config) == []
    load(app, shop, packed(*order_lines()), mode="partial")
    assert found_in(dumped(config)) == []


@pytest.mark.parametrize("point", ["rewrite.written", "rewrite.placed", "rewrite.named"])
def test_a_rewrite_that_is_cut_short_loses_nothing(
    app: Flask, db: SQLAlchemy, shop: Shop, config: Config, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    load(app, shop, packed(*order_lines()))
    erasing.erase(shop, hers(db).id, config)

    def cut(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shop.privacy.rewriting.fault_point", cut)
        with pytest.raises(KeyboardInterrupt):
            rewriting.rewrite(config)
    snapshot = db.session.scalars(select(Snapshot)).one()
    assert (config.data_dir / str(snapshot.file_path)).is_file()
    db.session.rollback()
    rewriting.rewrite(config)
    rewriting.rewrite(config)
    assert found_in(stored_text(config)) == []
    snapshot = db.session.scalars(select(Snapshot)).one()
    files = [path for path in (config.data_dir / "raw").rglob("*") if path.is_file()]
    assert files == [config.data_dir / str(snapshot.file_path)]
    assert hashlib.sha256(files[0].read_bytes()).hexdigest() == snapshot.file_sha256


def test_somebody_erased_in_the_middle_of_a_rewrite_goes_with_the_next(
    app: Flask, db: SQLAlchemy, shop: Shop, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(app, shop, packed(*order_lines()))
    erasing.erase(shop, hers(db).id, config)
    other = db.session.scalars(select(Customer).where(Customer.email == "buyere1@example.com")).one().id
    second: list[int] = []

    def meanwhile(name: str) -> None:
        if name == "rewrite.placed" and not second:
            second.append(erasing.erase(shop, other, config).customer_id)

    with monkeypatch.context() as patched:
        patched.setattr("shop.privacy.rewriting.fault_point", meanwhile)
        rewriting.rewrite(config)
    assert second == [other]
    rewriting.rewrite(config)
    rewriting.rewrite(config)
    assert found_in(stored_text(config)) == []
    assert "buyere1@example.com" not in stored_text(config).lower()
    db.session.rollback()
    assert db.session.scalars(select(RawRewrite)).all() == []
    snapshot = db.session.scalars(select(Snapshot)).one()
    assert list((config.data_dir / "raw").rglob("*.gz")) == [config.data_dir / str(snapshot.file_path)]


def test_nobody_is_erased_while_a_snapshot_is_loaded(db: SQLAlchemy, app: Flask, shop: Shop, config: Config) -> None:
    load(app, shop, packed(*order_lines()))
    customer_id = hers(db).id
    with held(f"snapshot:{shop.id}:customers", config.redis_url), pytest.raises(Conflict, match="being loaded"):
        erasing.erase(shop, customer_id, config)
    assert hers(db).id == customer_id


def test_what_stays_in_quarantine_can_still_be_read(app: Flask, db: SQLAlchemy, shop: Shop, config: Config) -> None:
    load(app, shop, packed(*order_lines()))
    erasing.erase(shop, hers(db).id, config)
    kept = {row.line: bytes(row.raw) for row in db.session.scalars(select(QuarantinedRecord))}
    assert b'"code":"B1"' in kept[7]
    assert kept[8].startswith(b'{"erased": "erased-')
    assert found_in(" ".join(raw.decode() for raw in kept.values())) == []


def test_the_trail_forgets_a_name_and_nothing_else(app: Flask, db: SQLAlchemy, shop: Shop, config: Config) -> None:
    person = jana(app, db, shop)
    before = {entry.id: (entry.at, entry.actor, entry.action) for entry in db.session.scalars(select(AuditEntry))}
    erasing.erase(shop, person.id, config)
    after = {entry.id: entry for entry in db.session.scalars(select(AuditEntry))}
    assert {id_: (after[id_].at, after[id_].actor, after[id_].action) for id_ in before} == before
    queries = [entry.details["query"] for entry in after.values() if entry.action == "exported"]
    assert queries == ["erased", "erased"]
    erasure = next(entry for entry in after.values() if entry.action == "customer_erased")
    assert (erasure.shop_id, erasure.subject) == (shop.id, f"customer {person.id}")
    db.session.execute(text("SELECT set_config('pult.erasing', 'on', true)"))
    with pytest.raises(ProgrammingError) as refused:
        db.session.execute(text("UPDATE audit_entries SET actor = 'somebody else'"))
    assert isinstance(refused.value.orig, InsufficientPrivilege)
    db.session.rollback()


def test_other_shops_know_nothing_of_it(app: Flask, db: SQLAlchemy, shop: Shop, config: Config) -> None:
    other = a_shop("jinde")
    for each in (shop, other):
        load(app, each, packed(*order_lines()))
    mine = db.session.scalars(select(Customer).where(Customer.shop_id == shop.id, Customer.email == EMAIL)).one()
    erasing.erase(shop, mine.id, config)
    assert hers(db).shop_id == other.id
    assert db.session.scalars(select(Order.email).where(Order.shop_id == other.id, Order.code == "J1")).one() == EMAIL
    load(app, other, packed(*order_lines()), mode="partial")
    assert hers(db).shop_id == other.id
    assert db.session.scalar(select(Order.customer_guid).where(Order.shop_id == other.id, Order.code == "J1")) == GUID
