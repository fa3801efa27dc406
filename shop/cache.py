"""The cache in front of slow-changing answers: JSON on Redis. Redis away, or full of garbage, is only a cache miss."""

import json
import time
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask
from flask_caching import Cache
from flask_caching.backends.rediscache import RedisCache
from redis import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

PATIENCE = 1.0  # seconds that Redis has to answer; what it would have said is then asked of the database
SILENCE = 5.0  # seconds that it is not asked again after it has not answered, so that a page waits for it once
log = structlog.get_logger()
cache = Cache()


class JSONSerializer:
    """Values as JSON. Whoever can write to Redis can then change a value, but not run code."""

    def dumps(self, value: object) -> bytes:
        return json.dumps(value).encode()

    def loads(self, bvalue: bytes | None) -> Any:
        """Return the value, or None (a miss) for anything that is not our JSON."""
        if bvalue is None:
            return None
        try:
            return json.loads(bvalue)
        except (ValueError, RecursionError):  # no JSON, or nested so deeply that only malice writes it
            return None


class JSONRedisCache(RedisCache):
    """Flask-Caching's Redis backend with JSON values, that never fails a request."""

    serializer = JSONSerializer()  # type: ignore[assignment]  # cachelib names its pickle class as the type
    silent_until = 0.0  # on the monotonic clock; who was waited for in vain is left alone for a moment

    def get(self, key: str) -> Any:
        if self.is_silent:
            return None
        try:
            return super().get(key)
        except RedisError as error:
            self.note(error)
            return None

    def set(self, key: str, value: Any, timeout: int | timedelta | None = None) -> bool | None:
        if self.is_silent:
            return False
        try:
            return bool(super().set(key, value, timeout))
        except RedisError as error:
            self.note(error)
            return False

    @property
    def is_silent(self) -> bool:
        return time.monotonic() < self.silent_until

    def note(self, error: RedisError) -> None:
        if isinstance(error, RedisTimeout):  # a refusal comes at once, and costs nothing to be asked for again
            self.silent_until = time.monotonic() + SILENCE
        log.warning("cache_unavailable", error=str(error))


def register(app: Flask) -> None:
    cache.init_app(app)
    url = app.config["CACHE_REDIS_URL"]
    app.extensions["impatient_redis"] = Redis.from_url(
        url, **app.config["CACHE_OPTIONS"]
    )  # for what a page can do without
