"""Signed-in browsers: a secret in the cookie, its hash in the table, an end that the server decides."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.engine import CursorResult

from shop.db import db
from shop.settings import values
from shop.shops.models import Shop
from shop.staff.models import Person, SignIn
from shop.staff.queries import MAY_SEE, NUMBER

IDLE = timedelta(hours=12)  # unused for so long, a session ends
LONGEST = timedelta(days=14)  # however busy, a session ends after this
SEEN_EVERY = timedelta(minutes=5)  # `seen_at` is written no more often than this
PROVED_FOR = timedelta(minutes=10)  # so long after the password was given it is not asked for again
KEPT = timedelta(days=30)  # an ended session, for whoever asks where somebody was signed in
BROWSER_WORDS = 200  # of the user agent that are kept


@dataclass(frozen=True)
class Live:
    """What one look at a session's secret finds: whose it is, and what two of its moments mean now."""

    person: Person
    is_due: bool  # its use is to be noted again
    is_proved: bool  # the password was given a short while ago
    shops: dict[Shop, int]  # that they may see, in the order of connection, each with its number among all


def hashed(secret: str) -> bytes:
    """Return what the tables keep of a secret; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).digest()


def open_session(person: Person, address: str | None, browser: str) -> str:
    """Add a session for the person and return its secret, which exists nowhere else. Those of long ago go."""
    secret = secrets.token_urlsafe(32)
    db.session.execute(delete(SignIn).where(SignIn.staff_id == person.id, SignIn.expires_at < func.now() - KEPT))
    person.last_seen_at = func.now()
    db.session.add(
        SignIn(
            token_hash=hashed(secret),
            staff_id=person.id,
            expires_at=func.now() + LONGEST,
            proved_at=func.now(),
            address=address,
            browser=browser[:BROWSER_WORDS],
        )
    )
    return secret


def live() -> tuple[ColumnElement[bool], ...]:
    """Return what makes a session one that still counts, by the database's clock."""
    now = func.now()
    return (SignIn.ended_at.is_(None), SignIn.expires_at > now, SignIn.seen_at > now - IDLE)


OPENED = (  # put together once: it is asked for with every page
    select(
        Person,
        SignIn.seen_at < func.now() - SEEN_EVERY,
        func.coalesce(SignIn.proved_at > func.now() - PROVED_FOR, False),
        values.version(),
        Shop,
        NUMBER,
    )
    .join(SignIn, SignIn.staff_id == Person.id)
    .outerjoin(Shop, MAY_SEE)
    .where(SignIn.token_hash == bindparam("secret"), Person.state == "active", *live())
    .order_by(Shop.id)
)


def found(secret: str) -> Live | None:
    """Return the live session that this secret opens, in one statement: a key of the sessions and one of the people.

    The person's shops come along, which every page asks for, and the version of the settings.
    """
    rows = db.session.execute(OPENED, {"secret": hashed(secret)}).all()
    if not rows:
        return None
    person, is_due, is_proved, version = rows[0][:4]
    values.note_version(version)
    return Live(person, is_due, is_proved, {row[4]: row[5] for row in rows if row[4] is not None})


def note_use(secret: str) -> bool:
    """Move the idle limit, at most once in a few minutes; return whether anything was written."""
    used = (
        update(SignIn)
        .where(SignIn.token_hash == hashed(secret), SignIn.seen_at < func.now() - SEEN_EVERY)
        .values(seen_at=func.now())
        .returning(SignIn.staff_id)
    )
    staff_id = db.session.scalar(used)
    if staff_id is None:
        return False
    db.session.execute(update(Person).where(Person.id == staff_id).values(last_seen_at=func.now()))
    return True


def note_proof(secret: str) -> None:
    """Keep that the password was given just now."""
    db.session.execute(update(SignIn).where(SignIn.token_hash == hashed(secret)).values(proved_at=func.now()))


def rotated(secret: str) -> str:
    """Give a session another secret: what the old cookie opened stays open only to the new one."""
    fresh = secrets.token_urlsafe(32)
    db.session.execute(update(SignIn).where(SignIn.token_hash == hashed(secret)).values(token_hash=hashed(fresh)))
    return fresh


def live_sessions(person: Person) -> Sequence[SignIn]:
    """Return where the person is signed in, the last used first."""
    theirs = select(SignIn).where(SignIn.staff_id == person.id, *live())
    return db.session.scalars(theirs.order_by(SignIn.seen_at.desc(), SignIn.created_at.desc())).all()


def end_session(secret: str) -> None:
    db.session.execute(update(SignIn).where(SignIn.token_hash == hashed(secret)).values(ended_at=func.now()))


def end_sessions(person: Person, but: str | None = None) -> int:
    """End every live session of a person, except the one with this secret, and return how many there were."""
    others = () if but is None else (SignIn.token_hash != hashed(but),)
    ended = update(SignIn).where(SignIn.staff_id == person.id, *live(), *others).values(ended_at=func.now())
    result = db.session.execute(ended)
    assert isinstance(result, CursorResult)
    return result.rowcount
