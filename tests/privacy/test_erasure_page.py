"""The page that erases a customer, the command that does the same, and what the doctor says afterwards."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select, update

from shop import sealing
from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.chores import keep_erased
from shop.config import Config, SecretKey
from shop.customers import erasure_keys
from shop.customers.models import Customer, ErasureKey
from shop.errors import ShopError
from shop.locks import held
from shop.privacy import findings, journal
from shop.schedule import pairs
from shop.shops.models import Shop
from shop.snapshots.models import RawRewrite
from shop.staff.confirmation import FIELD
from shop.staff.models import SignIn
from tests.builders import PASSWORD, a_customer, a_manager, an_operator, an_order, posted, signed_in
from tests.page import Page
from tests.privacy.person import EMAIL, found_in, hers, order_lines, stored_text
from tests.snapshots.files import load, packed


def test_a_manager_erases_with_number_and_password(app: Flask, db: SQLAlchemy, shop: Shop, config: Config) -> None:
    load(app, shop, packed(*order_lines()))
    customer_id = hers(db).id
    browser = signed_in(app.test_client(), a_manager([shop], password=PASSWORD))
    path = f"/customers/dilna/{customer_id}"
    assert Page(browser.get(path).text).link("Erase…") == f"{path}/erasure"
    shown = Page(browser.get(f"{path}/erasure").text).text
    assert "4 orders" in shown
    assert EMAIL in shown
    db.session.execute(update(SignIn).values(proved_at=func.now() - timedelta(minutes=11)))
    db.session.commit()
    asked = posted(browser, f"{path}/erasure", number=customer_id)
    assert asked.status_code == 403
    assert 'name="number"' in asked.text, "what was typed is carried"
    wrong = posted(browser, f"{path}/erasure", number=customer_id + 1, **{FIELD: PASSWORD})
    assert wrong.status_code == 422
    assert "Nothing was changed" in wrong.text
    with held(f"snapshot:{shop.id}:orders", config.redis_url):
        busy = posted(browser, f"{path}/erasure", number=customer_id)
    assert busy.status_code == 409
    assert "being loaded" in busy.text
    assert hers(db).id == customer_id
    done = posted(browser, f"{path}/erasure", number=customer_id)
    assert (done.status_code, done.location) == (303, path)
    page = Page(browser.get(path).text).text
    assert found_in(page) == []
    assert f"Erased customer {customer_id}" in page
    assert "Erase…" not in page
    assert browser.get(f"{path}/erasure").location == path
    assert posted(browser, f"{path}/erasure", number=customer_id).location == path, "pressed twice"
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == Action.CUSTOMER_ERASED)).all()
    assert [(entry.actor, entry.details["orders"]) for entry in entries] == [("adam@example.com", 4)]


def test_the_schedule_and_the_doctor_see_to_the_files(
    app: Flask, db: SQLAlchemy, shop: Shop, config: Config, runner: FlaskCliRunner
) -> None:
    assert "privacy.keep" not in {entry.key for entry, _ in pairs()}
    assert list(findings.findings(config)) == []
    load(app, shop, packed(*order_lines()))
    result = runner.invoke(args=["privacy", "erase", "dilna", str(hers(db).id)], input="999999\n")
    assert result.exit_code == 1
    assert "Nothing was changed" in result.output
    result = runner.invoke(args=["privacy", "erase", "dilna", str(hers(db).id), "--confirm", str(hers(db).id)])
    assert result.exit_code == 0
    assert "privacy.keep" in {entry.key for entry, _ in pairs()}
    assert {found.name: found.state for found in findings.findings(config)}["files of erased people"] == "note"
    db.session.execute(update(RawRewrite).values(asked_at=func.now() - timedelta(days=3)))
    db.session.commit()
    late = {found.name: found for found in findings.findings(config)}["files of erased people"]
    assert (late.state, "flask privacy rewrite" in late.mend) == ("bad", True)
    assert keep_erased().words == "1\u00a0file looked through, 6\u00a0lines without their person now."
    assert found_in(stored_text(config)) == []
    assert [found.name for found in findings.findings(config)] == ["erased people"]
    assert "dilna" in runner.invoke(args=["privacy", "list"]).output
    for wrong in (["erase", "nowhere", "1"], ["erase", "dilna", "999999"], ["erase", "dilna", str(erased_id(db))]):
        result = runner.invoke(args=["privacy", *wrong], input="1\n")
        assert (result.exit_code, "Nothing was changed" in result.output) == (1, True)


def erased_id(db: SQLAlchemy) -> int:
    found = db.session.scalars(select(Customer.id).where(Customer.erased_at.is_not(None))).one()
    db.session.rollback()
    return found


def test_without_the_key_of_the_marks_nothing_is_loaded(
    app: Flask, db: SQLAlchemy, shop: Shop, runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(app, shop, packed(*order_lines()))
    runner.invoke(args=["privacy", "erase", "dilna", str(hers(db).id), "--confirm", str(hers(db).id)])
    old = erasure_keys.secret_key()
    monkeypatch.setattr(erasure_keys, "secret_key", lambda: "another key that is long enough")
    assert not erasure_keys.is_readable()
    with pytest.raises(ShopError, match="cannot be opened"):
        load(app, shop, packed(*order_lines(later=True)))
    db.session.rollback()
    monkeypatch.setattr(erasure_keys, "secret_key", lambda: SecretKey("another key that is long enough", old))
    assert erasure_keys.is_behind()
    assert erasure_keys.reseal() == 1
    assert not erasure_keys.is_behind()
    sealed = db.session.scalars(select(ErasureKey.sealed)).one()
    assert sealing.is_current(sealed, "another key that is long enough")
    db.session.rollback()


def test_a_list_of_erasures_that_is_damaged_is_told(db: SQLAlchemy, shop: Shop, config: Config) -> None:
    (config.data_dir / journal.NAME).write_text('{"shop": "dilna"}\n')
    try:
        (found,) = findings.findings(config)
        assert (found.state, "is damaged" in found.found) == ("bad", True)
        with pytest.raises(ShopError, match="is damaged"):
            journal.keep(config.data_dir)
    finally:
        (config.data_dir / journal.NAME).unlink()


def test_an_operator_does_not_erase(app: Flask, db: SQLAlchemy, shop: Shop) -> None:
    customer = a_customer(shop)
    an_order(shop, customer_id=customer.id)
    browser = signed_in(app.test_client(), an_operator([shop]))
    assert "Erase…" not in browser.get(f"/customers/dilna/{customer.id}").text
    assert browser.get(f"/customers/dilna/{customer.id}/erasure").status_code == 403
    assert posted(browser, f"/customers/dilna/{customer.id}/erasure", number=customer.id).status_code == 403
