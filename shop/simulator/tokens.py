"""The two ways into a shop: a private token that does not end, or an addon's tokens of thirty minutes."""

import hashlib
from datetime import datetime, timedelta
from threading import Lock

from shop.simulator.answers import Refusal
from shop.simulator.clock import Clock

LIFE = timedelta(minutes=30)
MOST_VALID = 5


class TokenRefused(Exception):
    """The token endpoint refuses, in words of its own outside the envelope."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class Tokens:
    """The tokens of one shop. They follow from its name and seed: nothing real is behind them."""

    def __init__(self, slug: str, seed: int, eshop_id: int, clock: Clock) -> None:
        self.clock = clock
        self.eshop_id = eshop_id
        self.private = f"{eshop_id}-p-{seed}-{digits(slug, seed, 'private')[:40]}"
        self.oauth = "".join(digits(slug, seed, f"oauth {part}") for part in range(4))[:255]
        self.given: dict[str, datetime] = {}  # access tokens, and when they end
        self.number = 0
        self.lock = Lock()

    def renew(self, oauth: str) -> str:
        """Return a new access token for the addon's own one."""
        with self.lock:
            if oauth != self.oauth:
                raise TokenRefused(401, "invalid_token")
            now = self.clock.now()
            if sum(end > now for end in self.given.values()) >= MOST_VALID:
                raise TokenRefused(429, "maximum_tokens_reached")
            self.number += 1
            token = f"{self.eshop_id}-a-{self.number}-{digits(self.oauth, self.number, 'access')[:36]}"
            self.given[token] = now + LIFE
            return token

    def knows(self, token: str) -> bool:
        return token == self.private or token in self.given

    def check(self, token: str) -> None:
        """Refuse an access token that has ended."""
        end = self.given.get(token)
        if end is not None and end <= self.clock.now():
            raise Refusal(401, "expired-token", "Token expired.", "api-token")

    def revoke(self) -> None:
        """End all access tokens at once, as a merchant can."""
        with self.lock:
            self.given = dict.fromkeys(self.given, self.clock.now())


def digits(word: str, number: int, purpose: str) -> str:
    return hashlib.sha256(f"{purpose} {word} {number}".encode()).hexdigest()
