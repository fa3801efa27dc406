"""The platforms that Pult knows. Adding one is its folder and one line here."""

from shop.errors import ShopError
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
            f"“{name}” is no platform that Pult can read. Nothing was changed; it knows {', '.join(PLATFORMS)}."
        )
    return PLATFORMS[name]
