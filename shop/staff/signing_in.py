"""Signing in: counted, verified with equal work for everybody, told in one sentence that betrays nothing."""

from http import HTTPStatus

from shop.audit.recording import Action, Actor, act_as, record
from shop.errors import ShopError
from shop.formatting import duration, plural
from shop.staff.models import Person
from shop.staff.passwords import is_outdated, is_password, password_hash
from shop.staff.queries import person_by_email
from shop.staff.throttle import PER_ACCOUNT, Allowance, throttle

LONGEST_EMAIL = 254
NORMAL_PAUSE = duration(PER_ACCOUNT[0].get_expiry())


class SignInRefused(ShopError):
    """The e-mail or the password is wrong, which of them is not said."""

    status = HTTPStatus.UNAUTHORIZED


class TooManyTries(ShopError):
    """The password was not even looked at."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, pause: int) -> None:
        super().__init__(
            "There were too many tries for this account or from this address. Nothing was changed; "
            f"the next try is possible in {duration(pause)}."
        )
        self.pause = pause  # seconds


def whose(email: str, password: str, address: str, browser: str) -> Person:
    """Return who signs in, and record it. Raises SignInRefused (recorded as well) or TooManyTries.

    The caller commits in both cases.
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
        raise SignInRefused(f"The e-mail or the password is not right. {what_is_left(allowance)}")
    welcome(person, password, browser)
    return person


def welcome(person: Person, password: str, browser: str) -> None:
    """Forget the tries, renew an outdated hash while the password is at hand, record."""
    throttle().forgive(person.email)
    if is_outdated(person.password_hash or ""):
        person.password_hash = password_hash(password)
    act_as(Actor(person.email, person.id))
    record(Action.SIGNED_IN, person.email, browser=browser)


def what_is_left(allowance: Allowance) -> str:
    if allowance.tries_left == 0:
        return f"That was the last try for now; the next is possible in {NORMAL_PAUSE}."
    left = "is" if allowance.tries_left == 1 else "are"
    return f"{plural(allowance.tries_left, 'try', 'tries')} {left} left before a pause of {NORMAL_PAUSE}."
