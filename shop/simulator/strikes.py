"""Faults that answer in the shop's place: limits, errors of servers, pages instead of JSON, tokens and rights."""

from collections.abc import Callable
from datetime import timedelta

from shop.simulator.answers import HTML, JSON, Answer, Refusal, page, refused
from shop.simulator.faults import Fault, FaultName
from shop.simulator.limits import http_date
from shop.simulator.online import Surroundings

TEN_YEARS = 315_360_000  # seconds

Make = Callable[[Surroundings, Fault, int], Answer]


def struck(around: Surroundings, path: str, slug: str | None, number: int) -> Answer | None:
    """Return the answer of a fault that strikes here, or None: then the shop answers itself."""
    for name, make in STRIKES.items():
        if fault := around.faults.take(name, path, slug):
            return make(around, fault, number)
    return None


def too_many(number: int, retry_after: str | None = None) -> Answer:
    answer = refused(Refusal(429, "rate-limit-exceeded", "Rate limit exceeded.", "rate-limit"), number)
    if retry_after:
        answer.headers["Retry-After"] = retry_after
    return answer


def until(around: Surroundings, seconds: int) -> str:
    return http_date(around.clock.now() + timedelta(seconds=seconds))


def refusing(status: int, code: str, message: str, instance: str = "api-token") -> Make:
    return lambda around, fault, number: refused(Refusal(status, code, message, instance), number)  # noqa: ARG005


STRIKES: dict[FaultName, Make] = {
    FaultName.RATE_LIMIT_JSON: lambda _, __, number: too_many(number),
    FaultName.RATE_LIMIT_HTML: lambda _, __, ___: page(429),
    FaultName.RATE_LIMIT_DATE: lambda around, fault, number: too_many(number, until(around, fault.amount)),
    FaultName.RATE_LIMIT_SECONDS: lambda _, fault, number: too_many(number, str(fault.amount)),
    FaultName.RATE_LIMIT_HUGE: lambda _, __, number: too_many(number, str(TEN_YEARS)),
    FaultName.ERROR_500: refusing(500, "internal-error", "Internal server error.", ""),
    FaultName.ERROR_502: lambda _, __, ___: page(502),
    FaultName.ERROR_503: lambda _, __, ___: page(503),
    FaultName.HTML_INSTEAD_OF_JSON: lambda _, __, ___: Answer(200, page(200).body, HTML),
    FaultName.EMPTY_BODY: lambda _, __, ___: Answer(200, b"", JSON),
    FaultName.TOKEN_REVOKED: refusing(401, "invalid-token", "Invalid access token."),
    FaultName.ADDON_SUSPENDED: refusing(401, "invalid-token", "Addon installation is not approved."),
    FaultName.MISSING_RIGHT: refusing(403, "invalid-token-no-rights", "Token has no rights for this endpoint."),
}
