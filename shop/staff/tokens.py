"""Personal tokens: a program reads `.json` and `.csv` as its person, with that person's role and shops, and nothing else."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import request
from sqlalchemy import func, select, update

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.settings import values
from shop.staff.models import Person, PersonalToken
from shop.staff.sessions import hashed

MARK = "pult_"
SHOWN = 12  # letters by which people tell tokens apart: the mark and seven more, of 43
PATHS = (".json", ".csv")
USED_EVERY = timedelta(hours=1)  # `last_used_at` is written no more often than this
DAYS = (30, 90, 365)  # how long a token may live
LONGEST_NAME = 60
HIGHEST_ID = 2**63 - 1
MOST = 20  # live tokens of one person
OF_COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Found:
    """A token that opens this address, and whose it is."""

    person: Person
    is_due: bool  # its use is to be noted again


@dataclass(frozen=True)
class Refused:
    """Why a token opens nothing here; `person` where it is somebody's."""

    reason: str
    prefix: str
    person: Person | None = None


def carried() -> str | None:
    """Return the token that the request carries, if it carries one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme == "Bearer" else None


def found(token: str) -> Found | Refused:
    """Return whose token this is, or why it opens nothing at this address."""
    now = func.now()
    is_due = func.coalesce(PersonalToken.last_used_at < now - USED_EVERY, True)
    query = select(
        Person, PersonalToken.revoked_at.is_not(None), PersonalToken.expires_at <= now, is_due, values.version()
    )
    row = db.session.execute(
        query.join(PersonalToken, PersonalToken.staff_id == Person.id).where(PersonalToken.token_hash == hashed(token))
    ).first()
    prefix = token[:SHOWN] if token.startswith(MARK) else ""
    if row is None:
        return Refused("unknown", prefix)
    person, is_revoked, is_expired, due, version = row
    values.note_version(version)
    reasons = {
        "revoked": is_revoked,
        "expired": is_expired,
        "person deactivated": person.state != "active",
        "a token only reads": request.method not in {"GET", "HEAD"},
        "not an address for programs": not request.path.endswith(PATHS),
    }
    reason = next((words for words, holds in reasons.items() if holds), None)
    return Refused(reason, prefix, person) if reason else Found(person, due)


def note_use(token: str | None) -> bool:
    """Keep that the token was used, at most once an hour; return whether anything was written."""
    if token is None:
        return False
    due = func.coalesce(PersonalToken.last_used_at < func.now() - USED_EVERY, True)
    used = update(PersonalToken).where(PersonalToken.token_hash == hashed(token), due).values(last_used_at=func.now())
    return db.session.scalar(used.returning(PersonalToken.id)) is not None


def make(person: Person, name: str, days: int) -> str:
    """Return a new token, which exists nowhere else."""
    name = " ".join(name.split())[:LONGEST_NAME]
    if not name:
        raise ShopError(_("A token needs a name that says what it is for. No token was made."))
    if days not in DAYS:
        raise ShopError(
            _(
                "A token lives for %(days)s or %(days2)s days. No token was made.",
                days=", ".join(map(str, DAYS[:-1])),
                days2=DAYS[-1],
            )
        )
    if len(live_tokens(person)) >= MOST:
        raise ShopError(
            _("There are %(most)s tokens already. No token was made; revoke one that is no longer used.", most=MOST)
        )
    token = f"{MARK}{secrets.token_urlsafe(32)}"
    db.session.add(
        PersonalToken(
            staff_id=person.id,
            name=name,
            prefix=token[:SHOWN],
            token_hash=hashed(token),
            expires_at=func.now() + timedelta(days=days),
        )
    )
    record(Action.STAFF_TOKEN_MADE, person.email, name=name, prefix=token[:SHOWN], days=days)
    return token


def live_tokens(person: Person) -> Sequence[PersonalToken]:
    """Return the tokens that work, the newest first."""
    theirs = select(PersonalToken).where(PersonalToken.staff_id == person.id, PersonalToken.revoked_at.is_(None))
    return db.session.scalars(
        theirs.where(PersonalToken.expires_at > func.now()).order_by(PersonalToken.id.desc())
    ).all()


def token_of(person: Person, token_id: int) -> PersonalToken | None:
    """Return one of the person's own tokens that is not revoked."""
    if token_id > HIGHEST_ID:
        return None
    query = select(PersonalToken).where(PersonalToken.id == token_id, PersonalToken.staff_id == person.id)
    return db.session.scalar(query.where(PersonalToken.revoked_at.is_(None)))


def revoke(person: Person, token: PersonalToken) -> None:
    token.revoked_at = func.now()
    record(Action.STAFF_TOKEN_REVOKED, person.email, name=token.name, prefix=token.prefix)


def revoke_named(person: Person, name: str) -> int:
    """Revoke the tokens of this name and return how many there were."""
    named = [token for token in live_tokens(person) if token.name == name]
    for token in named:
        revoke(person, token)
    return len(named)


def revoke_all(person: Person) -> int:
    """Revoke every token of the person without an entry of its own, and return how many there were."""
    live = live_tokens(person)
    for token in live:
        token.revoked_at = func.now()
    return len(live)
