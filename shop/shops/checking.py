"""Checking a shop's connection: ask its platform step by step, keep what was found and what was learned."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from shop.audit.recording import Action, record
from shop.config import Config
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.languages import gettext as _
from shop.platforms.failures import BadCredentials, NoRights, PlatformFailure, WebhookMissing, WrongShop
from shop.platforms.remote import Outcome, Remote, Step
from shop.shops import problems
from shop.shops.learning import Learned, learned_from
from shop.shops.models import Shop
from shop.shops.reaching import reached

PROVEN = {"rights", "identity", "currency", "timezone"}  # without a failure in these, what is said is kept
PROBLEMS = {  # steps whose failure stays until somebody mends it, by the word for it
    "token": BadCredentials.code,
    "rights": NoRights.code,
    "identity": WrongShop.code,
    "currency": "other_currency",
    "timezone": "other_timezone",
    "webhook": WebhookMissing.code,
}


@dataclass(frozen=True)
class Report:
    """What a check has found. `learned` is what the platform said, if it speaks of this very shop."""

    steps: tuple[Step, ...]
    learned: Learned | None = None
    credentials: bytes | None = field(default=None, repr=False)  # sealed, as they were when the check began

    @property
    def failed(self) -> list[Step]:
        return [step for step in self.steps if step.outcome is Outcome.FAILED]


def ask(shop: Shop, config: Config, let_go: Callable[[], None]) -> Report:
    """Ask the platform; nothing is written. What keeps it from being asked is a failed step too.

    `let_go` ends the caller's transaction: none stays open while a platform is waited for.
    """
    credentials = shop.credentials
    try:
        with reached(shop, config, even_paused=True) as remote:
            let_go()
            steps = tuple(remote.check())
            return Report(steps, learned(remote, steps), credentials)
    except PlatformFailure as failure:
        name = "token" if isinstance(failure, BadCredentials) else "reachable"
        return Report((Step(name, Outcome.FAILED, failure.happened, failure.mend),), None, credentials)
    except ShopError as refusal:
        return Report((Step("token", Outcome.FAILED, refusal.message),), None, credentials)


def learned(remote: Remote, steps: tuple[Step, ...]) -> Learned | None:
    proven = {step.name for step in steps if step.outcome is not Outcome.FAILED}
    if not proven >= PROVEN:
        return None
    try:
        return learned_from(remote)
    except PlatformFailure:
        return None


def keep(shop: Shop, report: Report) -> None:
    """Keep the steps, what was learned and what is wrong with the shop. The caller commits."""
    db.session.refresh(shop, with_for_update={"key_share": True})
    if shop.credentials != report.credentials:
        raise Conflict(
            _(
                "The token of %(name)s was replaced while it was checked. Nothing was kept; check it again.",
                name=shop.name,
            )
        )
    now = datetime.now(UTC)
    shop.checked, shop.checked_at = [asdict(step) for step in report.steps], now
    if report.learned is not None and shop.platform_shop_id in (None, report.learned["shop_id"]):
        shop.platform_shop_id = report.learned["shop_id"]
        shop.learned, shop.learned_at = report.learned, now
    keep_problem(shop, report)
    record(Action.SHOP_CHECKED, shop.slug, shop, failed=[step.name for step in report.failed])


def keep_problem(shop: Shop, report: Report) -> None:
    """A check without a failure clears the problem; one that could not reach the platform leaves it as it was."""
    lasting = [step for step in report.failed if step.name in PROBLEMS]
    if lasting:
        problems.note(shop, PROBLEMS[lasting[0].name], f"{lasting[0].sentence} {lasting[0].mend}".strip())
    elif not report.failed:
        problems.clear(shop)
