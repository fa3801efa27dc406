"""Calls Shoptet's API: one connection, below the limits, one envelope, short troubles waited out."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import msgspec
import structlog

from shop.platforms.exchanges import Answer, exchange
from shop.platforms.failures import (
    BadCredentials,
    Faltered,
    Locked,
    NotThere,
    PlatformFailure,
    TimedOut,
    TokenExpired,
    TooFast,
    Unreachable,
)
from shop.platforms.shoptet.authorization import Authorization
from shop.platforms.shoptet.envelope import Reply, envelope_of, read_reply, request_id
from shop.platforms.shoptet.pace import Pace
from shop.platforms.timing import Timing, http_date

TRIES = 4
UNTOUCHED = (TooFast, Locked, Unreachable)  # the platform has done nothing of what it was asked
PASSING = (*UNTOUCHED, TimedOut, Faltered)
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}  # Shoptet wants the first on every call
log = structlog.get_logger()


@dataclass(frozen=True)
class Call:
    """What is to be sent, and whether it may be sent again when nobody knows what became of it."""

    method: str
    path: str
    params: Mapping[str, str] | None = None
    content: bytes | None = None
    repeats: bool = True

    @property
    def place(self) -> str:
        return f"{self.method} {self.path}"


class Api:
    """One shop's API. Its calls go one after the other, whoever makes them."""

    def __init__(self, base: str, authorization: Authorization, client: httpx.Client, timing: Timing) -> None:
        self.base = base
        self.authorization = authorization
        self.client = client
        self.timing = timing
        self.pace = Pace(timing)
        self.lock = threading.Lock()
        self.skew: timedelta | None = None  # how far the platform's clock is ahead of ours
        self.deprecated: set[str] = set()

    def get(self, path: str, params: Mapping[str, str] | None = None, *, repeats: bool = True) -> Reply:
        """Read. With `repeats=False` for a GET that sets something off, which must not be sent twice unawares."""
        return self.call(Call("GET", path, params, repeats=repeats))

    def post(self, path: str, body: object = None) -> Reply:
        return self.call(Call("POST", path, content=None if body is None else msgspec.json.encode(body), repeats=False))

    def delete(self, path: str) -> None:
        """Delete; what is gone already is deleted too."""
        try:
            self.call(Call("DELETE", path))
        except NotThere:
            log.info("platform_gone_already", path=path)

    def call(self, call: Call) -> Reply:
        """Call until it succeeds, fails for good, or the patience for one call is used up."""
        waited = 0.0
        for attempt in itertools.count(1):
            try:
                return self.authorized(call)
            except PASSING as failure:
                pause = pause_before(failure, attempt, self.timing)
                again = call.repeats or isinstance(failure, UNTOUCHED)
                if not again or attempt >= TRIES or waited + pause > self.timing.patience:
                    raise
                log.info("platform_call_again", path=call.path, reason=failure.code, seconds=round(pause, 1))
                waited += pause
                self.timing.sleep(pause)
        raise AssertionError("counting has no end")

    def authorized(self, call: Call) -> Reply:
        """Call with the token; one that has expired is renewed once."""
        header = self.authorization.header()
        try:
            return self.once(call, header)
        except TokenExpired as failure:
            if not self.authorization.renew(header):
                raise BadCredentials(failure.happened) from None
        try:
            return self.once(call, self.authorization.header())
        except TokenExpired as failure:
            raise BadCredentials(failure.happened) from None

    def once(self, call: Call, header: Mapping[str, str]) -> Reply:
        with self.lock:
            self.pace.wait()
            answer = exchange(
                self.client,
                self.timing,
                call.method,
                self.base + call.path,
                params=call.params,
                headers=HEADERS | dict(header),
                content=call.content,
            )
            self.note(call.path, answer)
        told = {"path": call.path, "status": answer.status}
        try:
            reply = read_reply(answer, call.place, self.timing.now(), needs_data=call.method != "DELETE")
        except PlatformFailure as failure:
            id_ = request_id(envelope_of(answer.body))
            log.warning("platform_refused", **told, code=failure.code, request_id=id_)
            raise
        log.info("platform_answered", **told, request_id=reply.request_id)
        return reply

    def note(self, path: str, answer: Answer) -> None:
        """Learn from the headers: how full the bucket is, what time it is there, what will go away."""
        self.pace.note(answer.headers)
        there = http_date(answer.headers.get("Date"))
        if there is not None:
            self.skew = there - self.timing.now()
        gone = {name: answer.headers[name] for name in ("X-Shoptet-Deprecated", "Sunset") if name in answer.headers}
        if gone and path not in self.deprecated:
            self.deprecated.add(path)
            log.warning("platform_call_deprecated", path=path, headers=gone)

    def server_time(self) -> datetime:
        """Return the time there, by the latest answer; by our own clock before there is one."""
        return (self.timing.now() + (self.skew or timedelta())).replace(microsecond=0)


def pause_before(failure: PlatformFailure, attempt: int, timing: Timing) -> float:
    """Return the seconds to wait: what the platform asks for, else one, two, four, more or less."""
    if failure.retry_after is not None:
        return failure.retry_after
    return 2.0 ** (attempt - 1) * (0.5 + timing.jitter())
