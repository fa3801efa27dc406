"""What the doctor finds of secrets: guessable keys, open files, debugging, cookies, and what travels openly."""

import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from flask import Flask

from shop import secret_findings
from shop.config import Config
from shop.findings import Finding, State
from shop.secret_findings import (
    cookies,
    debugging,
    environment_file,
    in_transit,
    is_database_safe,
    key_strength,
    public_way,
)
from tests.builders import another_app

LOCAL = "postgresql:///pult?host=/run/postgresql"
AWAY = "postgresql://pult:canary-word-41@db.internal:5432/pult"


@pytest.mark.parametrize(
    "key",
    ["change-me-to-64-hexadecimal-digits", "password12345678", "0123456789abcdef", "qwertyuiopasdfgh", "a" * 64, "MySecret-Key-2026"],
)  # fmt: skip
def test_a_key_that_can_be_guessed_is_found_and_never_shown(key: str) -> None:
    found = key_strength(key)
    assert (found.state, key in str(found)) == (State.BAD, False)
    assert "SECRET_KEY_BEFORE" in found.mend


@pytest.mark.parametrize(
    "key", ["b1946ac92492d2347c6235b4d2611184", "Zk3~vQ9!mR2#xL7$wT5", "four quiet grey geese fly north"]
)
def test_a_key_that_nobody_guesses_is_good(key: str) -> None:
    assert key_strength(key).state == State.GOOD


def test_the_file_of_the_environment_must_be_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_findings, "ENVIRONMENT_FILE", tmp_path / "pult.env")
    assert list(environment_file()) == []
    (tmp_path / "pult.env").write_text("SECRET_KEY=x")
    for mode, state in ((0o644, State.BAD), (0o640, State.BAD), (0o600, State.GOOD)):
        (tmp_path / "pult.env").chmod(mode)
        assert [found.state for found in environment_file()] == [state]


def test_debugging_is_a_fault(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        assert debugging().state == State.GOOD
        monkeypatch.setattr(app, "debug", True)
        assert debugging().state == State.BAD


def test_cookies_are_told_as_they_are(app: Flask, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        assert (cookies().state, cookies().found) == (State.NOTE, "pult: HttpOnly, SameSite=Lax")
        monkeypatch.setitem(app.config, "SESSION_COOKIE_HTTPONLY", False)
        assert cookies().state == State.BAD
    with another_app(replace(config, base_url="https://pult.example")) as secure, secure.app_context():
        assert (cookies().state, cookies().found) == (State.GOOD, "__Host-pult: Secure, HttpOnly, SameSite=Lax")
        answer = secure.test_client().get("/sign-in")
        assert answer.headers["Set-Cookie"].startswith("__Host-pult=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def asked(config: Config, answer: Callable[[httpx.Request], httpx.Response]) -> dict[str, Finding]:
    ours = replace(config, base_url="https://pult.example")
    return {found.name: found for found in public_way(ours, httpx.MockTransport(answer))}


def untrusted(request: httpx.Request) -> httpx.Response:
    try:
        raise ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired")
    except ssl.SSLError as error:
        raise httpx.ConnectError(str(error), request=request) from error


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("", request=request)


def test_the_way_from_outside_is_walked(config: Config) -> None:
    kept = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
    good = asked(config, lambda _request: httpx.Response(200, headers=kept))
    assert [found.state for found in good.values()] == [State.GOOD, State.GOOD]
    assert asked(config, lambda _request: httpx.Response(200))["HSTS"].state == State.NOTE
    assert asked(config, untrusted)["TLS"].state == State.BAD
    assert asked(config, silent)["TLS"].state == State.NOTE
    for address in (None, "http://pult.example"):
        assert list(public_way(replace(config, base_url=address))) == [], "the public address has its own finding"


@pytest.mark.parametrize(
    ("url", "state"),
    [
        (LOCAL, State.GOOD),
        ("postgresql://127.0.0.1/pult", State.GOOD),
        ("postgresql://[::1]/pult", State.GOOD),
        ("postgresql:///pult?host=db.internal", State.NOTE),
        (AWAY, State.NOTE),
        (f"{AWAY}?sslmode=prefer", State.NOTE),
        (f"{AWAY}?sslmode=verify-full", State.GOOD),
    ],
)
def test_what_travels_openly_is_told_without_its_password(url: str, state: State) -> None:
    found = in_transit("database", url, is_database_safe(url), "sslmode=verify-full")
    assert (found.state, "canary" in str(found)) == (state, False)
