"""Personal data stand masked for whoever may not see them, wherever Pult answers; one page is revealed, for a reason."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from shop import personal
from shop.audit.recording import Action
from shop.orders.models import Order
from shop.shops.models import Shop
from shop.staff import revealing
from shop.staff.models import Person
from tests.builders import PASSWORD, a_manager, an_operator, an_owner, bearer, posted, signed_in
from tests.house import pages, whole_house
from tests.privacy.canary_people import EMAIL, WORDS, heard, move_in

REASON = "The parcel came back; Jana asks for the address."
SENTENCE = "Searching for people needs the right to see personal data."


def answers(app: Flask, who: Person, addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what the person is answered, to the browser and to a program with their token."""
    browser, program, headers = signed_in(app.test_client(), who), app.test_client(), bearer(who)
    for address in addresses:
        is_list = address.partition("?")[0].endswith((".json", ".csv"))
        with program.get(address, headers=headers) if is_list else browser.get(address) as answer:
            if answer.status_code == 200:
                yield address, answer.get_data(as_text=True)


def told(found: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    return {address: sorted(heard(page)) for address, page in found if heard(page)}


@pytest.fixture
def places(app: Flask, db: SQLAlchemy) -> list[str]:
    """Every address of a house in which the canary lives everywhere."""
    whole_house(app, db)
    found = [address for _, address in pages(app, db)]
    db.session.remove()
    move_in()
    return found


def masked_manager(db: SQLAlchemy) -> Person:
    manager = a_manager(db.session.query(Shop).all(), "mona@example.com", password=PASSWORD)
    manager.sees_personal = False
    db.session.commit()
    return manager


def test_nothing_of_a_person_is_told_without_the_right_and_all_with_it(
    app: Flask, db: SQLAlchemy, places: list[str]
) -> None:
    shops = db.session.query(Shop).all()
    operator, manager, owner = an_operator(shops), masked_manager(db), an_owner("eva@example.com")
    seeing = told(answers(app, owner, places))
    assert set(chain(*seeing.values())) == set(WORDS), "the canary does not stand where this test believes"
    assert {"/orders.csv", "/customers.csv", "/orders.json", "/customers.json", "/recovery.json"} <= seeing.keys()
    for who in (operator, manager):  # after the owner, so that what was kept of the owner's pages would be found
        looked = list(answers(app, who, places))
        assert len(looked) > 25
        assert told(looked) == {}
    assert told(answers(app, owner, seeing)) == seeing, "the owner is not served what was kept for others"


def test_a_search_gives_nothing_away(app: Flask, db: SQLAlchemy, places: list[str]) -> None:
    shops = db.session.query(Shop).all()
    browser, order = (
        signed_in(app.test_client(), an_operator(shops)),
        db.session.query(Order).order_by(Order.id).first(),
    )
    assert order is not None
    assert places
    page = f"/orders/{db.session.get_one(Shop, order.shop_id).slug}/{order.id}"
    code = order.code
    for asked in (EMAIL, "nobody@nowhere.example"):
        for address in (
            "/customers/?email=",
            "/customers/?q=",
            "/customers.json?q=",
            "/orders/?email=",
            f"{page}?in=email%3D",
        ):
            answer = browser.get(address + asked)
            assert (answer.status_code, SENTENCE in answer.get_data(as_text=True)) == (400, True), address
    rows = {q: len(browser.get(f"/orders.json?q={q}").json["rows"]) for q in (code, "canaria", "nobody")}  # type: ignore[index]
    assert rows == {code: 1, "canaria": 0, "nobody": 0}
    assert "Search customers for" not in browser.get("/").get_data(as_text=True)
    owner = signed_in(app.test_client(), an_owner("eva@example.com"))
    assert len(owner.get("/orders.json?q=canaria").json["rows"]) > 0  # type: ignore[index]
    assert browser.get("/orders.json?q=canaria").json["rows"] == [], "the statement kept for the owner is not asked"  # type: ignore[index]


def test_a_reveal_is_of_one_page_one_session_and_ten_minutes(
    app: Flask, db: SQLAlchemy, places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = masked_manager(db)
    browser, other = (signed_in(app.test_client(), manager) for _ in range(2))
    of_orders, of_customers = (
        [one for one in places if one.startswith(f"/{kind}/") and one[-1].isdigit()] for kind in ("orders", "customers")
    )
    db.session.execute(text("UPDATE staff_sessions SET proved_at = now() - interval '11 minutes'"))
    db.session.commit()
    assert posted(browser, f"{of_orders[0]}/reveal", reason=REASON).status_code == 403
    assert "anaria" not in seen(browser, of_orders[0])
    assert posted(browser, f"{of_orders[0]}/reveal", reason=REASON, password_again=PASSWORD).status_code == 303
    assert "anaria" in seen(browser, of_orders[0])
    for page, beside in (of_orders[1::-1], of_customers[:2]):
        assert "anaria" not in seen(browser, page)
        for reason in ("", "x" * 201):
            posted(browser, f"{page}/reveal", reason=reason)
            assert "anaria" not in seen(browser, page)
        posted(browser, f"{page}/reveal", reason=REASON)
        assert "anaria" in seen(browser, page)
        assert "anaria" not in seen(browser, beside) + seen(other, page) + seen(
            browser, page.rpartition("/")[0].rpartition("/")[0] + "/"
        )
    kept = db.session.execute(
        text("SELECT details FROM audit_entries WHERE action = :action ORDER BY id"),
        {"action": Action.PERSONAL_REVEALED},
    ).scalars()
    assert list(kept) == [{"reason": REASON}] * 3
    with browser.session_transaction() as session:
        carried = session[revealing.KEY]
    with other.session_transaction() as session:
        session[revealing.KEY] = carried
    assert "anaria" not in seen(other, of_customers[0]), "the cookie of another session opens nothing"
    monkeypatch.setattr(revealing, "LASTS", timedelta(seconds=-1))
    posted(browser, f"{of_customers[0]}/reveal", reason=REASON)
    assert "anaria" not in seen(browser, of_customers[0]), "it has ended"


def seen(browser: FlaskClient, page: str) -> str:
    answer = browser.get(page)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_of_a_person_gives_and_takes_the_right(app: Flask, db: SQLAlchemy) -> None:
    owner = signed_in(app.test_client(), an_owner(password=PASSWORD))
    ota = an_operator([])
    for word, is_right in (("shown", True), ("", True), ("masked", False)):
        posted(owner, f"/staff/{ota.id}", name=ota.name, role="operator", personal=word)
        db.session.refresh(ota)
        assert ota.sees_personal is is_right
    kept = db.session.execute(
        text("SELECT details FROM audit_entries WHERE action = :action ORDER BY id"),
        {"action": Action.STAFF_PERSONAL_SET},
    ).scalars()
    assert list(kept) == [{"before": False, "after": True}, {"before": True, "after": False}]


def test_masks_tell_the_shape_alone() -> None:
    assert personal.masked_email("jana@posta.cz") == "j•••@p•••.cz"
    assert personal.masked_email("no e-mail at all") == personal.HIDDEN
    assert personal.masked_name("Jana Nová") == "J••• N•••"
    assert personal.masked_sentence("“Jana” of jana@posta.cz, +420 601 234 567, isn't in line 12.") == (
        "••• of ••• •••, isn't in line 12."
    )
    stopped = "Stopped by ota@example.com. Nothing of it was published"
    assert personal.masked_sentence(stopped) == stopped, "a colleague is no customer"
