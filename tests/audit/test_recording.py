"""The trail's vocabulary is closed: known actions, exact fields, and words for each."""

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.models import AuditEntry
from shop.audit.recording import FIELDS, MASKED, WORKER, Action, Secret, act_as, record
from shop.audit.wording import WORDS, act, particulars
from tests.builders import a_shop


def test_every_action_has_its_fields_and_its_words() -> None:
    assert set(FIELDS) == set(WORDS) == set(Action)


@pytest.mark.parametrize(
    "fields",
    [{}, {"kind": "orders"}, {"kind": "orders", "mode": "full", "colour": "red"}, {"kind": "orders", "mod": ""}],
)
def test_an_entry_with_other_fields_cannot_be_written(db: SQLAlchemy, fields: dict[str, str]) -> None:
    with pytest.raises(TypeError, match=r"snapshot_requested is recorded with \['kind', 'mode'\]"):
        record(Action.SNAPSHOT_REQUESTED, "snapshot 1", **fields)
    assert not db.session.new


def test_an_entry_belongs_to_the_transaction_of_what_it_tells(db: SQLAlchemy) -> None:
    shop = a_shop()
    record(Action.SHOP_PAUSED, shop.slug, shop)
    db.session.rollback()
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_a_worker_signs_as_a_worker_and_the_command_line_as_itself(app: Flask, db: SQLAlchemy) -> None:
    shop = a_shop()
    with app.app_context():
        record(Action.SHOP_PAUSED, shop.slug, shop)
        act_as(WORKER)
        record(Action.SHOP_RESUMED, shop.slug, shop)
        db.session.commit()
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.actor, entry.staff_id, entry.address) for entry in entries] == [
        ("command line", None, None),
        ("worker", None, None),
    ]


def test_a_secret_is_told_as_one_and_never_which(db: SQLAlchemy) -> None:
    old, new = Secret("canary-7d1"), Secret("")
    record(Action.STAFF_RENAMED, "a setting", before=old, after=new)
    db.session.commit()
    entry = db.session.scalars(select(AuditEntry)).one()
    assert entry.details == {"before": MASKED, "after": None}
    assert "canary" not in repr(old)


def test_entries_read_as_words() -> None:
    assert act(AuditEntry(action="shop_added")) == "connected a shop"
    assert act(AuditEntry(action="of_a_later_version")) == "of a later version"
    assert particulars({"after": "owner", "before": "manager"}) == "before manager, after owner"
    assert particulars({"base_url": None, "replaced": True, "shops": ["praha", "brno"], "rows": 3}) == (
        "replaced yes, shops praha and brno, rows 3"
    )
