"""Mail goes the way that is set, a test tells what the server says, and a password never travels openly."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.models import AuditEntry
from shop.settings import mailing
from shop.settings.mailing import NotSent, is_configured, send
from shop.settings.options import MAIL_HOST, MAIL_PASSWORD, MAIL_SECURITY, MAIL_SENDER, MAIL_USER
from tests.builders import a_shop, an_operator, an_owner, posted, signed_in
from tests.mail_server import a_mail_server
from tests.settings.reading import changed


def test_without_a_server_nothing_is_sent(db: SQLAlchemy) -> None:
    assert not is_configured()
    with pytest.raises(NotSent, match="No sender is set"):
        send("olga@example.com", "Hello", "There")


def test_a_mail_arrives_as_it_was_written(db: SQLAlchemy) -> None:
    with a_mail_server() as server:
        changed(MAIL_USER, "pult")
        changed(MAIL_PASSWORD, "canary-4471")
        assert is_configured()
        send("olga@example.com", "Žluťoučký", "One line.\n.\nAnother.")
    told = "\n".join(server.heard)
    assert "FROM:<pult@example.com>" in told
    assert "TO:<olga@example.com>" in told
    assert "Subject: =?utf-8?" in told
    assert "AUTH PLAIN" in told
    assert "Another." in told


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"AUTH": "535 no"}, "does not take the user name and password"),
        ({"MAIL": "451 later"}, "refuses (451)"),
        ({"RCPT": "550 nobody"}, "cannot be reached as it is set (SMTPRecipientsRefused)"),
    ],
)
def test_what_the_server_refuses_is_a_sentence(db: SQLAlchemy, answers: dict[str, str], sentence: str) -> None:
    with a_mail_server(**answers):
        changed(MAIL_USER, "pult")
        changed(MAIL_PASSWORD, "canary-4471")
        with pytest.raises(NotSent) as refused:
            send("olga@example.com", "Hello", "There")
    assert sentence in refused.value.message
    assert "canary" not in refused.value.message


def test_nobody_there_is_a_sentence_too(db: SQLAlchemy) -> None:
    with a_mail_server():
        pass
    with pytest.raises(NotSent, match="cannot be reached"):
        send("olga@example.com", "Hello", "There")


def test_a_password_does_not_travel_openly(db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "opened", lambda *_where: pytest.fail("it was called all the same"))
    changed(MAIL_HOST, "mail.example.com")
    changed(MAIL_SECURITY, "none")
    changed(MAIL_SENDER, "pult@example.com")
    changed(MAIL_PASSWORD, "canary-4471")
    with pytest.raises(NotSent, match="would travel openly"):
        send("olga@example.com", "Hello", "There")


def test_the_page_sends_one_to_who_asks_and_tells(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    with a_mail_server() as server:
        answer = posted(client, "/settings/mail-tests")
    assert answer.status_code == 303
    assert "rcpt TO:<olga@example.com>" in server.heard
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "mail_tested")).one()
    assert (entry.subject, entry.details) == ("127.0.0.1", {"outcome": "taken"})


def test_who_does_not_see_every_shop_sends_none(client: FlaskClient, db: SQLAlchemy) -> None:
    praha = a_shop("praha")
    a_shop("brno")
    signed_in(client, an_operator([praha]))
    assert posted(client, "/settings/mail-tests").status_code == 403
