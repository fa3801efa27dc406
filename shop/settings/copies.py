"""Copies of stored values outside the database: each of one version, sealed by its token, in this process and in Redis.

What is stored under a token never changes, so a copy is either of that version or worth nothing. Whoever is slow to fill
one fills the copy of an old version, which nobody asks for any more.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app

from shop.cache import cache
from shop.config import Config
from shop.sealing import derived

KEPT = 24 * 3600  # seconds; a version that is asked for again lies in each process anyway
INSTALLATION = 0  # instead of a shop's id


@dataclass(frozen=True)
class Stored:
    """What the installation, or one shop, has stored as of one version. `token` is None where there is no version yet."""

    token: str | None
    values: Mapping[str, Any]


OWN: dict[int, Stored] = {}  # by shop: the newest copy of this process


def own_copy(token: str, scope: int) -> Stored | None:
    """Return this process's copy of that version."""
    found = OWN.get(scope)
    return found if found is not None and found.token == token else None


def shared_copy(token: str, scope: int) -> Stored | None:
    """Return the copy in Redis, if it is there, of that version, and sealed by an installation that knows our key."""
    found = cache.get(name(token, scope))
    if not isinstance(found, dict) or not isinstance(found.get("values"), dict):
        return None
    if not hmac.compare_digest(str(found.get("seal")).encode(), seal(token, scope, found["values"]).encode()):
        return None
    return Stored(token, found["values"])


def keep(stored: Stored, scope: int, *, shared: bool) -> None:
    """Keep a copy in this process, and in Redis where that is the news."""
    if stored.token is None:
        return
    OWN[scope] = stored
    if shared:
        values = dict(stored.values)
        cache.set(
            name(stored.token, scope), {"values": values, "seal": seal(stored.token, scope, values)}, timeout=KEPT
        )


def name(token: str, scope: int) -> str:
    return f"settings:{token}:{scope}"


def seal(token: str, scope: int, values: Mapping[str, Any]) -> str:
    """Return what only an installation with our key can write beside these values of this version."""
    config: Config = current_app.extensions["pult"]
    text = json.dumps([token, scope, values], sort_keys=True).encode()
    return hmac.digest(derived(config.secret_key, "pult settings copies 1", 32), text, "sha256").hex()
