"""The page of settings: every option found, tried on, changed and brought back by those who may."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.audit.models import AuditEntry
from shop.settings.options import (
    DELETION_SHARE,
    EXCLUDED_STATUSES,
    MAIL_PASSWORD,
    MAX_RETRIES,
    OPTIONS,
    RETENTION_YEARS,
    Group,
)
from shop.settings.values import value
from shop.task_runs import TaskRun
from tests.builders import a_manager, a_shop, a_status, an_operator, an_order, an_owner, bearer, posted, signed_in
from tests.page import Page
from tests.settings.reading import changed, elsewhere
from tests.statements import statements


def test_every_option_is_on_the_page(client: FlaskClient, db: SQLAlchemy) -> None:
    a_shop("praha"), a_shop("brno")
    signed_in(client, an_owner())
    page = Page(client.get("/settings/?shop=praha").text)
    assert page.heading == "Settings"
    for option in OPTIONS:
        assert page.has(option.title)
        assert page.has(option.key)
    headings = [heading.text for heading in page.root.all("h2")]
    assert [words for words in headings if words in set(Group)] == list(Group)
    without_shop = Page(client.get("/settings/").text)
    assert not without_shop.has(DELETION_SHARE.title)
    assert without_shop.link("Praha") == "/settings/?shop=praha"


@pytest.mark.parametrize(
    ("words", "found", "not_found"),
    [("backup", "Backups: days", "Mail server"), ("MAIL.host", "Mail server", "Password"), ("kept proven", "Backups: weeks", "A backup is late")],
)  # fmt: skip
def test_the_page_is_searched_by_words(
    client: FlaskClient, db: SQLAlchemy, words: str, found: str, not_found: str
) -> None:
    signed_in(client, an_owner())
    page = Page(client.get("/settings/", query_string={"q": words}).text)
    assert page.has(found)
    assert not page.has(not_found)


def test_a_search_that_finds_nothing_says_so(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    assert Page(client.get("/settings/?q=%3Cscript%3E").text).has("No setting says “<script>”")


def test_a_change_holds_at_once_and_says_who_and_from_what(client: FlaskClient, db: SQLAlchemy, app: Flask) -> None:
    signed_in(client, an_owner())
    fields = {"key": MAX_RETRIES.key, "shop": "", "value": "6", "seen": "3"}
    answer = posted(client, "/settings/changes", **fields)
    assert (answer.status_code, answer.location) == (303, "/settings/#snapshots.max_retries")
    assert elsewhere(app, MAX_RETRIES) == 6
    page = Page(client.get("/settings/").text)
    assert "“Automatic retries” is 6 tries now; it was 3 tries." in page.text.replace("\u00a0", " ")
    assert "Changed from 3 tries by olga@example.com" in page.text.replace("\u00a0", " ")
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.subject) == ("olga@example.com", "setting_changed", MAX_RETRIES.key)
    assert {name: str(words).replace("\u00a0", " ") for name, words in entry.details.items()} == {
        "before": "3 tries",
        "after": "6 tries",
    }
    posted(client, "/settings/defaults", key=MAX_RETRIES.key, shop="")
    assert elsewhere(app, MAX_RETRIES) == 3
    assert Page(client.get("/settings/").text).has("Default, brought back by olga@example.com")


def test_what_does_not_fit_comes_back_with_its_sentence(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    answer = posted(client, "/settings/changes", key=MAX_RETRIES.key, shop="", value="many", seen="3")
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.has("“many” is not a whole number from 0 to 10. Nothing was changed.")
    field = next(one for one in page.root.all("input") if one.get("id") == f"{MAX_RETRIES.key}-value")
    assert (field.get("value"), field.get("aria-invalid")) == ("many", "true")
    assert value(MAX_RETRIES) == 3


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(client: FlaskClient, db: SQLAlchemy) -> None:
    changed(MAX_RETRIES, 9)
    signed_in(client, an_owner())
    answer = posted(client, "/settings/changes", key=MAX_RETRIES.key, shop="", value="4", seen="3")
    assert answer.status_code == 409
    assert "is 9 tries now. Nothing was changed" in Page(answer.text).text.replace("\u00a0", " ")
    assert value(MAX_RETRIES) == 9


def test_statuses_are_tried_on_before_they_are_left_out(client: FlaskClient, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    a_status(shop, "-3", "Done", "done"), a_status(shop, "-4", "Cancelled", "cancelled")
    db.session.execute(
        text(
            """INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts,
                                        shipping, fees, tax, rounding)
               VALUES (:shop, current_date - 2, '-3', 4, 4, 4, 400, 400, 0, 0, 0, 0, 0),
                      (:shop, current_date - 2, '-4', 1, 1, 1, 77, 77, 0, 0, 0, 0, 0),
                      (:shop, current_date - 40, '-3', 9, 9, 9, 900, 900, 0, 0, 0, 0, 0)"""
        ),
        {"shop": shop.id},
    )
    db.session.commit()
    signed_in(client, an_owner())
    key = EXCLUDED_STATUSES.key
    tried = Page(client.get(f"/settings/?option={key}&shop=praha").text)
    told = tried.text.replace("\u00a0", " ")
    assert "“Cancelled” counts: 4 orders over 400,00 Kč in the last 30 days become 5 orders over 477,00 Kč." in told
    assert value(EXCLUDED_STATUSES, shop.id) is None, "to look changes nothing"
    answer = posted(client, "/settings/changes", key=key, shop="praha", value="", seen="")
    assert answer.status_code == 303
    db.session.rollback()
    assert value(EXCLUDED_STATUSES, shop.id) == ()
    run = db.session.scalars(select(TaskRun)).one()
    assert (run.task, run.shop_id, run.state) == ("sales.statuses", shop.id, "queued")
    refused = Page(client.get(f"/settings/?option={key}&shop=praha&value=99").text)
    assert refused.has("Praha has no status 99.")


def test_retention_names_the_quarters_that_would_go(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    page = Page(client.get(f"/settings/?option={RETENTION_YEARS.key}&value=never").text)
    assert page.has("nothing leaves the table")
    assert page.has("Save “Lines of orders are kept for”")
    assert Page(client.get(f"/settings/?option={RETENTION_YEARS.key}&value=0").text).has(
        "“0” is neither never nor a whole number from 1 to 100."
    )


def test_a_secret_is_never_written_back(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    answer = posted(client, "/settings/changes", key=MAIL_PASSWORD.key, shop="", value="canary-338", seen="")
    assert answer.status_code == 303
    pages = [client.get(path).text for path in ("/settings/", "/audit/")]
    refused = posted(client, "/settings/changes", key=MAIL_PASSWORD.key, shop="", value="canary\n2", seen="")
    assert refused.status_code == 422
    assert "canary" not in "".join([*pages, refused.text])
    assert Page(pages[1]).has("before not set, after ••••")
    assert client.get(f"/settings/?option={MAIL_PASSWORD.key}&value=x").status_code == 404


def test_an_operator_changes_what_is_of_their_shop_and_nothing_of_another(client: FlaskClient, db: SQLAlchemy) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    changed(DELETION_SHARE, 44, brno)
    signed_in(client, an_operator([praha]))
    text = client.get("/settings/").text
    assert Page(text).has(DELETION_SHARE.title), "the only shop that is theirs needs no choice"
    assert 'value="5"' in text
    assert 'value="44"' not in text
    fields = {"key": DELETION_SHARE.key, "value": "8", "seen": "5"}
    assert posted(client, "/settings/changes", shop="praha", **fields).status_code == 303
    for path in ("/settings/changes", "/settings/defaults"):
        assert posted(client, path, shop="brno", **fields).status_code == 404
    assert (value(DELETION_SHARE, praha.id), value(DELETION_SHARE, brno.id)) == (8, 44)


def test_what_holds_for_every_shop_is_changed_by_who_sees_every_shop(client: FlaskClient, db: SQLAlchemy) -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    fields = {"key": MAX_RETRIES.key, "shop": "", "value": "4", "seen": "3"}
    signed_in(client, an_operator([praha]))
    page = Page(client.get("/settings/").text)
    assert f"{MAX_RETRIES.key}-value" not in {field.get("id") for field in page.root.all("input")}
    assert posted(client, "/settings/changes", **fields).status_code == 403
    assert posted(client, "/settings/defaults", **fields).status_code == 403
    assert value(MAX_RETRIES) == 3
    signed_in(client, an_operator([praha, brno], "anna@example.com"))
    assert posted(client, "/settings/changes", **fields).status_code == 303
    signed_in(client, a_manager([praha, brno]))
    assert client.get("/settings/").status_code == 403


def test_programs_read_the_same(client: FlaskClient, db: SQLAlchemy) -> None:
    a_shop("praha"), a_shop("brno")
    changed(RETENTION_YEARS, None)
    olga = an_owner()
    answer = client.get("/settings.json?shop=praha", headers=bearer(olga)).get_json()
    found = {(row["key"], row["shop"]): row for row in answer["settings"]}
    assert found[RETENTION_YEARS.key, None]["value"] == "never"
    assert found[MAIL_PASSWORD.key, None]["value"] is None
    assert found[DELETION_SHARE.key, "praha"]["value"] == 5
    assert (DELETION_SHARE.key, "brno") not in found
    assert set(answer["reads"]) == {"reads", "hit_rate", "p95_ms", "queries"}


def test_an_option_that_is_not_there_is_a_sentence(client: FlaskClient, db: SQLAlchemy) -> None:
    a_shop("praha"), a_shop("brno")
    signed_in(client, an_owner())
    assert posted(client, "/settings/changes", key="no.such", value="1").status_code == 400
    assert client.get("/settings/?option=no.such").status_code == 400
    assert client.get(f"/settings/?option={DELETION_SHARE.key}&value=3").status_code == 404, "of which shop?"


def test_a_page_asks_the_database_for_no_version(app: Flask, client: FlaskClient, db: SQLAlchemy) -> None:
    """It comes along with the session of whoever looks."""
    changed(MAX_RETRIES, 4)  # before anything was changed after the tables were emptied, there is no version
    an_order(a_shop("praha"))
    signed_in(client, an_owner())
    client.get("/orders/"), client.get("/backups/")
    with statements("settings") as seen:
        client.get("/orders/")
        client.get("/backups/")
    alone = [one for one in seen if "staff_sessions" not in one and "clock_timestamp" not in one]
    assert alone == []
    assert len(seen) >= 2
