"""S8: whatever stands in the database and in addresses, every page, file and document shows it and does nothing of it."""

from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from shop.db import raw_connection
from tests.builders import a_shop, an_owner, bearer, signed_in
from tests.hostile import KEPT, MARK, VECTORS, evils, hostile, make_hostile, of_cells, of_document, of_headers
from tests.house import ASIDE, pages, whole_house

ANSWERS = {  # what an address may answer beside 200
    "staff.choice": {410}, "staff.code": {302, 303}, "staff.sign_in": {302, 303}, "staff.confirm": {302, 303}, "staff.confirmation": {302, 303},
    "health.ready": {503},
}  # fmt: skip
ASKED = (
    "q",
    "sort",
    "status",
    "after",
    "placed",
    "shop",
    "option",
    "value",
    "next",
    "cause",
    "link",
    "subject",
    "from",
    "to",
)
READ = ("/orders.json", "/audit.json", "/settings/")  # where they are tried one by one


def judged(answer: TestResponse) -> Iterator[str]:
    """Yield what has come of a payload, by the kind of the answer."""
    yield from of_headers(answer.headers)
    text = answer.get_data(as_text=True)
    kind = answer.content_type or ""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if 300 <= answer.status_code < 400:
        return  # its body is Werkzeug's, and nobody sees it
    if kind.startswith("text/html"):
        try:
            yield from evils(text)
        except AssertionError as refusal:
            yield f"not well written any more: {refusal}"
    elif kind.startswith("text/csv"):
        yield from of_cells(text)
    elif kind.startswith("application/json"):
        yield from of_document(text)
    else:
        assert kind.startswith("text/plain"), f"a page of another kind: {kind}"


def test_s8_every_page_shows_hostile_rows_and_nothing_arises_from_them(app: Flask, db: SQLAlchemy) -> None:
    house = whole_house(app, db)
    addresses: list[tuple[Rule, str]] = list(pages(app, db))
    browser, headers = signed_in(app.test_client(), house.owner), bearer(house.owner)
    program = app.test_client()
    db.session.remove()
    with raw_connection(autocommit=True) as connection:
        done, refused = make_hostile(connection)
    assert done | refused | set(KEPT) == every_text(connection_of(app)), (
        "a column of text is neither hostile nor excused"
    )
    assert len(done) > 150
    found, shown = [], Counter[str]()
    for rule, address in addresses:
        is_list = address.partition("?")[0].endswith((".json", ".csv"))
        with program.get(address, headers=headers) if is_list else browser.get(address) as answer:
            if answer.status_code not in {200} | ANSWERS.get(rule.endpoint, set()):
                found.append(f"{answer.status_code} {address}")
            found += [f"{address}: {evil}" for evil in judged(answer)]
            shown[rule.rule] += MARK in answer.get_data(as_text=True)
    assert found == []
    assert {rule.endpoint for rule, _ in addresses} == {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint != "static"
    }
    silent = {rule for rule, times in shown.items() if not times}
    assert silent == SILENT, "what shows no text of the database is few, and named here"


SILENT = {  # numbers, words of our own, and what somebody who is signed in is led away from
    "/health/live", "/health/ready", "/overview.json", "/cohorts.json", "/backups/progress", "/sign-in", "/sign-in/code", "/choose-password",
}  # fmt: skip


def test_s8_hostile_words_in_addresses_come_back_as_words(app: Flask, db: SQLAlchemy) -> None:
    """With a NUL, as nothing in the database can have it: in every parameter at once, and one by one where lists read them."""
    a_shop("praha")
    browser = signed_in(app.test_client(), an_owner())
    words = [f"\x00{hostile(3)}"[:1500], f"\x00\r\nX-Hostile: 1 {VECTORS}"]
    found, tried = [], 0
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint not in ASIDE:
            ones = [{name: words[number % 2]} for number, name in enumerate(ASKED)] if rule.rule in READ else []
            for asked in (dict.fromkeys(ASKED, words[1]), *ones):
                with browser.get(rule.rule, query_string=asked) as answer:
                    if answer.status_code >= 500 and rule.endpoint != "health.ready":
                        found.append(f"{answer.status_code} {rule.rule} {[*asked]}")
                    found += [f"{rule.rule} {[*asked]}: {evil}" for evil in judged(answer)]
                    tried += 1
    assert found == []
    assert tried > 80


@pytest.mark.parametrize(
    ("html", "evil"),
    [
        (f"<p>{VECTORS}</p>", "<script> arose"),
        ('<input value="" onfocus="x">', "<input> has onfocus"),
        ('<a href=" java\nscript:x">x</a>', "<a> leads to"),
        (f"<p {MARK}=1>x</p>", f"<p> has {MARK}"),
    ],
    ids=["element", "handler", "address", "attribute"],
)
def test_the_judge_sees_each_kind_of_evil(html: str, evil: str) -> None:
    try:
        seen = list(evils(html))
    except AssertionError as refusal:  # our reader refuses what a browser would mend
        seen = [str(refusal)]
        assert evil == "<script> arose"
        return
    assert any(one.startswith(evil) for one in seen)


def test_the_judge_sees_formulas_and_headers() -> None:
    assert list(of_cells(f'a,"=1 {MARK}"\r\n')) == ["a cell begins with '=1 hostile-m'"]
    assert list(of_cells(f"a,'=1 {MARK},-5\r\n")) == []
    assert len(list(of_headers([("X-Hostile", "1"), ("Location", f"/<{MARK}>"), ("Location", f"/%3C{MARK}")]))) == 2


def connection_of(app: Flask) -> str:
    url: str = app.extensions["pult"].database_url
    return url


def every_text(url: str) -> set[str]:
    """Every column of every table of ours that can hold text."""
    with psycopg.connect(url) as connection:
        from tests.hostile import COLUMNS

        return {f"{row[0]}.{row[1]}" for row in connection.execute(COLUMNS) if row[2] != "bytea" and not row[4]}
