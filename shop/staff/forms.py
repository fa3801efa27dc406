"""What the sign-in page hands in, and where it may send somebody afterwards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LONGEST_PATH = 2000
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


def local_path(given: str) -> str:
    """Return the path if it stays on this site, otherwise the overview."""
    if not given.startswith("/") or given.startswith("//") or len(given) > LONGEST_PATH or TURNED.search(given):
        return "/"
    parts = urlsplit(given)
    if parts.scheme or parts.netloc or parts.path in {"/sign-in", "/sign-out"}:
        return "/"
    return given
