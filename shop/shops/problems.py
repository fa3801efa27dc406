"""Why a shop cannot be fetched from until somebody mends it: kept with the shop, taken away once it is mended."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from shop.platforms.failures import (
    AddonNotInstalled,
    AddonSuspended,
    BadCredentials,
    ModuleMissing,
    NoRights,
    PlatformFailure,
    TokenExpired,
    WebhookMissing,
    WrongShop,
)
from shop.shops.models import Shop

LOCKED_OUT = (
    BadCredentials,
    AddonSuspended,
    AddonNotInstalled,
    WrongShop,
)  # nothing can be fetched, whatever is asked for
OF_THE_SHOP = (*LOCKED_OUT, NoRights, ModuleMissing, WebhookMissing)
SOFT_CODES = frozenset({WebhookMissing.code})  # the platform is asked all the same, only slower
LOCKED_OUT_CODES = frozenset(failure.code for failure in (*LOCKED_OUT, TokenExpired))


def mark(connection: psycopg.Connection[Any], shop_id: int, failure: PlatformFailure) -> bool:
    """Keep a failure that concerns the whole shop and will not pass by itself; any other is none of the shop's.

    The same problem keeps the time when it was first met. Returns whether it was kept.
    """
    if not isinstance(failure, OF_THE_SHOP):
        return False
    connection.execute(
        """UPDATE shops SET problem = %(sentence)s, problem_code = %(code)s,
               problem_at = CASE WHEN problem_code = %(code)s THEN problem_at ELSE now() END
           WHERE id = %(shop)s""",
        {"sentence": f"{failure.happened} {failure.mend}", "code": failure.code, "shop": shop_id},
    )
    return True


def disprove(connection: psycopg.Connection[Any], snapshot_id: int) -> None:
    """Take away what the success of a run disproves: an export was made, or its kind of record may be read after all.

    A right that is missing stays missing while another kind waits for it.
    """
    connection.execute(
        """UPDATE shops SET problem = NULL, problem_code = NULL, problem_at = NULL
           FROM snapshots s WHERE s.id = %(run)s AND shops.id = s.shop_id AND (
               (problem_code = %(webhook)s AND s.way = 'export')
               OR (problem_code = ANY(%(rights)s) AND s.way IS NOT NULL
                   AND EXISTS (SELECT 1 FROM failed_snapshots f WHERE f.shop_id = s.shop_id AND f.kind = s.kind
                               AND f.error_code = problem_code AND f.resolved_at IS NULL)
                   AND NOT EXISTS (SELECT 1 FROM failed_snapshots f WHERE f.shop_id = s.shop_id AND f.kind <> s.kind
                                   AND f.error_code = problem_code AND f.resolved_at IS NULL)))""",
        {"run": snapshot_id, "webhook": WebhookMissing.code, "rights": [NoRights.code, ModuleMissing.code]},
    )


def note(shop: Shop, code: str, sentence: str) -> None:
    """The same for a shop at hand; the caller commits."""
    if shop.problem_code != code:
        shop.problem_at = datetime.now(UTC)
    shop.problem_code, shop.problem = code, sentence


def locks_out(shop: Shop) -> bool:
    """Whether the shop's problem makes every call of its platform useless until somebody mends it."""
    return shop.problem_code in LOCKED_OUT_CODES


def keeps_from_asking(shop: Shop) -> bool:
    """Whether the shop is not asked by itself: paused, or with a problem that waits for a person."""
    return shop.state != "active" or (shop.problem is not None and shop.problem_code not in SOFT_CODES)


def clear(shop: Shop) -> None:
    """Take the problem away: it is mended. The caller commits."""
    shop.problem = shop.problem_code = shop.problem_at = None
