"""Access tokens that do not live long: kept where every worker finds them, renewed by one of them at a time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

EARLY = timedelta(seconds=90)  # a token is renewed this long before its end


@dataclass(frozen=True)
class AccessToken:
    value: str = field(repr=False)
    expires_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        return now < self.expires_at - EARLY


class TokenStore(Protocol):
    """Where the access token of one shop is kept."""

    def current(self) -> AccessToken | None:
        """Return the token as it is kept, also an old one; None where there is none."""

    def refreshed(self, failed: str | None, fetch: Callable[[], AccessToken]) -> AccessToken:
        """Return a token that is fresh and is not `failed`, fetching a new one only if nobody else has.

        One caller at a time, over all processes: lock, read again, fetch if what is kept is old or is the very token
        that failed, keep, unlock. What `fetch` raises goes on to the caller, and nothing is kept.
        """


class MemoryTokens:
    """A store for one process: commands before a shop has a row, and tests."""

    def __init__(self, now: Callable[[], datetime], token: AccessToken | None = None) -> None:
        self.now = now
        self.token = token
        self.lock = threading.Lock()

    def current(self) -> AccessToken | None:
        return self.token

    def refreshed(self, failed: str | None, fetch: Callable[[], AccessToken]) -> AccessToken:
        with self.lock:
            if self.token is None or self.token.value == failed or not self.token.is_fresh(self.now()):
                self.token = fetch()
            return self.token
