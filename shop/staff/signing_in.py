"""Signing in: counted, verified with equal work for everybody, told in one sentence that betrays nothing."""

import hashlib
import time
from http import HTTPStatus

from shop.audit.recording import Action, Actor, act_as, record
from shop.db import db
from shop.errors import ShopError
from shop.formatting import duration
from shop.languages import gettext as _
from shop.languages import ngettext
from shop.staff.models import Person
from shop.staff.passwords import is_outdated, is_password, password_hash
from shop.staff.queries import person_by_email
from shop.staff.second_factor import accepted
from shop.staff.throttle import PER_ACCOUNT, Allowance, throttle

LONGEST_EMAIL = 254
HALFWAY_FOR = 5 * 60  # seconds between the password and the code
NORMAL_PAUSE = duration(PER_ACCOUNT[0].get_expiry())


class SignInRefused(ShopError):
    """The e-mail or the password is wrong, which of them is not said."""

    status = HTTPStatus.UNAUTHORIZED


class TooManyTries(ShopError):
    """The password was not even looked at."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, pause: int) -> None:
        super().__init__(
            _(
                "There were too many tries for this account or from this address. Nothing was changed; the next try is possible in %(duration)s.",
                duration=duration(pause),
            )
        )
        self.pause = pause  # seconds


def whose(email: str, password: str, address: str, browser: str) -> Person:
    """Return whose password this is. Raises SignInRefused (recorded as well) or TooManyTries.

    With a second factor they are recorded as asked for its code, otherwise as signed in. The caller commits in every case.
    """
    email = email.replace("\x00", "").strip()[:LONGEST_EMAIL]
    allowance = throttle().take(email, address)
    if allowance.pause:
        raise TooManyTries(allowance.pause)
    person = person_by_email(email)
    fits = is_password(person.password_hash if person else None, password)
    if person is None or not fits or person.state != "active":
        reason = "unknown e-mail" if person is None else "wrong password" if not fits else "deactivated"
        record(Action.SIGN_IN_REFUSED, email, reason=reason, tries_left=allowance.tries_left)
        raise SignInRefused(
            _("The e-mail or the password is not right. %(what_is_left)s", what_is_left=what_is_left(allowance))
        )
    if is_outdated(person.password_hash or ""):
        person.password_hash = password_hash(password)  # renewed while the password is at hand
    act_as(Actor(person.email, person.id))
    if person.factor_since is None:
        welcome(person, browser, factor=None)
    else:
        record(Action.CODE_ASKED, person.email, browser=browser)
    return person


def with_code(person: Person, typed: str, address: str, browser: str) -> None:
    """Let somebody in who has given the password and now a code. Raises SignInRefused (recorded as well) or TooManyTries."""
    allowance = throttle().take(codes_of(person), address)
    if allowance.pause:
        raise TooManyTries(allowance.pause)
    factor = accepted(person, typed)
    if factor is None:
        record(Action.SIGN_IN_REFUSED, person.email, reason="wrong code", tries_left=allowance.tries_left)
        raise SignInRefused(
            _("The code is not right, or it was used already. %(what_is_left)s", what_is_left=what_is_left(allowance))
        )
    act_as(Actor(person.email, person.id))
    welcome(person, browser, factor)


def welcome(person: Person, browser: str, factor: str | None) -> None:
    """Forget the tries and record."""
    throttle().forgive(person.email)
    throttle().forgive(codes_of(person))
    record(Action.SIGNED_IN, person.email, browser=browser, factor=factor)


def codes_of(person: Person) -> str:
    """Return the account under which tries of codes are counted, beside those of passwords."""
    return f"codes of {person.id}"


def halfway(person: Person) -> list[int | str]:
    """Return what a browser keeps, signed, between password and code: who, when, and with which password."""
    return [person.id, int(time.time()), fingerprint(person)]


def who_is_halfway(kept: object) -> Person | None:
    """Return who has given the password a few minutes ago, as long as it is still theirs."""
    if not (isinstance(kept, list) and len(kept) == 3 and time.time() - kept[1] < HALFWAY_FOR):
        return None
    person = db.session.get(Person, kept[0])
    is_theirs = person is not None and person.state == "active" and person.factor_since is not None
    return person if person and is_theirs and fingerprint(person) == kept[2] else None


def fingerprint(person: Person) -> str:
    return hashlib.sha256((person.password_hash or "").encode()).hexdigest()[:16]


def what_is_left(allowance: Allowance) -> str:
    if allowance.tries_left == 0:
        return _("That was the last try for now; the next is possible in %(pause)s.", pause=NORMAL_PAUSE)
    return ngettext(
        "%(num)s\u00a0try is left before a pause of %(pause)s.",
        "%(num)s\u00a0tries are left before a pause of %(pause)s.",
        allowance.tries_left,
        pause=NORMAL_PAUSE,
    )
