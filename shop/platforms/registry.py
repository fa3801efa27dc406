"""The platforms that Pult knows. Adding one is its folder and one line here."""

from shop.errors import ShopError
from shop.languages import gettext as _
from shop.platforms.platform import Platform
from shop.platforms.shoptet.platform import SHOPTET

PLATFORMS = {
    known.name: known
    for known in (
        SHOPTET,
    )
}  # fmt: skip


def platform(name: str) -> Platform:
    """Return the platform by the name that a shop is stored with."""
    if name not in PLATFORMS:
        raise ShopError(
            _(
                "“%(name)s” is no platform that Pult can read. Nothing was changed; it knows %(known)s.",
                name=name,
                known=", ".join(PLATFORMS),
            )
        )
    return PLATFORMS[name]
