"""`flask shops`: connect, list, check, pause and resume, each with one sentence."""

import json
from typing import Any

import psycopg
import pytest
from click.testing import Result
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.platforms.failures import BadCredentials, ContractBroken, TooFast, WrongShop
from shop.shops.models import Shop
from shop.shops.problems import mark, note
from shop.shops.queries import shop_by_slug, shop_numbers
from shop.shops.secrets import seal, unseal
from tests.builders import a_shop
from tests.servers import SECRET_KEY

ADD = {"--platform": "shoptet", "--currency": "CZK", "--timezone": "Europe/Prague"}
CANARY = "canary-5d1f0c-token"


def shops(runner: FlaskCliRunner, *words: str, typed: str = "") -> Result:
    return runner.invoke(args=["shops", *words], input=typed)


def add(runner: FlaskCliRunner, slug: str = "praha", typed: str = "", **changed: str) -> Result:
    options = ADD | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    words = [word for pair in options.items() for word in pair if word]
    return shops(runner, "add", slug, *words, typed=typed)


def test_a_shop_is_connected_with_what_was_said(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    made = add(runner, name="Čaj z Prahy", base_url="https://caj.example/", token=CANARY)
    assert made.exit_code == 0, made.output
    assert made.output == (
        "Čaj z Prahy is connected as praha: shoptet, CZK, Europe/Prague.\n"
        "Its platform was not asked yet. Do so with: flask shops check praha\n"
    )
    shop = shop_by_slug("praha")
    assert shop is not None
    assert (shop.name, shop.base_url, shop.state) == ("Čaj z Prahy", "https://caj.example", "active")
    (entry,) = db.session.scalars(select(AuditEntry))
    assert (entry.action, entry.actor, entry.subject, entry.shop_id) == (
        Action.SHOP_ADDED,
        "command line",
        "praha",
        shop.id,
    )
    assert entry.details["base_url"] == "https://caj.example"


def test_without_a_name_the_slug_speaks(runner: FlaskCliRunner) -> None:
    add(runner, "caj-z-prahy")
    shop = shop_by_slug("caj-z-prahy")
    assert shop is not None
    assert shop.name == "Caj z prahy"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"slug": "Praha"}, "The slug 'Praha' cannot stand in an address."),
        ({"slug": "-praha"}, "Error"),
        ({"slug": "pra/ha"}, "cannot stand in an address"),
        ({"slug": "x" * 64}, "cannot stand in an address"),
        ({"slug": "new"}, "The slug 'new' is a page of Pult's own."),
        ({"platform": "magento"}, "There is no platform 'magento'."),
        ({"currency": "czk"}, "'czk' is not the code of a currency."),
        ({"currency": "XXX"}, "'XXX' is not the code of a currency."),
        ({"timezone": "Prague"}, "There is no time zone 'Prague'."),
        ({"timezone": "../etc/passwd"}, "There is no time zone"),
        ({"base_url": "ftp://caj.example"}, "The base URL 'ftp://caj.example' will not do."),
        ({"base_url": "https://"}, "will not do"),
        ({"base_url": "caj.example"}, "will not do"),
        ({"base_url": "https://caj.example:port"}, "will not do"),
        ({"base_url": "https://olga:hers@caj.example"}, "The base URL 'https://•••@caj.example' will not do."),
        ({"base_url": "https://caj.example/?token=1"}, "will not do"),
        ({"token": CANARY, "token_stdin": ""}, "either with --token or with --token-stdin or"),
        ({"token_stdin": ""}, "Standard input holds no token."),
        ({"token": f"{CANARY} with spaces"}, "The token holds spaces or signs that no token has."),
        ({"token": f"{CANARY}-č"}, "The token holds spaces or signs that no token has."),
        ({"token": CANARY, "token_url": "https://caj.example/token"}, "belong together"),
        ({"token_url": "caj.example"}, "The token's URL 'caj.example' will not do."),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_added(
    runner: FlaskCliRunner, db: SQLAlchemy, changed: dict[str, str], sentence: str
) -> None:
    refused = add(runner, **changed)
    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert CANARY not in refused.output
    assert db.session.scalars(select(Shop)).all() == []
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_a_slug_is_given_once(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    add(runner)
    again = add(runner, name="Another")
    assert again.exit_code == 1
    assert "There is a shop praha already. No shop was added." in again.stderr
    assert len(db.session.scalars(select(Shop)).all()) == 1


def test_a_token_is_sealed_and_never_shown(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    told = add(runner, base_url="https://caj.example", token_stdin="", typed=f"{CANARY}\n")
    assert told.exit_code == 0, told.output
    told_later = shops(runner, "list").output + shops(runner, "list", "--json").output
    told_later += shops(runner, "check", "praha").output
    assert CANARY not in told.output + told_later
    shop = shop_by_slug("praha")
    assert shop is not None
    assert shop.credentials is not None
    assert CANARY.encode() not in bytes(shop.credentials)
    assert unseal(shop, SECRET_KEY) == {"token": CANARY}
    for entry in db.session.scalars(select(AuditEntry)):
        assert CANARY not in json.dumps(entry.details)


@pytest.mark.usefixtures("db")
def test_a_sealed_token_opens_for_its_own_shop_and_key_only() -> None:
    praha, brno = a_shop("praha"), a_shop("brno")
    praha.credentials = brno.credentials = seal(praha.id, {"token": CANARY}, "the right key of this test")
    assert unseal(praha, "the right key of this test") == {"token": CANARY}
    for shop, key in ((brno, "the right key of this test"), (praha, "another key of this test")):
        with pytest.raises(Exception, match="was sealed under another SECRET_KEY"):
            unseal(shop, key)


def test_the_list_names_every_shop(runner: FlaskCliRunner) -> None:
    assert "No shop yet. Connect one: flask shops add" in shops(runner, "list").output
    a_shop("praha", base_url="https://caj.example"), a_shop("brno", currency="EUR")
    assert shops(runner, "list").output.splitlines() == [
        "praha  Praha  shoptet  CZK  Europe/Prague  active  no token",
        "brno  Brno  shoptet  EUR  Europe/Prague  active  no token",
    ]
    listed = json.loads(shops(runner, "list", "--json").output)
    assert [(one["slug"], one["currency"], one["has_token"]) for one in listed] == [
        ("praha", "CZK", False),
        ("brno", "EUR", False),
    ]


def test_a_token_is_replaced_and_never_shown(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    add(runner, token="the-first-token")
    shop = shop_by_slug("praha")
    assert shop is not None
    shop.access_token = seal(shop.id, {"access_token": "of the first"}, SECRET_KEY)
    note(shop, "bad_credentials", "The token is not accepted.")
    db.session.commit()
    told = shops(runner, "token", "praha", "--token-stdin", typed=f"{CANARY}\n")
    assert told.output == "Praha has a new token. Check it with: flask shops check praha\n"
    assert unseal(shop, SECRET_KEY) == {"token": CANARY}
    assert (shop.access_token, shop.problem) == (None, None)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.details) == (Action.SHOP_TOKEN_REPLACED, {"kind": "private"})
    assert "There is no token. Nothing was changed." in shops(runner, "token", "praha").stderr
    told = shops(
        runner, "token", "praha", "--oauth-token-stdin", "--token-url", "https://caj.example/t", typed=f"{CANARY}\n"
    )
    assert told.exit_code == 0, told.output
    assert unseal(shop, SECRET_KEY) == {"oauth_token": CANARY, "token_url": "https://caj.example/t"}


def test_a_lasting_failure_marks_the_shop_and_a_passing_one_does_not(
    runner: FlaskCliRunner, db: SQLAlchemy, sweeper: psycopg.Connection[Any]
) -> None:
    shop = a_shop("praha")
    for passing in (TooFast("Too fast."), ContractBroken("It is no JSON.")):
        assert not mark(sweeper, shop.id, passing)
    db.session.refresh(shop)
    assert shop.problem is None
    assert mark(sweeper, shop.id, BadCredentials("Shoptet does not accept the token."))
    db.session.refresh(shop)
    first = shop.problem_at
    assert shop.problem_code == "bad_credentials"
    assert mark(sweeper, shop.id, BadCredentials("Shoptet still does not accept the token."))
    db.session.refresh(shop)
    assert shop.problem_at == first, "known since then"
    assert "  ✗ Shoptet still does not accept the token. Make a new token" in shops(runner, "list").output
    assert mark(sweeper, shop.id, WrongShop("It is another shop."))
    db.session.refresh(shop)
    assert shop.problem_code == "wrong_shop"
    assert shop.problem_at != first


def test_pausing_and_resuming_are_told_and_recorded(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    shop = a_shop("praha")
    assert shops(runner, "pause", "praha").output == "Praha is paused.\n"
    assert shop.state == "paused"
    assert "Praha is paused already." in shops(runner, "pause", "praha").stderr
    assert shops(runner, "resume", "praha").output == "Praha is active again.\n"
    assert shop.state == "active"
    assert "Praha is not paused." in shops(runner, "resume", "praha").stderr
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == [Action.SHOP_PAUSED, Action.SHOP_RESUMED]


@pytest.mark.usefixtures("db")
def test_a_shop_keeps_its_number() -> None:
    praha, brno, berlin = a_shop("praha"), a_shop("brno"), a_shop("berlin")
    assert shop_numbers() == {praha.id: 1, brno.id: 2, berlin.id: 3}
