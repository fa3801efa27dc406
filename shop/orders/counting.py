"""Which statuses of a shop count as sales: what its setting leaves out, and without one what the platform proposes."""

from collections.abc import Collection, Mapping

from shop.platforms.registry import platform
from shop.settings.options import EXCLUDED_STATUSES
from shop.settings.values import value


def counted(shop_id: int, platform_name: str, codes: Collection[str]) -> dict[str, bool]:
    """Return whether orders in each of these statuses count as sales. Nobody is asked where there is none."""
    if not codes:
        return {}
    return decided(value(EXCLUDED_STATUSES, shop_id), platform_name, codes)


def decided(excluded: Collection[str] | None, platform_name: str, codes: Collection[str]) -> dict[str, bool]:
    if excluded is None:
        proposed = platform(platform_name).counted_by_default
        return {code: proposed(code) for code in codes}
    return {code: code not in excluded for code in codes}


def differing(wanted: Mapping[str, bool], there: Mapping[str, bool]) -> list[str]:
    """Return the codes that do not count as they should."""
    return sorted(code for code, counts in wanted.items() if there[code] != counts)
