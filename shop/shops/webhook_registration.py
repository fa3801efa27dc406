"""Registering where a platform tells of exports and changes, and the key that its notices are signed with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shop.audit.recording import Action, record
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.platforms.failures import WebhookMissing
from shop.platforms.remote import Webhook
from shop.shops import problems
from shop.shops.connecting import checked_url
from shop.shops.models import Shop
from shop.shops.reaching import reached, webhook_url
from shop.shops.webhook_keys import keep_key

KEPT = N_("Nothing was registered.")
ELSEWHERE = N_("another address")


@dataclass(frozen=True)
class Registered:
    """What is registered now. `key` is new where notices come to this installation."""

    hook: Webhook
    key: str | None = field(repr=False)
    is_new: bool = True

    def in_words(self, shop: Shop) -> str:
        if self.key:
            return _(
                "The platform of %(name)s tells Pult of finished exports from now on; its signature key is new.",
                name=shop.name,
            )
        if self.hook.is_ours:
            return _(
                "The webhook of %(name)s is registered at %(host)s; Pult looks for finished exports itself.",
                name=shop.name,
                host=said(host(self.hook)),
            )
        return _(
            "The webhook of %(name)s leads to %(host)s already, and was left there. Exports work, and Pult looks for them itself. To be told at once, replace it.",
            name=shop.name,
            host=said(host(self.hook)),
        )


def register(shop: Shop, config: Config, url: str, *, replace: bool, let_go: Callable[[], None]) -> Registered:
    """Register `url`, or this installation's own address; an address of somebody else stays unless it is replaced.

    `let_go` ends the caller's transaction: none stays open while a platform is waited for. Nothing is written here.
    """
    ours = webhook_url(shop, config)
    wanted = checked_url(url, _("The webhook's address"), said(KEPT)) if url.strip() else ours
    if wanted is None:
        raise ShopError(
            _(
                "PULT_BASE_URL is not set, so %(platform)s cannot be told where Pult answers. %(kept)s Set it, or name an address of yours: it need not answer, and Pult then looks for finished exports itself.",
                platform=shop.platform,
                kept=said(KEPT),
            )
        )
    with reached(shop, config, even_paused=True) as remote:
        let_go()
        hook = remote.register_webhook(wanted)
        if hook.url != wanted and replace:
            remote.remove_webhook(hook)
            hook = remote.register_webhook(wanted)
        if hook.url != ours:
            return Registered(hook, None)
        remote.register_hints(hook.url)
        return Registered(hook, remote.renew_signature_key())


def put_right(shop: Shop, config: Config, let_go: Callable[[], None]) -> Registered:
    """Look whether the platform still tells of exports; register our own address where it tells nobody. Nothing is written.

    The key is renewed only where none is kept, or where the registration is new. Raises WebhookMissing where the
    platform tells nobody and this installation has no public address.
    """
    ours = webhook_url(shop, config)
    has_key = shop.webhook_keys is not None
    with reached(shop, config) as remote:
        let_go()
        hook = remote.webhook()
        if hook is None and ours is None:
            raise WebhookMissing(_("The platform tells nobody of finished exports, so it makes none."))
        is_new = hook is None
        if hook is None:
            hook = remote.register_webhook(str(ours))
        if not hook.is_ours:
            return Registered(hook, None)
        remote.register_hints(hook.url)
        return Registered(hook, remote.renew_signature_key() if is_new or not has_key else None, is_new=is_new)


def keep(shop: Shop, registered: Registered, secret_key: str) -> None:
    """Keep the key sealed, and take the problem away that this has mended. The caller commits."""
    db.session.refresh(shop, with_for_update={"key_share": True})
    if registered.key:
        keep_key(shop, registered.key, secret_key)
    if shop.problem_code == WebhookMissing.code:
        problems.clear(shop)
    record(Action.SHOP_WEBHOOK_SET, shop.slug, shop, host=host(registered.hook), key_renewed=bool(registered.key))


def host(hook: Webhook) -> str:
    """Return the host of an address, which may hold a secret behind it."""
    try:
        return urlsplit(hook.url).hostname or ELSEWHERE
    except ValueError:
        return ELSEWHERE
