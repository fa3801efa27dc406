"""What can go wrong at a shop on demand: a closed list of faults, each switched on for so many times and a path."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, Self

API = "/api/*"
RESULTS = "/api-results/*"
SNAPSHOTS = "*/snapshot"
ANY = "*"


class FaultName(StrEnum):
    """The name, where it strikes when no path is given, what happens, and its amount where it has one."""

    where: str
    sentence: str
    amount: int

    def __new__(cls, name: str, where: str, sentence: str, amount: int = 0) -> Self:
        """Make a name that knows its sentence."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.where, member.sentence, member.amount = where, sentence, amount
        return member

    RATE_LIMIT_JSON = "rate-limit-json", API, "429 with an envelope and without Retry-After."
    RATE_LIMIT_HTML = "rate-limit-html", API, "429 with the page of a web server instead of JSON."
    RATE_LIMIT_DATE = "rate-limit-date", API, "429 with Retry-After as an HTTP date, `amount` seconds ahead.", 2
    RATE_LIMIT_SECONDS = "rate-limit-seconds", API, "429 with Retry-After as `amount` seconds.", 2
    RATE_LIMIT_HUGE = "rate-limit-huge", API, "429 with a Retry-After of ten years."
    ERROR_500 = "error-500", API, "500 with an envelope."
    ERROR_502 = "error-502", API, "502 with the page of a web server."
    ERROR_503 = "error-503", API, "503 with the page of a web server."
    SLOW = "slow", RESULTS, "The body comes at `amount` bytes a second.", 1024
    STALL = "stall", RESULTS, "The body stops in the middle for `amount` seconds, then the connection ends.", 600
    CONNECTION_CUT = "connection-cut", RESULTS, "The connection breaks in the middle of the body."
    GZIP_CUT = "gzip-cut", RESULTS, "The body ends in the middle and Content-Length agrees."
    WRONG_CONTENT_LENGTH = "wrong-content-length", RESULTS, "Content-Length promises `amount` bytes more than come.", 64
    HTML_INSTEAD_OF_JSON = "html-instead-of-json", API, "200 with a page instead of JSON."
    EMPTY_BODY = "empty-body", API, "A 200 without a body."
    GZIP_ENCODING = "gzip-encoding", RESULTS, "The result says Content-Encoding: gzip."
    JOB_EXPIRED = "job-expired", SNAPSHOTS, "The job is already expired when it ends."
    JOB_SILENT = "job-silent", SNAPSHOTS, "The job dies: no webhook, and failed three hours later."
    JOB_FAILED = "job-failed", SNAPSHOTS, "The job ends as failed."
    JOB_KILLED = "job-killed", SNAPSHOTS, "The job ends as killed."
    RESULT_URL_NULL = "result-url-null", SNAPSHOTS, "The completed job has no resultUrl."
    RESULT_ON_ANOTHER_HOST = "result-on-another-host", SNAPSHOTS, "resultUrl names another host."
    RESULT_REDIRECTED = "result-redirected", RESULTS, "The result answers 302 to another host."
    RESULT_OF_ANOTHER_SHOP = "result-of-another-shop", SNAPSHOTS, "The file holds another shop's rows."
    IDENTITY_OF_ANOTHER_SHOP = "identity-of-another-shop", "/api/eshop", "The shop says that it has another eshopId."
    TOKEN_REVOKED = "token-revoked", API, "401: the token is no longer valid."
    ADDON_SUSPENDED = "addon-suspended", ANY, "The installation is suspended, for the token and for the API."
    MISSING_RIGHT = "missing-right", API, "403: the token has no right for this endpoint."
    BAD_RECORDS = "bad-records", SNAPSHOTS, "`amount` lines of the file are broken.", 3
    DUPLICATE_LINES = "duplicate-lines", SNAPSHOTS, "`amount` lines of the file come a second time at its end.", 5
    SHUFFLED_LINES = "shuffled-lines", SNAPSHOTS, "Lines are out of order, among `amount` neighbours each.", 64
    PAGE_SHIFT = "page-shift", API, "From page 2 on all rows have moved `amount` places on (back, if negative).", 1
    PAGE_REPEATED = "page-repeated", API, "Every page has the rows of the first, and there is always another."
    WEBHOOK_LOST = "webhook-lost", ANY, "A notification is never sent; the path is the event."
    WEBHOOK_DUPLICATED = "webhook-duplicated", ANY, "A notification is sent twice; the path is the event."


class UnknownFault(ValueError):
    """The list has no such fault."""


@dataclass
class Fault:
    """A fault that is switched on. `times` counts down; None stands for until it is switched off."""

    name: FaultName
    times: int | None
    path: str
    shop: str | None
    amount: int

    def strikes(self, path: str, shop: str | None) -> bool:
        return self.times != 0 and fnmatchcase(path, self.path) and self.shop in (None, shop)


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.on: list[Fault] = []

    def switch_on(
        self, name: str, *, times: int | None = None, path: str | None = None, shop: str | None = None,
        amount: int | None = None,
    ) -> Fault:  # fmt: skip
        """Switch on a fault, for one shop's slug if it is given. A path may hold `*`."""
        known = named(name)
        if times is not None and times < 1:
            raise ValueError(f"A fault strikes at least once, not {times} times.")
        fault = Fault(known, times, path or known.where, shop, known.amount if amount is None else amount)
        with self.lock:
            self.on.append(fault)
        return fault

    def switch_off(self, name: str | None = None) -> None:
        """Switch off the faults of that name, or all."""
        known = named(name) if name else None
        with self.lock:
            self.on = [fault for fault in self.on if known is not None and fault.name is not known]

    def take(self, name: FaultName, path: str, shop: str | None = None) -> Fault | None:
        """Return the fault if it strikes here, and count it."""
        with self.lock:
            for fault in self.on:
                if fault.name is name and fault.strikes(path, shop):
                    fault.times = fault.times and fault.times - 1
                    return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(fault) for fault in self.on if fault.times != 0]


def named(name: str) -> FaultName:
    for known in FaultName:
        if known == name:
            return known
    raise UnknownFault(f"There is no fault {name!r}. Known are: {', '.join(FaultName)}.")
