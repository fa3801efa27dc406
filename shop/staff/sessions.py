"""Signed-in browsers: a secret in the cookie, its hash in the table, an end that the server decides."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.engine import CursorResult

from shop.db import db
from shop.staff.models import Person, SignIn

IDLE = timedelta(hours=12)  # unused for so long, a session ends
LONGEST = timedelta(days=14)  # however busy, a session ends after this
SEEN_EVERY = timedelta(minutes=1)  # `seen_at` is written no more often than this
KEPT = timedelta(days=30)  # an ended session, for whoever asks where somebody was signed in
BROWSER_WORDS = 200  # of the user agent that are kept


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
            address=address,
            browser=browser[:BROWSER_WORDS],
        )
    )
    return secret


def live() -> tuple[ColumnElement[bool], ...]:
    """Return what makes a session one that still counts, by the database's clock."""
    now = func.now()
    return (SignIn.ended_at.is_(None), SignIn.expires_at > now, SignIn.seen_at > now - IDLE)


def person_of(secret: str) -> Person | None:
    """Return whose live session this secret opens."""
    found = select(Person).join(SignIn, SignIn.staff_id == Person.id)
    return db.session.scalar(found.where(SignIn.token_hash == hashed(secret), Person.state == "active", *live()))


def note_use(secret: str) -> bool:
    """Move the idle limit, at most once a minute; return whether anything was written."""
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


def end_session(secret: str) -> None:
    db.session.execute(update(SignIn).where(SignIn.token_hash == hashed(secret)).values(ended_at=func.now()))


def end_sessions(person: Person) -> int:
    """End every live session of a person and return how many there were."""
    ended = update(SignIn).where(SignIn.staff_id == person.id, *live()).values(ended_at=func.now())
    result = db.session.execute(ended)
    assert isinstance(result, CursorResult)
    return result.rowcount
