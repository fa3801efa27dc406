"""Who is written to in which language: one's own choice, the browser's, the installation's; and how it is chosen."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import OperationalError

from shop.audit.recording import Action
from shop.settings.options import LANGUAGE
from shop.staff import language_choice, sessions
from shop.staff.language_choice import of_person
from shop.staff.models import Person
from tests.builders import an_owner, posted, signed_in
from tests.settings.reading import changed
from tests.staff.acting import trail

CZECH_PAGE, ENGLISH_PAGE = "Přejít k obsahu", "Skip to content"


@pytest.fixture
def olga(db: SQLAlchemy) -> Person:
    return an_owner()


def page(client: FlaskClient, accepts: str = "", address: str = "/account/") -> str:
    headers = {"Accept-Language": accepts} if accepts else {}
    return client.get(address, headers=headers).get_data(as_text=True)


@pytest.mark.parametrize(
    ("own", "browser", "installation", "words", "tag"),
    [
        (None, "", "en-CZ", ENGLISH_PAGE, "en"),
        (None, "", "cs", CZECH_PAGE, "cs"),
        (None, "cs-CZ,cs;q=0.9,en;q=0.8", "en-CZ", CZECH_PAGE, "cs"),
        (None, "en-US,en;q=0.9", "cs", ENGLISH_PAGE, "en"),
        (None, "de,fr;q=0.5", "cs", CZECH_PAGE, "cs"),
        ("en", "cs", "cs", ENGLISH_PAGE, "en"),
        ("cs", "en", "en", CZECH_PAGE, "cs"),
    ],
)
def test_ones_own_choice_goes_before_the_browsers_and_that_before_the_installations(
    app: Flask, db: SQLAlchemy, olga: Person, own: str | None, browser: str, installation: str, words: str, tag: str
) -> None:
    changed(LANGUAGE, installation)
    olga.language = own
    db.session.commit()
    text = page(signed_in(app.test_client(), olga), browser)
    assert words in text
    assert f'<html lang="{tag}"' in text


def test_numbers_are_written_as_the_installation_says_where_the_browser_only_asks_for_english(
    app: Flask, db: SQLAlchemy, olga: Person
) -> None:
    client = signed_in(app.test_client(), olga)
    changed(LANGUAGE, "en")
    db.session.commit()
    assert 'English">' in page(client, "en-GB") or "As this browser asks (English)" in page(client, "en-GB")
    changed(LANGUAGE, "en-CZ")
    db.session.commit()
    assert "As this browser asks (English, Czech numbers and days)" in page(client, "en-GB")


def test_a_language_is_chosen_on_ones_own_page_and_written_down(app: Flask, db: SQLAlchemy, olga: Person) -> None:
    client = signed_in(app.test_client(), olga)
    answer = posted(client, "/account/language", language="cs")
    assert (answer.status_code, answer.location) == (303, "/account/#language")
    assert CZECH_PAGE in page(client)
    entry = trail(db)[-1]
    assert (entry.action, entry.details) == (Action.STAFF_LANGUAGE_CHANGED, {"before": None, "after": "cs"})
    posted(client, "/account/language", language="")
    assert ENGLISH_PAGE in page(client)


def test_a_language_that_pult_does_not_speak_is_refused(app: Flask, db: SQLAlchemy, olga: Person) -> None:
    client = signed_in(app.test_client(), olga)
    answer = posted(client, "/account/language", language="tlh")
    assert answer.status_code == 400
    assert "Pult does not speak “tlh”." in answer.get_data(as_text=True)
    db.session.refresh(olga)
    assert olga.language is None


def test_the_page_of_signing_in_is_read_in_either_language_and_remembers_it(app: Flask, olga: Person) -> None:
    client = app.test_client()
    assert 'lang="cs"' in page(client, address="/sign-in?language=cs").partition("<head")[0]
    assert 'lang="cs"' in page(client, address="/sign-in").partition("<head")[0]
    assert 'lang="en"' in page(client, address="/sign-in?language=en-CZ").partition("<head")[0]
    assert 'lang="en"' in page(client, address="/sign-in?language=nonsense").partition("<head")[0]


def test_pages_made_in_one_language_are_not_shown_in_the_other(app: Flask, db: SQLAlchemy, olga: Person) -> None:
    """The frame and components are kept in the process; two people who look in turn get their own."""
    eva = an_owner("eva@example.com")
    olga.language, eva.language = "cs", "en"
    db.session.commit()
    first, second = (signed_in(app.test_client(), person) for person in (olga, eva))
    for _ in range(2):
        assert CZECH_PAGE in page(first, address="/orders/")
        assert ENGLISH_PAGE in page(second, address="/orders/")


def test_a_mail_is_in_its_readers_language(app: Flask, db: SQLAlchemy, olga: Person) -> None:
    assert of_person(olga) == "en-CZ"
    changed(LANGUAGE, "cs")
    assert of_person(olga) == of_person(None) == "cs"
    olga.language = "en"
    assert of_person(olga) == "en"


def test_while_the_database_is_away_the_browser_decides_and_nobody_asks_again(
    app: Flask, db: SQLAlchemy, olga: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(app.test_client(), olga)
    asked = []

    def away(_secret: str) -> None:
        asked.append(1)
        raise OperationalError("SELECT 1", {}, Exception("no connection"))

    monkeypatch.setattr(sessions, "found", away)
    monkeypatch.setattr(language_choice, "value", lambda _option: pytest.fail("the settings were asked"))
    text = page(client, "cs")
    assert "Databáze neodpovídá" in text
    assert 'lang="cs"' in text
    assert len(asked) == 2, "once to let the person in, once for the frame"
