"""What a person hands in so that a platform lets us in: a private token, or an addon's token and where it is exchanged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shop.errors import ShopError
from shop.languages import gettext as _

TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")  # it travels in a header


class Misstated(ShopError):
    """A value that cannot be used. `name` is that of the field or option it stood in."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True)
class Credentials:
    """As they were handed in, unchecked. Never shown again."""

    token: str = field(default="", repr=False)
    oauth_token: str = field(default="", repr=False)
    token_url: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Credentials":
        return cls(*(values.get(name, "").strip() for name in ("token", "oauth_token", "token_url")))

    def checked(self, kept: str, url: str) -> dict[str, str]:
        """Return what the platform's client needs, nothing where nothing was handed in. `url` is the checked address."""
        if self.token and self.oauth_token:
            raise Misstated(
                "token",
                _("There are two tokens, a private one and an addon's. %(kept)s Hand in one of them.", kept=kept),
            )
        for name, given in (("token", self.token), ("oauth_token", self.oauth_token)):
            if given and not TOKEN.fullmatch(given):
                raise Misstated(
                    name,
                    _(
                        "The token holds spaces or signs that no token has. %(kept)s Copy it whole, and nothing else.",
                        kept=kept,
                    ),
                )
        if bool(self.oauth_token) != bool(url):
            raise Misstated(
                "token_url",
                _(
                    "An addon's token and the address where it is exchanged belong together. %(kept)s Hand in both.",
                    kept=kept,
                ),
            )
        if self.oauth_token:
            return {"oauth_token": self.oauth_token, "token_url": url}
        return {"token": self.token} if self.token else {}
