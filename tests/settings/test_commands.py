"""`flask settings`: every option listed, one read, changed and brought back; refusals are a sentence and exit code 1."""

import json

import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.audit.models import AuditEntry
from shop.settings.options import MAIL_PASSWORD, OPTIONS
from shop.settings.values import secret
from tests.builders import a_shop, a_status


def entries(db: SQLAlchemy) -> list[tuple[str, str, str, dict[str, object]]]:
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.actor, row.action, row.subject, row.details) for row in rows]


def test_everything_is_listed_as_text_and_as_json(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    a_shop("praha"), a_shop("brno")
    told = runner.invoke(args=["settings", "list"])
    assert told.exit_code == 0
    for option in OPTIONS:
        assert option.key in told.output
    rows = json.loads(runner.invoke(args=["settings", "list", "--json"]).output)
    by_key = {(row["key"], row["shop"]): row for row in rows}
    assert len(by_key) == len(rows) == sum(2 if option.per_shop else 1 for option in OPTIONS)
    assert by_key["partitions.retention_years", None]["value"] == 2
    assert by_key["snapshots.raw_file_days", None]["value"] == "never"
    assert by_key["sales.excluded_statuses", "brno"]["value"] is None


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [("partitions.retention_years", "never", "never"), ("snapshots.max_retries", "0", 0), ("lists.per_page", "25", 25)],
)
def test_what_is_set_is_read_and_told_to_the_trail(
    runner: FlaskCliRunner, db: SQLAlchemy, key: str, given: str, value: object
) -> None:
    before = runner.invoke(args=["settings", "get", key]).output.strip()
    done = runner.invoke(args=["settings", "set", key, given])
    assert done.exit_code == 0, done.output
    assert f"{key}: " in done.output
    assert runner.invoke(args=["settings", "get", key]).output.strip() == given
    found = json.loads(runner.invoke(args=["settings", "get", key, "--json"]).output)
    assert (found["value"], found["is_default"], found["changed_by"]) == (value, False, "command line")
    back = runner.invoke(args=["settings", "reset", key, "--json"])
    assert json.loads(back.output)["is_default"]
    assert runner.invoke(args=["settings", "get", key]).output.strip() == before
    assert [(action, subject) for _, action, subject, _ in entries(db)] == [
        ("setting_changed", key),
        ("setting_reset", key),
    ]
    first, second = (details for *_, details in entries(db))
    assert (first["before"], first["after"]) == (second["after"], second["before"])


def test_the_same_value_again_changes_nothing(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    assert "is 3 tries already" in runner.invoke(args=["settings", "set", "snapshots.max_retries", "3"]).output.replace(
        "\u00a0", " "
    )
    assert entries(db) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["get", "nothing.such"], "There is no option 'nothing.such'. Nothing was changed;"),
        (["set", "snapshots.max_retries", "11"], "“11” is not a whole number from 0 to 10."),
        (["set", "snapshots.max_retries"], "No value was given. Nothing was changed;"),
        (["set", "snapshots.max_retries", "2", "--shop", "praha"], "snapshots.max_retries is one for the whole installation."),
        (["set", "snapshots.deletion_share", "7"], "snapshots.deletion_share has a value for each shop."),
        (["set", "snapshots.deletion_share", "7", "--shop", "nowhere"], "There is no shop nowhere. Nothing was changed;"),
        (["set", "mail.password", "canary-17"], "mail.password is a secret. Nothing was changed; hand it in with --stdin."),
        (["set", "sales.excluded_statuses", "77", "--shop", "praha"], "Praha has no status 77. It has: -4 (Cancelled)."),
        (["set", "mail.password", "--stdin"], "Standard input holds no value."),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)  # fmt: skip
def test_a_refusal_is_a_sentence(runner: FlaskCliRunner, db: SQLAlchemy, words: list[str], sentence: str) -> None:
    a_status(a_shop("praha"), "-4", "Cancelled", "cancelled")
    refused = runner.invoke(args=["settings", *words])
    assert refused.exit_code == 1
    assert sentence in refused.output
    assert "canary" not in refused.output
    assert entries(db) == []


def test_a_status_may_begin_with_a_minus(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    a_status(shop, "-4", "Cancelled", "cancelled"), a_status(shop, "-1", "New", "new")
    done = runner.invoke(args=["settings", "set", "sales.excluded_statuses", "-4,-1", "--shop", "praha"])
    assert done.exit_code == 0, done.output
    found = json.loads(
        runner.invoke(args=["settings", "get", "sales.excluded_statuses", "--shop", "praha", "--json"]).output
    )
    assert found["value"] == ["-1", "-4"]


def test_a_secret_is_handed_in_and_never_told(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    done = runner.invoke(args=["settings", "set", "mail.password", "--stdin"], input="canary-9152\n")
    assert done.exit_code == 0, done.output
    told = [
        runner.invoke(args=["settings", *words]).output
        for words in (["list"], ["list", "--json"], ["get", "mail.password"])
    ]
    assert "canary" not in done.output + "".join(told)
    assert told[2].strip() == "set"
    assert secret(MAIL_PASSWORD) == "canary-9152"
    assert entries(db)[0][3] == {"before": "not set", "after": "••••"}
    runner.invoke(args=["settings", "reset", "mail.password"])
    db.session.rollback()
    assert secret(MAIL_PASSWORD) == ""


def test_the_doctor_names_what_does_not_fit_any_more(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    statement = "INSERT INTO settings (key, value, changed_by) VALUES (:key, CAST(:value AS jsonb), 'psql')"
    db.session.execute(text(statement), {"key": "lists.per_page", "value": "5000"})
    db.session.execute(text(statement), {"key": "gone.option", "value": "1"})
    db.session.commit()
    finding = doctors(runner)
    assert finding["state"] == "bad"
    assert "lists.per_page: “5000” is not a whole number from 15 to 100." in finding["found"]
    assert "flask settings reset" in finding["mend"]
    runner.invoke(args=["settings", "reset", "lists.per_page"])
    assert doctors(runner)["state"] == "note"
    db.session.execute(text("DELETE FROM settings WHERE key = 'gone.option'"))
    db.session.commit()
    assert doctors(runner)["state"] == "good"


def doctors(runner: FlaskCliRunner) -> dict[str, str]:
    checks = json.loads(runner.invoke(args=["doctor", "--json"]).output)["checks"]
    return next(check for check in checks if check["name"] == "settings")
