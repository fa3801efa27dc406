"""How often a sign-in may be tried: per account and per address, counted in Redis by all web processes together."""

import hashlib
import time
from dataclasses import dataclass
from math import ceil

import structlog
from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

log = structlog.get_logger()

PER_ACCOUNT = (RateLimitItemPerMinute(5, 15), RateLimitItemPerHour(20, 3))
PER_ADDRESS = (RateLimitItemPerMinute(30, 15), RateLimitItemPerHour(120, 3))  # an office shares one address
PER_REFUSED_TOKEN = (
    RateLimitItemPerMinute(20, 15),
)  # entries of the trail that one address may fill with made-up tokens
PATIENCE = 1.0  # seconds that Redis has to answer

Window = tuple[RateLimitItem, str]


@dataclass(frozen=True)
class Allowance:
    """The answer to a try: it may go on where `pause` is 0; then so many are left after it."""

    tries_left: int
    pause: int = 0  # seconds until the next try


class Throttle:
    """Counts a try before the password is looked at, so that many at once cannot slip through."""

    def __init__(self, redis_url: str) -> None:
        address = f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url
        self.shared = MovingWindowRateLimiter(
            RedisStorage(address, key_prefix="pult:tries", socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        )
        self.own = MovingWindowRateLimiter(MemoryStorage())  # while Redis is away each process counts for itself

    def take(self, email: str, address: str) -> Allowance:
        """Use up one try of the address and of the account."""
        return self.counted([*windows_of(address, PER_ADDRESS), *windows_of(account(email), PER_ACCOUNT)])

    def is_worth_an_entry(self, address: str) -> bool:
        """Tell whether one more made-up token from there is written down; a flood of them is not."""
        return not self.counted(windows_of(f"token {address}", PER_REFUSED_TOKEN)).pause

    def counted(self, windows: list[Window]) -> Allowance:
        try:
            return taken(self.shared, windows)
        except RedisError as error:
            log.warning("throttle_alone", error=str(error))
            return taken(self.own, windows)

    def forgive(self, email: str) -> None:
        """Forget an account's tries after its success. The address keeps its own: one account may not help to guess others."""
        for item, key in windows_of(account(email), PER_ACCOUNT):
            self.own.clear(item, key)
            try:
                self.shared.clear(item, key)
            except RedisError as error:
                log.warning("throttle_alone", error=str(error))


def account(email: str) -> str:
    """Return the key of what was typed as an e-mail, known or not; Redis never holds the words themselves."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def windows_of(key: str, items: tuple[RateLimitItem, ...]) -> list[Window]:
    return [(item, key) for item in items]


def taken(counter: MovingWindowRateLimiter, windows: list[Window]) -> Allowance:
    """Count the try in every window; the first that is full refuses it, and the later ones are not charged."""
    left = []
    for item, key in windows:
        passed = counter.hit(item, key)
        stats = counter.get_window_stats(item, key)
        if not passed:
            return Allowance(0, max(1, ceil(stats.reset_time - time.time())))
        left.append(stats.remaining)
    return Allowance(min(left))


def register(app: Flask, redis_url: str) -> None:
    app.extensions["sign_in_throttle"] = Throttle(redis_url)


def throttle() -> Throttle:
    known: Throttle = current_app.extensions["sign_in_throttle"]
    return known
