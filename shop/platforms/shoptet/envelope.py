"""Reads an answer of Shoptet's API: its envelope, and what its errors mean, by status and errorCode."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar

import msgspec

from shop.languages import N_
from shop.languages import gettext as _
from shop.languages import said as translated
from shop.platforms import failures
from shop.platforms.exchanges import Answer
from shop.platforms.failures import PlatformFailure, quoted
from shop.platforms.shoptet.answers import Envelope, Error
from shop.platforms.timing import retry_after

T = TypeVar("T")
READ = msgspec.json.Decoder(Envelope)

MEANINGS: dict[str, tuple[type[PlatformFailure], str]] = {  # errorCode: its failure, and what happened
    "expired-token": (failures.TokenExpired, N_("Shoptet says that the token has expired.")),
    "invalid-token": (failures.TokenExpired, N_("Shoptet does not accept the token.")),
    "missing-access-token": (failures.BadCredentials, N_("Shoptet found no token in the call.")),
    "invalid-token-no-rights": (failures.NoRights, N_("The token has no right to %(place)s.")),
    "required-webhook-registration": (
        failures.WebhookMissing,
        N_("Shoptet makes no export while the webhook job:finished is not registered."),
    ),
    "missing-module": (failures.ModuleMissing, N_("The shop lacks a module that %(place)s needs: %(said)s.")),
    "job-detail-try-counter-exceeded-limit": (
        failures.ReadTooOften,
        N_("Shoptet does not show this export again before it is finished."),
    ),
    "job-not-found": (failures.ExportGone, N_("Shoptet does not know this export any more.")),
}
NOT_APPROVED = "not approved"  # the only sign of a suspended addon is in the words of an invalid-token
PAGE_NOT_FOUND = "page-not-found"
EMPTY = "empty_answer"


@dataclass(frozen=True)
class Reply:
    """A good answer: its data, still packed, and the id under which Shoptet's support finds it."""

    place: str
    data: msgspec.Raw
    request_id: str | None

    def read(self, shape: type[T]) -> T:
        """Return the data as `shape`. Raises ContractBroken with the place that does not fit."""
        return decoded(self.data, shape, self.place)


def decoded(data: bytes | msgspec.Raw, shape: type[T], place: str) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise failures.ContractBroken(
            _(
                "The answer of %(place)s is not what Shoptet promises: %(words)s.",
                place=place,
                words=quoted(str(error)),
            )
        ) from None


def read_reply(answer: Answer, place: str, now: datetime, *, needs_data: bool = True) -> Reply:
    """Return the data of the answer. Raises the failure that it tells of: a 200 may carry errors too."""
    envelope = envelope_of(answer.body)
    errors = (envelope.errors or []) if envelope else []
    if answer.status >= 300 or errors:
        raise failure_of(answer, errors, place, now)
    if needs_data and (envelope is None or bytes(envelope.data) == b"null"):
        raise unreadable(answer, place)
    envelope = envelope or Envelope()
    return Reply(place, envelope.data, request_id(envelope))


def envelope_of(body: bytes) -> Envelope | None:
    """Return the envelope, None where the body is something else."""
    try:
        return READ.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def request_id(envelope: Envelope | None) -> str | None:
    return envelope.metadata.request_id if envelope and envelope.metadata else None


def failure_of(answer: Answer, errors: list[Error], place: str, now: datetime) -> PlatformFailure:
    """Return the failure by what the status alone settles, then by errorCode, then by what is left of the status."""
    first = errors[0] if errors else Error()
    said = quoted(first.message or "")
    wait = retry_after(answer.headers.get("Retry-After"), answer.headers.get("Date"), now)
    passing = passing_failure(answer.status, place, wait)
    if passing:
        return passing
    code = first.error_code or ""
    if code == "invalid-token" and NOT_APPROVED in (first.message or ""):
        return failures.AddonSuspended(_("The addon is suspended in this shop, Shoptet says."))
    if code in MEANINGS:
        kind, happened = MEANINGS[code]
        return kind(translated(happened) % {"place": place, "said": said})
    if code == PAGE_NOT_FOUND:
        return failures.NotThere(_("%(place)s has no such page.", place=place), code=PAGE_NOT_FOUND)
    return lasting_failure(answer, code, said, place)


def passing_failure(status: int, place: str, wait: float | None) -> PlatformFailure | None:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return failures.TooFast(_("Shoptet wants fewer calls for a while."), wait)
    if status == HTTPStatus.LOCKED:
        return failures.Locked(_("Shoptet is busy with another change where %(place)s was called.", place=place), wait)
    if status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY):
        return failures.Faltered(
            _("Shoptet failed with status %(status)s at %(place)s.", status=status, place=place), wait
        )
    return None


def lasting_failure(answer: Answer, code: str, said: str, place: str) -> PlatformFailure:
    status = answer.status
    if status == HTTPStatus.UNAUTHORIZED:
        return failures.TokenExpired(_("Shoptet does not accept the token."))
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) or code.endswith("-not-found"):
        return failures.NotThere(
            _("Shoptet has nothing at %(place)s.", place=place), code="" if answer.body.strip() else EMPTY
        )
    if 300 <= status < 400:
        return failures.ContractBroken(
            _("Shoptet sent the call of %(place)s elsewhere; the token was not sent there.", place=place)
        )
    return failures.Refused(
        _(
            "Shoptet refused %(place)s with status %(status)s (%(words)s): %(said)s.",
            place=place,
            status=status,
            words=quoted(code),
            said=said,
        )
    )


def unreadable(answer: Answer, place: str) -> PlatformFailure:
    """Return what is wrong with a 200 without data."""
    start = answer.body[:200].lstrip()
    if not start:
        return failures.Faltered(_("Shoptet answered %(place)s with nothing at all.", place=place), code=EMPTY)
    if start.startswith(b"<"):
        return failures.ContractBroken(
            _("Shoptet answered %(place)s with a web page in the place of data.", place=place)
        )
    return failures.ContractBroken(_("The answer of %(place)s is not what Shoptet promises.", place=place))
