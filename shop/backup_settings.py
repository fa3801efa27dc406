"""What the environment says of the backups: who may open what leaves this machine, and where else copies lie."""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

FEWEST_RECIPIENTS = 2  # one key that is lost would lose every copy
SECRET_KEY = "AGE-SECRET-KEY-"  # noqa: S105 - how the line of an identity begins
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
REGION = re.compile(r"[a-z0-9-]{1,40}")
NO_BUCKET = "write it as https://s3.example.com/bucket/prefix?region=eu-central-1"


class BadSetting(Exception):
    """A variable cannot be used; the sentence names it, and never holds a secret."""


@dataclass(frozen=True)
class Bucket:
    """A bucket of an S3-compatible store, addressed by path. `prefix` has no slash at its ends, and may be empty."""

    endpoint: str  # scheme, host and port
    name: str
    prefix: str
    region: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Target:
    """Where else copies lie, under a name that people say. `place` tells where that is, without secrets."""

    name: str
    place: str
    folder: Path | None = None
    bucket: Bucket | None = None


def recipients(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the recipients of age, any one of whose identities opens a copy; none, where copies are not encrypted."""
    given = environ.get("PULT_BACKUP_RECIPIENTS")
    if given is None:
        return ()
    words = tuple(word.strip() for word in given.split(","))
    for number, word in enumerate(words, 1):
        if word.upper().startswith(SECRET_KEY):
            raise BadSetting(
                "PULT_BACKUP_RECIPIENTS holds a secret key, which opens every copy. Take it out of the environment, "
                "and write the recipient there that belongs to it: `age-keygen -y` prints it."
            )
        if not is_recipient(word):
            raise BadSetting(
                f"PULT_BACKUP_RECIPIENTS cannot be used: number {number} of {len(words)} is no recipient of age. "
                "Write them as in age1…,age1…; `age-keygen` prints one with each new key."
            )
    if len(set(words)) < FEWEST_RECIPIENTS:
        raise BadSetting(
            "PULT_BACKUP_RECIPIENTS names a single recipient: with its key, every copy would be lost. "
            "Name a second one, whose key is kept elsewhere, or unset it to leave copies as they are."
        )
    return words


def is_recipient(word: str) -> bool:
    pyrage = importlib.import_module("pyrage")  # only who encrypts has to load it
    try:
        pyrage.x25519.Recipient.from_str(word)
    except pyrage.RecipientError:
        return False
    return True


def identity(environ: Mapping[str, str]) -> Path | None:
    """Return the file whose keys open copies, for installations that look into what they have sent."""
    given = environ.get("PULT_BACKUP_IDENTITY")
    if given is None:
        return None
    path = Path(given)
    if not given.strip() or not path.is_file():
        raise BadSetting(
            "PULT_BACKUP_IDENTITY names no file. Write the path of a file that `age-keygen` has made, or unset it: "
            "copies are made and checked without it as well."
        )
    return path


def targets(environ: Mapping[str, str]) -> tuple[Target, ...]:
    given = environ.get("PULT_BACKUP_TARGETS")
    if given is None:
        return ()
    found = tuple(target(environ, *word.strip().partition("=")[::2]) for word in given.split(","))
    names = [one.name for one in found]
    places = [one.place for one in found]
    for values, noun in ((names, "name"), (places, "place")):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice:
            raise BadSetting(f"PULT_BACKUP_TARGETS has the {noun} {twice} twice. Each target needs its own.")
    return found


def target(environ: Mapping[str, str], name: str, address: str) -> Target:
    if not NAME.fullmatch(name) or not address:
        raise BadSetting(
            f"PULT_BACKUP_TARGETS cannot be used: {name[:40]!r} is no name with its place. Write targets as in "
            "nas=/mnt/nas/pult,offsite=https://s3.example.com/bucket/prefix?region=eu-central-1; names are small letters and digits."
        )
    if address.startswith("/"):
        return Target(name, str(Path(address)), folder=Path(address))
    found = bucket(environ, name, address)
    return Target(name, "/".join(filter(None, (found.endpoint, found.name, found.prefix))), bucket=found)


def bucket(environ: Mapping[str, str], name: str, address: str) -> Bucket:
    parts = split(name, address)
    bucket_name, _, prefix = parts.path.strip("/").partition("/")
    asked = parse_qs(parts.query)
    region = asked.pop("region", [""])[-1]
    if asked or not REGION.fullmatch(region):
        raise wrong(name, "it names no region, or more than that")
    if not BUCKET_NAME.fullmatch(bucket_name):
        raise wrong(name, "it names no bucket")
    if prefix and (not PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise wrong(name, "its prefix may have letters, digits and _ . - between single slashes")
    key, secret = (credential(environ, kind, name) for kind in ("KEY", "SECRET"))
    return Bucket(f"{parts.scheme}://{parts.netloc}", bucket_name, prefix, region, key, secret)


def split(name: str, address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        readable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise wrong(name, "it cannot be read as an address") from None
    if parts.scheme not in ("http", "https") or not readable:
        raise wrong(name, "it is neither the path of a folder nor an address")
    if parts.username or parts.password or parts.fragment:
        raise wrong(
            name,
            f"keys do not belong into an address; put them into {variable('KEY', name)} and {variable('SECRET', name)}",
        )
    return parts


def credential(environ: Mapping[str, str], kind: str, name: str) -> str:
    given = environ.get(variable(kind, name), "")
    if not given or given.strip() != given:
        raise BadSetting(
            f"{variable(kind, name)} is {'empty or missing' if not given.strip() else 'framed by blanks'}; the target {name} of "
            "PULT_BACKUP_TARGETS needs it. Set it, or take the target out."
        )
    return given


def variable(kind: str, name: str) -> str:
    """Return the variable that carries the key or the secret of a target: PULT_BACKUP_KEY_OFFSITE."""
    return f"PULT_BACKUP_{kind}_{name.upper().replace('-', '_')}"


def wrong(name: str, why: str) -> BadSetting:
    return BadSetting(f"The place of the target {name} in PULT_BACKUP_TARGETS cannot be used: {why}; {NO_BUCKET}.")
