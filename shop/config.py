"""The environment, read once and strictly when a process starts."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from shop import backup_settings
from shop.backup_settings import BadSetting, Target
from shop.errors import ShopError
from shop.local.servers import ensure
from shop.proxies import BadNetwork, Network, networks

SHORTEST_SECRET = 16


class ConfigError(ShopError):
    """A value of the environment is missing or wrong; the sentence names it."""


class SecretKey(str):
    """SECRET_KEY, carrying the one before it: what was sealed under that one opens until it is sealed anew."""

    __slots__ = ("before",)
    before: str | None

    def __new__(cls, key: str, before: str | None = None) -> Self:
        made = super().__new__(cls, key)
        made.before = before
        return made


@dataclass(frozen=True)
class Config:
    """Everything a process must know before it can start. Run-time options live in the database instead."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)  # a SecretKey while SECRET_KEY_BEFORE is set
    data_dir: Path
    base_url: str | None = None
    port: int = 8000
    trusted_proxies: tuple[Network, ...] = ()  # besides the loopback
    metrics_token: str | None = field(default=None, repr=False)  # None: /metrics answers the loopback alone
    backup_recipients: tuple[str, ...] = ()  # of age; none: copies leave this machine as they are
    backup_identity: Path | None = None  # a file of age that opens them, where one is kept on this machine
    backup_targets: tuple[Target, ...] = ()
    testing: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Config":
        """Read and check every variable; start the embedded servers for those that name no server."""
        data_dir = folder(environ)
        database_url = url(environ, "DATABASE_URL", ("postgresql", "postgres", "postgresql+psycopg"))
        redis_url = url(environ, "REDIS_URL", ("redis", "rediss", "unix"))
        base_url = url(environ, "PULT_BASE_URL", ("http", "https"))
        port = whole_number(environ, "PORT", 8000, 1, 65535)
        trusted_proxies = proxies(environ)
        metrics_token = token(environ, "PULT_METRICS_TOKEN")
        secret_key = rotated(environ, secret(environ, data_dir))
        recipients, identity, targets = backups(environ)
        if database_url is None or redis_url is None:
            own = ensure(data_dir, database=database_url is None, redis=redis_url is None)
            database_url, redis_url = database_url or own.database_url, redis_url or own.redis_url
        return cls(
            database_url=one_scheme(database_url),
            redis_url=redis_url,
            secret_key=secret_key,
            data_dir=data_dir,
            base_url=base_url.rstrip("/") if base_url else None,
            port=port,
            trusted_proxies=trusted_proxies,
            metrics_token=metrics_token,
            backup_recipients=recipients,
            backup_identity=identity,
            backup_targets=targets,
        )


def one_scheme(database_url: str) -> str:
    """Return the URL as libpq and SQLAlchemy both read it."""
    return "postgresql://" + database_url.split("://", 1)[1]


def folder(environ: Mapping[str, str]) -> Path:
    given = environ.get("PULT_DATA_DIR", "var")
    if not given.strip():
        raise ConfigError(
            "PULT_DATA_DIR is empty. Name the folder for snapshot files and backups, or unset it to use var/."
        )
    path = Path(given).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"PULT_DATA_DIR is {path}, and that folder cannot be made: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError(f"PULT_DATA_DIR is {path}, and this user may not write there.")
    return path


def url(environ: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    given = environ.get(name)
    if given is None:
        return None
    try:
        parts = urlsplit(given)
        readable = parts.port is None or parts.port > 0
    except ValueError:  # a port that is no number, a bracket without its pair
        readable = False
    if not readable:
        raise ConfigError(f"{name} cannot be read as an address. Correct it, or unset it.")
    if parts.scheme not in schemes:
        raise ConfigError(f"{name} must start with {' or '.join(s + '://' for s in schemes)}. Correct it, or unset it.")
    if name == "PULT_BASE_URL" and not parts.hostname:
        raise ConfigError("PULT_BASE_URL names no host. Write it as https://pult.example.com, or unset it.")
    return given


def whole_number(environ: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    given = environ.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or not lowest <= int(given) <= highest:
        raise ConfigError(f"{name} is {given!r}; it must be a whole number from {lowest} to {highest}.")
    return int(given)


def proxies(environ: Mapping[str, str]) -> tuple[Network, ...]:
    """Return the networks whose X-Forwarded-For is believed."""
    given = environ.get("PULT_TRUSTED_PROXIES")
    if given is None:
        return ()
    try:
        return networks(given)
    except BadNetwork as error:
        raise ConfigError(
            f"PULT_TRUSTED_PROXIES cannot be used: {error}. Write the addresses of your proxies as in "
            "10.0.0.5,172.18.0.0/16, or unset it to trust a proxy on this machine alone."
        ) from error


def token(environ: Mapping[str, str], name: str) -> str | None:
    given = environ.get(name)
    if given is None:
        return None
    if len(given) < SHORTEST_SECRET or not given.isascii() or not given.isprintable():
        raise ConfigError(
            f"{name} has {len(given)} characters; it needs at least {SHORTEST_SECRET}, of those that a header may carry. "
            "Make one with `openssl rand -hex 24`, or unset it."
        )
    return given


def backups(environ: Mapping[str, str]) -> tuple[tuple[str, ...], Path | None, tuple[Target, ...]]:
    """Return who may open what leaves this machine, the file that does so here, and where else copies lie."""
    try:
        return (
            backup_settings.recipients(environ),
            backup_settings.identity(environ),
            backup_settings.targets(environ),
        )
    except BadSetting as error:
        raise ConfigError(str(error)) from error


def secret(environ: Mapping[str, str], data_dir: Path) -> str:
    """Return SECRET_KEY, or the key this installation made for itself at its first start."""
    given = environ.get("SECRET_KEY")
    if given is not None:
        if len(given) < SHORTEST_SECRET:
            raise ConfigError(
                f"SECRET_KEY has {len(given)} characters; it needs at least {SHORTEST_SECRET}. "
                "Unset it to let Pult make one, or make one with `python3 -c 'import secrets; print(secrets.token_hex(32))'`."
            )
        return given
    return own_secret(data_dir / "secret-key")


def rotated(environ: Mapping[str, str], key: str) -> str:
    """Return the key with the one before it, where SECRET_KEY_BEFORE names one."""
    before = environ.get("SECRET_KEY_BEFORE")
    if before is None:
        return key
    if len(before) < SHORTEST_SECRET:
        raise ConfigError(
            f"SECRET_KEY_BEFORE has {len(before)} characters; no key of Pult is shorter than {SHORTEST_SECRET}. "
            "Write the key there that SECRET_KEY had until now, or unset it."
        )
    if before == key:
        raise ConfigError(
            "SECRET_KEY_BEFORE is the same as the key in force, so nothing would change. "
            "Put the new key into SECRET_KEY, or unset SECRET_KEY_BEFORE."
        )
    return SecretKey(key, before)


def own_secret(path: Path) -> str:
    """Read the key file; the first process to come makes it, whole, for its owner only."""
    if not path.exists():
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        aside.touch(mode=0o600)
        aside.write_text(secrets.token_hex(32))
        try:
            os.link(aside, path)  # unlike a rename, a link never replaces the key another process has just made
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_text().strip()
