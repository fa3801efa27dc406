"""The overview, its JSON, and the cohorts' JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, render_template, request

from shop.analytics import figures, panels, queries
from shop.analytics.answers import overview_answer
from shop.analytics.figures import Figure
from shop.analytics.links import Links
from shop.analytics.one_moment import hold_one_moment
from shop.analytics.overview import Overview
from shop.analytics.periods import COMPARISONS, PRESETS, Known, Period, choice
from shop.analytics.remembering import Memory
from shop.analytics.sales_chart import sales_chart
from shop.errors import ShopError
from shop.formatting import local_day
from shop.languages import gettext as _
from shop.languages import said
from shop.shops.models import Shop
from shop.shops.queries import shop_numbers
from shop.snapshots.queries import Freshness, freshness
from shop.staff.access import chosen_shops, may, requires, visible_shops
from shop.staff.permissions import Permission

bp = Blueprint("analytics", __name__)


@bp.get("/")
@requires(Permission.READ_SALES)
def index() -> str:
    chosen = chosen_shops()
    hold_one_moment()
    currency = chosen_currency(chosen)
    shops = [shop for shop in chosen if shop.currency == currency]
    sources = Sources.of(shops)
    known = known_of(shops, sources)
    if known is None:
        return render_template(
            "analytics/empty.html", shops=chosen, may_load=may(Permission.RUN_SNAPSHOTS), all_shops=visible_shops()
        )
    overview = Overview(shops, choice(request.args, known), known, sources.memory)
    figure = charted_figure()
    links = links_of(shops, chosen)
    return render_template(
        "analytics/index.html",
        overview=overview,
        figure=figure,
        currency=currency,
        cards=panels.cards(overview, links, figure),
        chart=sales_chart(overview, figure, currency, said(COMPARISONS[overview.choice.compare])),
        by_shop=panels.shop_panel(overview, links, figure),
        others=panels.other_currencies(overview, links, currency_choices(chosen), currency, figure),
        by_status=panels.status_panel(overview, links),
        products=panels.product_panel(overview, links),
        ladder=panels.ladder_panel(overview.now.sales),
        definitions=figures.ALL,
        periods=[(word, preset_label(word, known), links.overview(overview.choice, period=word)) for word in PRESETS],
        comparisons=COMPARISONS,
        kept=links.kept,
        sources=sources,
        numbers=shop_numbers(),
        may_see_runs=may(Permission.READ_OPERATIONS),
    )


@bp.get("/overview.json")
@requires(Permission.READ_SALES)
def overview() -> Response:
    shops = chosen_shops()
    hold_one_moment()
    sources = Sources.of(shops)
    known = known_of(shops, sources)
    period = asked_period(known)
    return jsonify(overview_answer(shops, period, sources.memory) | sources.answer)


@bp.get("/cohorts.json")
@requires(Permission.READ_SALES)
def cohorts() -> Response:
    shops = chosen_shops()
    hold_one_moment()
    sources = Sources.of(shops)
    return jsonify({"shops": [shop.slug for shop in shops], "cohorts": sources.memory.cohorts()} | sources.answer)


@dataclass(frozen=True)
class Sources:
    """The newest runs behind an answer, and the answers kept as of them."""

    newest: list[Freshness]
    memory: Memory

    @classmethod
    def of(cls, shops: Sequence[Shop]) -> "Sources":
        shop_ids = [shop.id for shop in shops]
        newest = freshness(shop_ids)
        return cls(newest, Memory(shop_ids, [each.snapshot_id for each in newest if each.snapshot_id]))

    @property
    def orders(self) -> list[Freshness]:
        """Return the newest run of each shop that brought orders."""
        return [each for each in self.newest if each.kind == "orders"]

    def of_shops(self, shops: Sequence[Shop]) -> list[tuple[Shop, Freshness]]:
        """Return the shops with the newest run that brought orders of each."""
        newest = {each.shop_id: each for each in self.orders}
        return [(shop, newest[shop.id]) for shop in shops]

    @property
    def as_of(self) -> datetime | None:
        """Return up to when all of it is known: the oldest among the shops that have orders."""
        return min((each.as_of for each in self.orders if each.as_of), default=None)

    @property
    def answer(self) -> dict[str, object]:
        return {"as_of": self.as_of.isoformat() if self.as_of else None, "snapshots": self.memory.snapshots}


def known_of(shops: Sequence[Shop], sources: Sources) -> Known | None:
    """Return what is known of the shops' days; None where they have no orders."""
    found = queries.known_days([shop.id for shop in shops])
    if found is None:
        return None
    now, zones = datetime.now(UTC), {shop.id: shop.timezone for shop in shops}
    today = max(local_day(now, zone) for zone in zones.values())
    seen = [local_day(each.as_of, zones[each.shop_id]) for each in sources.orders if each.as_of]
    return Known(*found, today=today, as_of=max(seen, default=today))


def asked_period(known: Known | None) -> Period | None:
    """Return the days that a program asked for; without any word of them everything the shops have."""
    if known is None:
        return None
    if any(request.args.get(name) for name in ("from", "to", "period")):
        return choice(request.args, known).period
    return Period(known.oldest, known.newest)


def links_of(shops: Sequence[Shop], chosen: Sequence[Shop]) -> Links:
    """Return the addresses of rows: they name the shops unless the numbers are of all that the person sees."""
    every = visible_shops()
    return Links(
        [] if len(shops) == len(every) else [shop.slug for shop in shops],
        [] if len(chosen) == len(every) else [shop.slug for shop in chosen],
        request.args.get("currency") or "",
    )


def preset_label(word: str, known: Known) -> str:
    return _("Last day") if word == "today" and known.is_stale else said(PRESETS[word])


def charted_figure() -> Figure:
    asked = request.args.get("chart") or figures.NET_SALES.name
    found = next((figure for figure in figures.CHARTED if figure.name == asked), None)
    if found is None:
        names = ", ".join(figure.name for figure in figures.CHARTED)
        raise ShopError(_("“%(asked)s” cannot be drawn over time. Choose one of %(names)s.", asked=asked, names=names))
    return found


def currency_choices(shops: Sequence[Shop]) -> dict[str, list[Shop]]:
    """Return the shops of each currency, in the order of connection."""
    found: dict[str, list[Shop]] = {}
    for shop in shops:
        found.setdefault(shop.currency, []).append(shop)
    return found


def chosen_currency(shops: Sequence[Shop]) -> str:
    """Return the one currency a page is about: the one asked for, or the first whose shops still sell."""
    choices = currency_choices(shops)
    asked = request.args.get("currency") or ""
    if asked and asked not in choices:
        names = ", ".join(choices)
        raise ShopError(
            _("None of these shops keeps its books in “%(asked)s”. Choose one of %(names)s.", asked=asked, names=names)
        )
    return asked or usual_currency(choices)


def usual_currency(choices: dict[str, list[Shop]]) -> str:
    if len(choices) > 1:
        for currency, shops in choices.items():
            known = known_of(shops, Sources.of(shops))
            if known is not None and not known.is_stale:
                return currency
    return next(iter(choices), "")
