"""Whoever is signed in shows once more that it is them, before something that cannot be taken lightly."""

from http import HTTPStatus

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.staff.models import Person
from shop.staff.passwords import is_password
from shop.staff.signing_in import TooManyTries, what_is_left
from shop.staff.throttle import throttle


class WrongPassword(ShopError):
    """The password is not that of the person who is signed in."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, message: str, tries_left: int) -> None:
        super().__init__(message)
        self.tries_left = tries_left


def confirm(person: Person, password: str, address: str) -> None:
    """Return if the password is the person's. Raises WrongPassword or TooManyTries; tries count as those of a sign-in do."""
    allowance = throttle().take(person.email, address)
    if allowance.pause:
        raise TooManyTries(allowance.pause)
    if not is_password(person.password_hash, password):
        raise WrongPassword(
            _("This is not your password. %(what_is_left)s", what_is_left=what_is_left(allowance)), allowance.tries_left
        )
    throttle().forgive(person.email)
