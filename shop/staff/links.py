"""One-time links: invitations and password resets. Signed, kept as hashes, used once, ended by whatever comes later."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlencode

from flask import current_app
from itsdangerous import BadSignature, Signer
from sqlalchemy import func, select, update

from shop.audit.recording import Action, Actor, act_as, record
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.languages import N_
from shop.languages import gettext as _
from shop.sealing import keys
from shop.staff.models import OneTimeLink, Person
from shop.staff.passwords import password_hash, weakness
from shop.staff.sessions import end_sessions, hashed
from shop.staff.throttle import throttle

SALT = "pult one-time link"


class Purpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


LIVES = {Purpose.INVITATION: timedelta(days=7), Purpose.RESET: timedelta(hours=24)}
LIVES_IN_WORDS = {Purpose.INVITATION: N_("7 days"), Purpose.RESET: N_("24 hours")}


class DeadLink(ShopError):
    """The link opens nothing: made up, used, expired, or a newer one or a new password came."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This link can no longer be used: it was used already, is too old, or a newer one was made. Nothing was changed; ask an owner for a new link."
            )
        )


@dataclass(frozen=True)
class Opened:
    """A link that can be used, and whose it is."""

    link: OneTimeLink
    person: Person


def make(person: Person, purpose: Purpose) -> str:
    """Return the path of a new link, which exists nowhere else; links made before it for the person end."""
    end(person)
    token = secrets.token_urlsafe(32)
    db.session.add(
        OneTimeLink(
            token_hash=hashed(token),
            staff_id=person.id,
            purpose=purpose.value,
            expires_at=func.now() + LIVES[purpose],
        )
    )
    record(Action.STAFF_LINK_MADE, person.email, purpose=purpose.value)
    return f"/choose-password?{urlencode({'link': signer().sign(token).decode()})}"


def base(config: Config) -> str:
    """Return what stands before a link's path: the public address, or this machine's own where there is none."""
    return config.base_url or f"http://127.0.0.1:{config.port}"


def end(person: Person) -> None:
    """Let no link that was made for the person open anything any more."""
    theirs = update(OneTimeLink).where(OneTimeLink.staff_id == person.id, OneTimeLink.used_at.is_(None))
    db.session.execute(theirs.where(OneTimeLink.ended_at.is_(None)).values(ended_at=func.now()))


def opened(signed: str) -> Opened:
    """Return the link as long as it can be used; looking uses nothing up. Raises DeadLink, recorded if the link was ours."""
    token = unsigned(signed)
    query = select(OneTimeLink, Person).join(Person, Person.id == OneTimeLink.staff_id)
    row = db.session.execute(
        query.where(
            OneTimeLink.token_hash == hashed(token),
            OneTimeLink.used_at.is_(None),
            OneTimeLink.ended_at.is_(None),
            OneTimeLink.expires_at > func.now(),
            Person.state == "active",
        )
    ).first()
    if row is None:
        record(Action.LINK_REFUSED, whose(token))
        raise DeadLink
    return Opened(row[0], row[1])


def choose_password(signed: str, password: str) -> Person:
    """Use the link up: set the password, end every session and every other link. Raises DeadLink, or ShopError for a weak one."""
    found = opened(signed)
    person = found.person
    weak = weakness(password, person.email)
    if weak:
        raise ShopError(_("%(weak)s Nothing was changed, and the link can still be used.", weak=weak))
    used = update(OneTimeLink).where(OneTimeLink.id == found.link.id, OneTimeLink.used_at.is_(None))
    used = used.where(OneTimeLink.ended_at.is_(None)).values(used_at=func.now()).returning(OneTimeLink.id)
    if db.session.scalar(used) is None:
        raise DeadLink  # somebody else was quicker
    person.password_hash = password_hash(password)
    end(person)
    throttle().forgive(person.email)
    act_as(Actor(person.email, person.id))
    record(Action.STAFF_PASSWORD_CHOSEN, person.email, purpose=found.link.purpose, sessions_ended=end_sessions(person))
    return person


def whose(token: str) -> str:
    """Return the e-mail that a dead link was made for."""
    query = select(Person.email).join(OneTimeLink, OneTimeLink.staff_id == Person.id)
    return db.session.scalar(query.where(OneTimeLink.token_hash == hashed(token))) or "a link that is gone"


def unsigned(signed: str) -> str:
    """Return what was signed; made-up links end here, before anything is looked up."""
    try:
        return signer().unsign(signed.encode()).decode()
    except (BadSignature, UnicodeError) as error:
        raise DeadLink from error


def signer() -> Signer:
    """Return the signer that knows the key in force and the one before it."""
    known = list(keys(current_app.extensions["pult"].secret_key))
    return Signer([str(key) for key in reversed(known)], salt=SALT, digest_method=hashlib.sha256)
