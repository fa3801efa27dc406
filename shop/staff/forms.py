"""What the pages of people hand in, and where somebody may be sent afterwards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.staff.permissions import Role

LONGEST_PATH = 2000
SEEN = {"shown": True, "masked": False}
TURNED = re.compile(r"[\x00-\x20\x7f\\]")  # browsers drop or turn these, so that /\host would become //host


@dataclass(frozen=True)
class SignInForm:
    """An e-mail, a password, and the local path that was wanted."""

    email: str
    password: str = field(repr=False)
    after: str = "/"

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "SignInForm":
        return cls(values.get("email", ""), values.get("password", ""), local_path(values.get("next", "")))


@dataclass(frozen=True)
class PersonForm:
    """Somebody as a form tells of them. `shops` are slugs."""

    email: str = ""
    name: str = ""
    role: str = Role.MANAGER.value
    shops: tuple[str, ...] = ()
    sees_personal: bool | None = None  # None: not said

    @classmethod
    def of(cls, values: MultiDict[str, str]) -> "PersonForm":
        email, name = (values.get(field, "").replace("\x00", "").strip() for field in ("email", "name"))
        return cls(
            email, name, values.get("role", ""), tuple(values.getlist("shops")), SEEN.get(values.get("personal", ""))
        )

    @property
    def wanted_role(self) -> Role:
        """Return the role. Raises ShopError for one that does not exist."""
        if self.role not in set(Role):
            raise ShopError(
                _("There is no role %(role)s. Nothing was changed; choose one of the list.", role=repr(self.role[:20]))
            )
        return Role(self.role)


@dataclass(frozen=True)
class PasswordForm:
    """A password that somebody chooses, typed twice."""

    password: str = field(repr=False)
    repeated: str = field(repr=False)

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "PasswordForm":
        return cls(values.get("password", ""), values.get("repeated", ""))

    @property
    def chosen(self) -> str:
        """Return the password. Raises ShopError where it was typed differently the second time."""
        if self.password != self.repeated:
            raise ShopError(_("The two passwords differ. Nothing was changed; type the new one twice."))
        return self.password


def local_path(given: str) -> str:
    """Return the path if it stays on this site, otherwise the overview."""
    if not given.startswith("/") or given.startswith("//") or len(given) > LONGEST_PATH or TURNED.search(given):
        return "/"
    parts = urlsplit(given)
    if parts.scheme or parts.netloc or parts.path in {"/sign-in", "/sign-in/code", "/sign-out", "/confirm"}:
        return "/"
    return given
