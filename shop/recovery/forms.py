"""What the recovery page hands in: a cause, a pace, a reason, and a count typed by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from shop.errors import ShopError
from shop.languages import gettext as _

PACES = (5, 20, 60)  # tries a minute
LONGEST_REASON = 300


def cause_of(values: Mapping[str, str]) -> str:
    """Return the cause that a form of a group names."""
    cause = values.get("cause", "")
    if not cause or "\x00" in cause:
        raise ShopError(_("The form names no cause. Nothing was changed; go back to the page and press again."))
    return cause


def pace_of(values: Mapping[str, str]) -> int:
    """Return how many a minute are to be tried."""
    given = values.get("pace", "")
    if given not in {str(pace) for pace in PACES}:
        raise ShopError(_("This is no pace. Nothing was changed; choose 5, 20 or 60 a minute."))
    return int(given)


@dataclass(frozen=True)
class DismissalForm:
    """Why failures are closed without another try; for a group also how many they are, typed by whoever closes them."""

    reason: str = ""
    count: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "DismissalForm":
        return cls(" ".join(values.get("reason", "").replace("\x00", "").split()), values.get("count", "").strip())

    def errors(self) -> dict[str, str]:
        """Return a sentence for each field that cannot be used."""
        if not self.reason:
            return {"reason": _("Say why; the reason stays with the failure.")}
        if len(self.reason) > LONGEST_REASON:
            return {"reason": _("Say it in %(most)s characters or fewer.", most=LONGEST_REASON)}
        return {}

    def errors_of_group(self, failures: int) -> dict[str, str]:
        typed = "".join(self.count.split())
        wrong = (
            {} if typed == str(failures) else {"count": _("There are %(num)s now. Nothing was closed.", num=failures)}
        )
        return self.errors() | wrong
