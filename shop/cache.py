"""The cache in front of slow-changing answers: JSON on Redis. Redis away, or full of garbage, is only a cache miss."""

import json
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask
from flask_caching import Cache
from flask_caching.backends.rediscache import RedisCache
from redis.exceptions import RedisError

PATIENCE = 1.0  # seconds that Redis has to answer; what it would have said is then asked of the database
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

    def get(self, key: str) -> Any:
        try:
            return super().get(key)
        except RedisError as error:
            log.warning("cache_unavailable", error=str(error))
            return None

    def set(self, key: str, value: Any, timeout: int | timedelta | None = None) -> bool | None:
        try:
            return bool(super().set(key, value, timeout))
        except RedisError as error:
            log.warning("cache_unavailable", error=str(error))
            return False


def register(app: Flask) -> None:
    cache.init_app(app)
