"""What `flask doctor` says of secrets and of the way to them: guessable keys, open files, what travels openly, debugging."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
from flask import current_app

from shop.config import Config
from shop.findings import Finding, State, finding

ENVIRONMENT_FILE = Path("/etc/pult/pult.env")  # where the units of deploy/systemd read it
LEAST_GUESSES = 19  # decimal digits of them, about 64 bits: what nobody can try
JUDGED = 72  # characters of a key that are looked at; what follows makes it no weaker
EXAMPLES = ("change-me", "changeme", "secret-key", "for-the-lint-alone")  # what stands in guides and example files
OVER_TLS = {"require", "verify-ca", "verify-full"}  # of libpq's sslmode
PATIENCE = 5.0  # seconds that our own public address has to answer


def findings(config: Config) -> Iterator[Finding]:
    yield key_strength(config.secret_key)
    yield from environment_file()
    yield debugging()
    yield cookies()
    yield from public_way(config)
    yield in_transit(
        "database in transit", config.database_url, is_database_safe(config.database_url), "sslmode=verify-full"
    )
    yield in_transit("Redis in transit", config.redis_url, config.redis_url.startswith("rediss:"), "rediss://")


def key_strength(key: str) -> Finding:
    """See that nobody guesses the key: it signs every session, and opens every sealed secret. It is never shown."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists of words take a fifth of a second; only the doctor looks

    mend = (
        "Make one with `python3 -c 'import secrets; print(secrets.token_hex(32))'`, keep this one as SECRET_KEY_BEFORE, "
        "and run `flask shops reseal` and `flask staff reseal`."
    )
    if any(words in key.lower() for words in EXAMPLES):
        return Finding("strength of the key", State.BAD, "it is one of an example, which everybody can read", mend)
    digits = float(zxcvbn(key[:JUDGED])["guesses_log10"])
    found = "nobody can guess it" if digits >= LEAST_GUESSES else f"a machine guesses it in about 10^{digits:.0f} tries"
    return finding("strength of the key", digits >= LEAST_GUESSES, found, mend)


def environment_file() -> Iterator[Finding]:
    """See that the file that systemd reads is closed, where there is one that we may look at."""
    try:
        mode = stat.S_IMODE(ENVIRONMENT_FILE.stat().st_mode)
    except OSError:
        return  # there is none, or its folder is closed to us as well
    mend = f"It holds every secret of Pult. Close it to others: `chmod 600 {ENVIRONMENT_FILE}`."
    yield finding("environment file", not mode & 0o077, f"{ENVIRONMENT_FILE}, mode {mode:04o}", mend)


def debugging() -> Finding:
    mend = "Unset FLASK_DEBUG and start Pult without --debug: its error pages would run code of whoever looks."
    return finding("debugging", not current_app.debug, "on" if current_app.debug else "off", mend)


def cookies() -> Finding:
    """Tell how the cookie of a session is kept. Without TLS in PULT_BASE_URL it has to do without Secure."""
    config = current_app.config
    marks = [
        *(["Secure"] if config["SESSION_COOKIE_SECURE"] else []),
        *(["HttpOnly"] if config["SESSION_COOKIE_HTTPONLY"] else []),
        f"SameSite={config['SESSION_COOKIE_SAMESITE']}",
    ]
    found = f"{config['SESSION_COOKIE_NAME']}: {', '.join(marks)}"
    if not config["SESSION_COOKIE_HTTPONLY"] or config["SESSION_COOKIE_SAMESITE"] not in ("Lax", "Strict"):
        return Finding("cookies", State.BAD, found, "Something has changed the settings of Flask; take that out.")
    if not config["SESSION_COOKIE_SECURE"]:
        return Finding("cookies", State.NOTE, found, "Set PULT_BASE_URL to an https:// address: they get Secure then.")
    return Finding("cookies", State.GOOD, found)


def public_way(config: Config, transport: httpx.BaseTransport | None = None) -> Iterator[Finding]:
    """Ask our own public address over TLS, as a browser would: the certificate, and whether browsers are told to keep to it."""
    if config.base_url is None or not config.base_url.startswith("https://"):
        return  # the public address has its own finding
    try:
        with httpx.Client(timeout=PATIENCE, transport=transport, trust_env=False) as client:
            answer = client.get(f"{config.base_url}/health/live")
    except httpx.HTTPError as error:
        yield unreachable(config.base_url, error)
        return
    yield Finding("TLS", State.GOOD, f"{config.base_url} answers with a certificate that browsers trust")
    mend = "Let the proxy hand Pult's header Strict-Transport-Security on, and restart Pult where PULT_BASE_URL is new."
    kept = answer.headers.get("Strict-Transport-Security", "")
    yield Finding(
        "HSTS", State.GOOD if kept else State.NOTE, kept or "browsers are not told to keep to TLS", "" if kept else mend
    )


def unreachable(address: str, error: httpx.HTTPError) -> Finding:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        mend = "Renew it, or let the proxy send the whole chain: browsers refuse this one, and so do platforms with webhooks."
        return Finding("TLS", State.BAD, f"{address} has a certificate that nobody trusts", mend)
    mend = "Nothing is wrong where this machine may not call its own public address; otherwise see to the proxy."
    return Finding("TLS", State.NOTE, f"{address} does not answer this machine ({type(error).__name__})", mend)


def is_database_safe(url: str) -> bool:
    return bool(OVER_TLS.intersection(parse_qs(urlsplit(url).query).get("sslmode", [])))


def in_transit(name: str, url: str, is_safe: bool, words: str) -> Finding:
    """Tell whether what is said to a server on another machine can be read on the way. The address is told without its password."""
    parts = urlsplit(url)
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[0]
    if is_here(host):
        return Finding(name, State.GOOD, "does not leave this machine")
    if is_safe:
        return Finding(name, State.GOOD, f"encrypted on the way to {host}")
    mend = f"Use {words} in the address, unless the network between both machines is yours alone."
    return Finding(name, State.NOTE, f"not encrypted on the way to {host}", mend)


def is_here(host: str) -> bool:
    """Whether it is a socket file, or a name of this machine."""
    return not host or host.startswith(("/", "127.")) or host in ("localhost", "::1")
