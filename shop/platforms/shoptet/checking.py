"""Checks a connection to Shoptet step by step, each step a sentence with its mend."""

from collections.abc import Iterator

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
    "orders": "/api/orders",
    "customers": "/api/customers",
    "products": "/api/products",
    "jobs": "/api/system/jobs",
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
    return Step("reachable", Outcome.OK, f"Shoptet answers at {api.base}.")


def accepted() -> Step:
    return Step("token", Outcome.OK, "The token is accepted.")


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
            "rights", Outcome.FAILED, f"The token may not read {' and '.join(missing)}.",
            f"Give it the right to read {' and '.join(missing)} in the shop's administration.",
        )  # fmt: skip
    return Step("rights", Outcome.OK, "The token may read orders, customers, products and jobs.")


def what_it_is(identity: Identity, access: Access) -> Iterator[Step]:
    """Compare the shop with what is stored of it."""
    name = f"{identity.name} (number {identity.shop_id})"
    if access.shop_id is None:
        yield Step("identity", Outcome.OK, f"The token belongs to {name}.")
    elif access.shop_id == identity.shop_id:
        yield Step("identity", Outcome.OK, f"It is the same shop as before: {name}.")
    else:
        yield failed("identity", wrong_shop(identity, access.shop_id))
    yield same("currency", "default currency", identity.currency, access.currency)
    yield same("timezone", "time zone", identity.timezone, access.timezone)


def wrong_shop(identity: Identity, stored: str) -> WrongShop:
    return WrongShop(
        f"The token belongs to another shop: {identity.name} is number {identity.shop_id}, and this one is number {stored}."
    )


def same(name: str, noun: str, there: str | None, here: str | None) -> Step:
    if there is None:
        return Step(name, Outcome.WARNING, f"Shoptet does not tell the shop's {noun}.", f"Pult goes on with {here}.")
    if here is None or here == there:
        return Step(name, Outcome.OK, f"The shop's {noun} is {there}.")
    return Step(
        name, Outcome.FAILED, f"The shop's {noun} is {there}, and Pult was told {here}.",
        f"Connect the shop again with {there}; its numbers would be wrong otherwise.",
    )  # fmt: skip


def webhook(api: Api, access: Access) -> Step:
    found = registered(api, access.webhook_url)
    if found is None:
        return Step(
            "webhook", Outcome.FAILED, f"No webhook {JOB_FINISHED} is registered, and Shoptet makes no export without one.",
            "Register it on the shop's page. Pult also looks by itself, so it may be an address that nobody answers at.",
        )  # fmt: skip
    if found.is_ours:
        return Step("webhook", Outcome.OK, "Shoptet tells Pult when an export is finished.")
    return Step(
        "webhook", Outcome.WARNING, "The webhook for finished exports leads to another address; Pult looks for itself.",
        "Nothing needs to be done. To be told sooner, remove that webhook and register the one of this installation.",
    )  # fmt: skip
