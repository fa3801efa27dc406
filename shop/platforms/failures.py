"""What may go wrong with a platform, each kind by its name: whether it passes by itself, and what a person can do."""

import re
from http import HTTPStatus
from typing import ClassVar

from shop.errors import ShopError
from shop.languages import N_, said
from shop.languages import gettext as _

LONGEST_WAIT = 3600.0  # seconds; whoever asks us to wait longer is asked again after this
ADDRESS = re.compile(r"https?:[\\/]+\S+", re.IGNORECASE)
LONG_WORD = re.compile(r"[\w+/=.~-]{24,}")  # a token, a signature, the name of a result file

KEPT = N_("Nothing of the shop was changed.")


class PlatformFailure(ShopError):
    """A call to a platform that did not give what it was made for. The message says what happened and what to do.

    `code` is a short word for machines and for grouping, `transient` says that the same call may succeed later,
    `retry_after` is how many seconds the platform wants to be left alone, where it said so.
    Neither message nor repr ever holds a token or the address of a result.
    """

    status = HTTPStatus.BAD_GATEWAY
    code = "platform_failed"
    transient: ClassVar[bool] = False
    mend: ClassVar[str] = N_("Check the shop's connection with `flask shops check`.")

    def __init__(self, happened: str, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(f"{happened} {said(KEPT)} {said(self.mend)}")
        self.happened = happened
        self.retry_after = None if retry_after is None else min(max(retry_after, 0.0), LONGEST_WAIT)
        self.code = code or self.code


class Transient(PlatformFailure):
    """Passes by itself: the same call may succeed later."""

    code = "platform_transient"
    transient = True
    mend = N_("Pult tries again by itself; there is nothing to do unless it stays for hours.")


class Unreachable(Transient):
    code = "unreachable"
    mend = N_("Pult tries again by itself; if it stays, check the shop's base URL and this machine's network.")


class TimedOut(Transient):
    code = "timed_out"


class Faltered(Transient):
    """The platform failed inside, or its answer was cut."""

    code = "platform_error"


class TooFast(Transient):
    """429: more calls, connections or tokens than the platform allows."""

    code = "rate_limited"


class Locked(Transient):
    """423: somebody else is writing to the same place."""

    code = "locked"


class ReadTooOften(Transient):
    """A job that is not finished was read too many times; its list may still be read."""

    code = "job_read_limit"


class ListShifted(Transient):
    """A list that cannot be read through: its pages repeat, or change their size on the way."""

    code = "list_unsteady"
    mend = N_("Pult begins the list again by itself; if it stays, tell the platform's support.")


class TransferBroken(Transient):
    """A download that ended too early, stalled, or took too long."""

    code = "download_broken"
    mend = N_("What has arrived is kept, and Pult goes on from there by itself.")


class ExportGone(Transient):
    """The export or its file is not there any more: a new one has to be asked for."""

    code = "export_gone"
    mend = N_("Pult asks for a new export.")


class BadCredentials(PlatformFailure):
    code = "bad_credentials"
    mend = N_("Make a new token in the shop's administration and hand it in again.")


class TokenExpired(BadCredentials):
    """A token that may be renewed; the client does so once before anybody sees this."""

    code = "token_expired"


class NoRights(PlatformFailure):
    code = "no_rights"
    mend = N_("Give the token the right to read this in the shop's administration, then check the shop again.")


class AddonSuspended(PlatformFailure):
    code = "addon_suspended"
    mend = N_("Have the addon approved again in the shop's administration, then check the shop.")


class AddonNotInstalled(PlatformFailure):
    code = "addon_not_installed"
    mend = N_("Install the addon in the shop again, then hand in its new token.")


class ModuleMissing(PlatformFailure):
    code = "module_missing"
    mend = N_("Switch the module on in the shop's administration, or leave out what needs it.")


class WebhookMissing(PlatformFailure):
    """The platform makes no export while nobody has asked to be told of its end."""

    code = "webhook_missing"
    mend = N_("Register the webhook for finished exports on the shop's page, then start the snapshot again.")


class WrongShop(PlatformFailure):
    code = "wrong_shop"
    mend = N_("Hand in the token of the right shop, or connect the other shop under a slug of its own.")


class NotThere(PlatformFailure):
    code = "not_found"


class Refused(PlatformFailure):
    """The platform understood and will not do it."""

    code = "refused"


class ContractBroken(PlatformFailure):
    """The answer is not what the platform's documentation promises."""

    code = "contract_broken"
    mend = N_("Check that the base URL is that of the platform's API; if it is, Pult needs to be updated.")


class AddressRefused(PlatformFailure):
    """An address that a file must not be fetched from."""

    code = "address_refused"
    mend = N_("If the shop has a new domain, check the shop again; otherwise ask the platform's support.")


class FeedTooOld(PlatformFailure):
    """The feed of changes does not reach back far enough."""

    code = "changes_too_old"
    mend = N_("Take a complete snapshot instead.")


def quoted(message: str) -> str:
    """Return the platform's own words, fit for a person's eyes: short, without addresses and without what may be a secret."""
    plain = " ".join(ADDRESS.sub(_("(an address)"), message).split())
    plain = LONG_WORD.sub("•••", plain)
    return f"“{plain[:200]}”" if plain else _("nothing")
