"""Checks a connection to Shoptet step by step, each step a sentence with its mend."""

from collections.abc import Iterator

from shop.languages import N_
from shop.languages import gettext as _
from shop.platforms.failures import (
    AddonNotInstalled,
    AddonSuspended,
    BadCredentials,
    NoRights,
    PlatformFailure,
    WrongShop,
)
from shop.platforms.remote import Access, Identity, Outcome, Step
from shop.platforms.shoptet.api import Api
from shop.platforms.shoptet.shop_info import read_identity
from shop.platforms.shoptet.webhooks import JOB_FINISHED, registered

TOKEN_FAILURES = (BadCredentials, AddonSuspended, AddonNotInstalled)
NEEDED = {  # what is read, and a cheap call that shows whether it may be
    N_("orders"): "/api/orders",
    N_("customers"): "/api/customers",
    N_("products"): "/api/products",
    N_("jobs"): "/api/system/jobs",
}


def check(api: Api, access: Access) -> Iterator[Step]:
    """Yield the steps in order; what builds on a failed step is not tried."""
    try:
        identity = read_identity(api)
    except TOKEN_FAILURES as failure:
        yield reached(api)
        yield failed("token", failure)
        return
    except NoRights as failure:
        yield from (reached(api), accepted(), failed("rights", failure))
        return
    except PlatformFailure as failure:
        yield failed("reachable", failure)
        return
    yield from (reached(api), accepted())
    try:
        yield rights(api)
    except PlatformFailure as failure:
        yield failed("rights", failure)
    yield from what_it_is(identity, access)
    try:
        yield webhook(api, access)
    except PlatformFailure as failure:
        yield failed("webhook", failure)


def reached(api: Api) -> Step:
    return Step("reachable", Outcome.OK, _("Shoptet answers at %(base)s.", base=api.base))


def accepted() -> Step:
    return Step("token", Outcome.OK, _("The token is accepted."))


def failed(name: str, failure: PlatformFailure) -> Step:
    return Step(name, Outcome.FAILED, failure.happened, failure.mend)


def rights(api: Api) -> Step:
    """Try what will be read: the answer is surer than any list of rights."""
    missing = []
    for name, path in NEEDED.items():
        try:
            api.get(path, {"page": "1", "itemsPerPage": "1"})
        except NoRights:
            missing.append(name)
    if missing:
        return Step(
            "rights", Outcome.FAILED, _("The token may not read %(missing)s.", missing=", ".join(missing)),
            _("Give it the right to read %(missing)s in the shop's administration.", missing=", ".join(missing)),
        )  # fmt: skip
    return Step("rights", Outcome.OK, _("The token may read orders, customers, products and jobs."))


def what_it_is(identity: Identity, access: Access) -> Iterator[Step]:
    """Compare the shop with what is stored of it."""
    who = {"name": identity.name, "number": identity.shop_id}
    if access.shop_id is None:
        yield Step("identity", Outcome.OK, _("The token belongs to %(name)s (number %(number)s).", **who))
    elif access.shop_id == identity.shop_id:
        yield Step("identity", Outcome.OK, _("It is the same shop as before: %(name)s (number %(number)s).", **who))
    else:
        yield failed("identity", wrong_shop(identity, access.shop_id))
    yield same("currency", N_("default currency"), identity.currency, access.currency)
    yield same("timezone", N_("time zone"), identity.timezone, access.timezone)


def wrong_shop(identity: Identity, stored: str) -> WrongShop:
    return WrongShop(
        _(
            "The token belongs to another shop: %(name)s is number %(shop_id)s, and this one is number %(stored)s.",
            name=identity.name,
            shop_id=identity.shop_id,
            stored=stored,
        )
    )


def same(name: str, noun: str, there: str | None, here: str | None) -> Step:
    if there is None:
        return Step(
            name,
            Outcome.WARNING,
            _("Shoptet does not tell the shop's %(noun)s.", noun=noun),
            _("Pult goes on with %(here)s.", here=here),
        )
    if here is None or here == there:
        return Step(name, Outcome.OK, _("The shop's %(noun)s is %(there)s.", noun=noun, there=there))
    return Step(
        name, Outcome.FAILED, _("The shop's %(noun)s is %(there)s, and Pult was told %(here)s.", noun=noun, there=there, here=here),
        _("Connect the shop again with %(there)s; its numbers would be wrong otherwise.", there=there),
    )  # fmt: skip


def webhook(api: Api, access: Access) -> Step:
    found = registered(api, access.webhook_url)
    if found is None:
        return Step(
            "webhook", Outcome.FAILED, _("No webhook %(job_finished)s is registered, and Shoptet makes no export without one.", job_finished=JOB_FINISHED),
            _("Register it on the shop's page. Pult also looks by itself, so it may be an address that nobody answers at."),
        )  # fmt: skip
    if found.is_ours:
        return Step("webhook", Outcome.OK, _("Shoptet tells Pult when an export is finished."))
    return Step(
        "webhook", Outcome.WARNING, _("The webhook for finished exports leads to another address; Pult looks for itself."),
        _("Nothing needs to be done. To be told sooner, remove that webhook and register the one of this installation."),
    )  # fmt: skip
