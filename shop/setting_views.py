"""The page of settings: every option with its value, who changed it, what a change would do; changing, and the way back."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, abort, flash, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from shop import setting_effects
from shop.audit.recording import Action, record
from shop.boundaries import lifted
from shop.db import db
from shop.errors import ShopError
from shop.languages import AT_WORK, N_, retold, said, spoken
from shop.languages import gettext as _
from shop.setting_effects import Line, Status
from shop.settings import mailing
from shop.settings.changing import change, option_named, restore_default
from shop.settings.kinds import Codes, Unfit
from shop.settings.metering import totals
from shop.settings.options import EXCLUDED_STATUSES, MAIL_HOST, Group, Option
from shop.settings.standing import as_fields, standings
from shop.settings.values import value
from shop.shops.models import Shop
from shop.shops.queries import all_shops, home_zone, shop_numbers
from shop.staff.access import chosen_shops, may, person, refuse, requires, shop_or_404, visible_shops
from shop.staff.permissions import Permission

bp = Blueprint("settings", __name__)


@dataclass(frozen=True)
class Asked:
    """What somebody wrote into one option and has not saved: the sentence where it does not fit, else what it would do."""

    key: str = ""
    text: str = ""
    error: str = ""
    lines: list[Line] = field(default_factory=list)


@bp.get("/settings/")
@requires(Permission.READ_OPERATIONS)
def index() -> str:
    return page(asked_preview())


@bp.get("/settings.json")
@requires(Permission.READ_OPERATIONS)
def rows() -> Response:
    """Return every option with its value, and how values are read; what is null in `reads` is not known."""
    reads = totals()
    return jsonify(
        settings=[as_fields(one, None) for one in standings()]
        + [as_fields(one, shop.slug) for shop in chosen_shops() for one in standings(shop)],
        reads={
            "reads": reads.reads if reads else None,
            "hit_rate": reads.hit_rate if reads else None,
            "p95_ms": reads.p95_ms if reads else None,
            "queries": reads.queries if reads else None,
        },
    )


@bp.post("/settings/changes")
@requires(Permission.CHANGE_SETTINGS)
def save() -> Response:
    """Give an option the value that was handed in; one that does not fit comes back with its sentence."""
    option, shop = asked_option()
    text = typed(option)
    try:
        given = option.kind.read(text)
        setting_effects.check(option, given, shop)
        changed = change(option, given, shop, request.form.get("seen"))
    except Unfit as error:
        db.session.rollback()
        asked = Asked(option.key, "" if option.is_secret else text, f"{error.message} {_('Nothing was changed.')}")
        return make_response(page(asked, shop), HTTPStatus.UNPROCESSABLE_ENTITY)
    run_id = setting_effects.ask_for_followers(option, shop)
    db.session.commit()
    setting_effects.wake(run_id)
    title = said(option.title)
    if changed.is_none:
        words = _("“%(option)s” is %(value)s already. Nothing was changed.", option=title, value=changed.after)
        flash(words)
    else:
        words = _(
            "“%(option)s” is %(after)s now; it was %(before)s.",
            option=title,
            after=changed.after,
            before=changed.before,
        )
        flash(f"{words} {said(option.effect)}", "good")
    return to(option, shop)


@bp.post("/settings/defaults")
@requires(Permission.CHANGE_SETTINGS)
def reset() -> Response:
    """Bring an option back to its default; of a secret nothing is kept."""
    option, shop = asked_option()
    changed = restore_default(option, shop)
    run_id = setting_effects.ask_for_followers(option, shop)
    db.session.commit()
    setting_effects.wake(run_id)
    words = _(
        "“%(option)s” is back at %(after)s; it was %(before)s.",
        option=said(option.title),
        after=changed.after,
        before=changed.before,
    )
    flash(words, "good")
    return to(option, shop)


@bp.post("/settings/mail-tests")
@requires(Permission.CHANGE_SETTINGS)
def try_mail() -> Response:
    """Send a mail to whoever asks, by the server that is set."""
    refuse_partial_view()
    host, to_whom = value(MAIL_HOST), person().email
    subject = _("Mail from Pult arrives")
    words = _("This mail was sent from the page of settings to see whether mail arrives. It has.")
    refused = ""
    try:
        with spoken(AT_WORK.code):  # what it may object goes into the trail
            mailing.send(to_whom, subject, words)
    except ShopError as error:
        refused = error.message
    record(Action.MAIL_TESTED, host or N_("no server"), outcome=refused or N_("taken"))
    db.session.commit()
    taken = _("The server has taken a mail to %(address)s. See whether it arrives.", address=to_whom)
    flash(retold(refused) or taken, "bad" if refused else "good")
    return redirect("/settings/#mail", HTTPStatus.SEE_OTHER)


def asked_option() -> tuple[Option[Any], Shop | None]:
    """Return the option and the shop that the form names. Whoever sees some shops only changes nothing for all of them."""
    option, slug = option_named(request.form.get("key", "")), request.form.get("shop", "")
    if option.per_shop:
        return option, shop_or_404(slug)
    refuse_partial_view()
    return option, None


def refuse_partial_view() -> None:
    if not sees_everything():
        refuse(HTTPStatus.FORBIDDEN, needs=N_("every shop, as this option is one for all of them"))


def sees_everything() -> bool:
    with lifted():
        return len(visible_shops()) == len(all_shops())


def typed(option: Option[Any]) -> str:
    """Return the value as it was written; boxes that were ticked are a list with commas."""
    source = request.form if request.method == "POST" else request.args
    return ",".join(source.getlist("value")) if isinstance(option.kind, Codes) else source.get("value", "")


def asked_preview() -> Asked:
    """Return what the address asks to be tried on: an option with a value, in the shop that is chosen."""
    key = request.args.get("option", "")
    if not key:
        return Asked()
    option, shop = option_named(key), chosen_shop()
    if option.is_secret or (option.per_shop and shop is None):
        abort(HTTPStatus.NOT_FOUND)
    try:
        given = option.kind.read(typed(option))
        setting_effects.check(option, given, shop)
    except Unfit as error:
        return Asked(key, typed(option), error.message)
    return Asked(key, option.kind.written(given), lines=setting_effects.preview(option, given, shop))


def chosen_shop() -> Shop | None:
    """Return the one shop whose options are shown: the one that is chosen, or the only one there is."""
    shops = chosen_shops()
    return shops[0] if len(shops) == 1 else None


def page(asked: Asked, shop: Shop | None = None) -> str:
    shop = shop or chosen_shop()
    words = request.args.get("q", "").strip()[:100]
    found = standings() + (standings(shop) if shop else [])
    shown = [one for one in found if matches(one.option, words)]
    return render_template(
        "settings/index.html",
        groups=[
            (group, members) for group in Group if (members := [one for one in shown if one.option.group is group])
        ],
        words=words,
        shop=shop,
        shops=visible_shops(),
        numbers=shop_numbers(),
        statuses=statuses(shop, asked),
        asked=asked,
        has_preview=setting_effects.has_preview,
        may_change=may(Permission.CHANGE_SETTINGS),
        may_change_all=may(Permission.CHANGE_SETTINGS) and sees_everything(),
        has_mail=bool(value(MAIL_HOST)),
        reads=totals(),
        zone=home_zone(),
    )


def statuses(shop: Shop | None, asked: Asked) -> list[tuple[Status, bool]]:
    """Return the statuses of the shop, each with whether its box is ticked: as it stands, or as it was just tried on."""
    if shop is None:
        return []
    tried = set(asked.text.split(",")) if asked.key == EXCLUDED_STATUSES.key else None
    return [
        (status, status.is_left_out if tried is None else status.code in tried)
        for status in setting_effects.statuses_of(shop)
    ]


def matches(option: Option[Any], words: str) -> bool:
    """Whether every word stands somewhere in what the page says of the option."""
    texts = (option.title, option.help, option.effect, option.group.value)
    text = " ".join((option.key, *map(said, texts))).casefold()
    return all(word in text for word in words.casefold().split())


def to(option: Option[Any], shop: Shop | None) -> Response:
    query = f"?shop={shop.slug}" if shop else ""
    return redirect(f"/settings/{query}#{option.key}", HTTPStatus.SEE_OTHER)


def register(app: Flask) -> None:
    app.register_blueprint(bp)
