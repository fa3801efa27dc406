"""A token goes in and never comes out: no command, page, log line or table says it."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from shop.shops.queries import shop_by_slug
from shop.simulator.simulator import Simulator
from tests import warm
from tests.builders import an_owner, posted, signed_in

ROOT = Path(__file__).parents[2]
WRONG = "canary-0f77c1-token"
ADD = ["--platform", "shoptet", "--currency", "CZK", "--timezone", "Europe/Prague", "--token-stdin"]


def flask(environment: dict[str, str], *words: str, typed: str = "") -> str:
    ended = warm.run(["-m", "flask", *words], environment, typed=typed)
    assert "Traceback" not in ended.stderr
    return ended.stdout + ended.stderr


def everything_stored(sweeper: psycopg.Connection[Any]) -> str:
    """Every row of every table as text; what is sealed stands there in hexadecimal digits."""
    tables = sweeper.execute(
        "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return "\n".join(
        str(row[0]) for (name,) in tables.fetchall() for row in sweeper.execute(f"SELECT t::text FROM {name} t")
    )


def test_a_canary_is_heard_nowhere(
    environment: dict[str, str],
    client: FlaskClient,
    sweeper: psycopg.Connection[Any],
    simulator: Simulator,
    capfd: pytest.CaptureFixture[str],
) -> None:
    right, oauth = simulator.shops[0].private_token, simulator.shops[0].oauth_token
    told = flask(environment, "shops", "add", "praha", *ADD, "--base-url", simulator.base_url, typed=f"{WRONG}\n")
    told += flask(environment, "shops", "check", "praha")
    assert "✗ token" in told
    told += flask(environment, "shops", "token", "praha", "--token-stdin", typed=f"{right}\n")
    told += flask(environment, "shops", "webhook", "praha", "--url", "https://nobody.example/hook")
    told += flask(environment, "shops", "check", "praha", "--json")
    told += (
        flask(environment, "shops", "list", "--json")
        + flask(environment, "doctor")
        + flask(environment, "shops", "reseal")
    )
    signed_in(client, an_owner())
    for path, fields in (
        ("/shops/", {"slug": "brno", "platform": "shoptet", "currency": "no", "timezone": "UTC", "token": WRONG}),
        ("/shops/praha/token", {"token": f"{WRONG} {right}"}),
        ("/shops/praha/token", {"oauth_token": oauth, "token_url": simulator.token_url}),
        ("/shops/praha/check", {}),
        ("/shops/praha/token", {"token": WRONG}),
        ("/shops/praha/check", {}),
    ):
        told += posted(client, path, **fields).text
    for path in ("/shops/", "/shops/new", "/shops/praha", "/audit/", "/snapshots/"):
        told += client.get(path).text
    shop = shop_by_slug("praha")
    told += repr(shop) + "".join(capfd.readouterr())
    stored = everything_stored(sweeper)
    assert "platform_refused" in told, "the log was heard too"
    assert "shop_token_replaced" in stored
    assert shop is not None
    assert simulator.shops[0].tokens.number == 1, "an access token was made"
    made = next(iter(simulator.shops[0].tokens.given))
    for secret in (WRONG, right, oauth, made):
        assert secret not in told
        assert secret not in stored
        assert secret.encode().hex() not in stored
