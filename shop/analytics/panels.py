"""The overview's panels, line by line; every number with the address of the rows it sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from shop.analytics import figures, queries
from shop.analytics.figures import Figure, Value
from shop.analytics.links import Links
from shop.analytics.overview import Overview
from shop.analytics.queries import ProductSales, Sales, StatusCount
from shop.charts.shares import sparkline, stacked_bar
from shop.languages import N_, said
from shop.languages import gettext as _
from shop.shops.models import Shop

CATEGORIES = ("done", "open", "new", "cancelled", "returned")
SOLD = ("s1", "t2", "t3", "t4")  # tints for the statuses that count, most orders first
UNSOLD = {"cancelled": "s0", "returned": "s5"}


@dataclass(frozen=True)
class Card:
    """A key number, its change on the comparison, its rows, and the page that draws it."""

    figure: Figure
    value: Value
    change: Decimal | None
    href: str
    chart_href: str
    is_charted: bool


def cards(overview: Overview, links: Links, charted: Figure) -> list[Card]:
    period = overview.period
    rows = {figure: links.counted_orders(period) for figure in figures.CHARTED}
    rows[figures.NEW_CUSTOMERS] = links.new_customers(period)
    rows[figures.RETURNING_CUSTOMERS] = links.returning_customers(period, overview.known.newest)
    return [
        Card(
            figure,
            overview.now.value(figure),
            overview.change(figure),
            rows[figure],
            links.overview(overview.choice, chart=figure.name) if figure in figures.CHARTED else "",
            figure is charted,
        )
        for figure in figures.ALL
    ]


@dataclass(frozen=True)
class ShopLine:
    shop: Shop
    orders: int
    value: Value
    change: Decimal | None
    drawing: Markup
    href: str
    orders_href: str


@dataclass(frozen=True)
class ShopPanel:
    """One line a shop, the highest first; `adds_up` tells whether they make the key number."""

    figure: Figure
    lines: list[ShopLine]
    orders: int
    value: Value
    change: Decimal | None
    adds_up: bool


def shop_panel(overview: Overview, links: Links, charted: Figure) -> ShopPanel:
    """Return the shops by the charted figure, or by net sales where that is a count or an average."""
    figure = charted if charted in (figures.TOTAL_SALES, figures.NET_SALES) else figures.NET_SALES
    lines = [shop_line(overview, links, shop, figure) for shop in overview.shops]
    lines.sort(key=lambda line: Decimal(line.value or 0), reverse=True)
    whole = overview.now.value(figure)
    added = sum((Decimal(line.value or 0) for line in lines), start=Decimal(0))
    return ShopPanel(figure, lines, overview.now.sales.orders, whole, overview.change(figure), added == whole)


def shop_line(overview: Overview, links: Links, shop: Shop, figure: Figure) -> ShopLine:
    sales = overview.now.by_shop[shop.id]
    return ShopLine(
        shop,
        sales.orders,
        figure.of(sales),
        overview.shop_change(shop, figure),
        sparkline(
            overview.series(shop, figure),
            name=_("%(shop)s, %(figure)s over the period", shop=shop.name, figure=said(figure.label).lower()),
        ),
        links.overview(overview.choice, shop=shop.slug),
        links.counted_orders(overview.period, shop=shop.slug),
    )


@dataclass(frozen=True)
class StatusLine:
    status: StatusCount
    share: Decimal
    css: str
    href: str


@dataclass(frozen=True)
class StatusPanel:
    """All orders placed in the period by the status they have now; those that count make the key number."""

    drawing: Markup
    lines: list[StatusLine]
    placed: int
    placed_href: str
    counted: int
    counted_href: str
    adds_up: bool


def status_panel(overview: Overview, links: Links) -> StatusPanel:
    """Return the statuses that count first, then by their place in the life of an order."""
    found = sorted(
        overview.statuses, key=lambda each: (not each.counted, CATEGORIES.index(each.category), -each.orders)
    )
    placed = sum(each.orders for each in found)
    counted = sum(each.orders for each in found if each.counted)
    slugs = {shop.id: shop.slug for shop in overview.shops}
    lines = []
    for place, each in enumerate(found):
        css = SOLD[min(place, len(SOLD) - 1)] if each.counted else UNSOLD.get(each.category, "s0")
        own = [] if len(each.shop_ids) == len(slugs) else [("shop", slugs[id_]) for id_ in each.shop_ids]
        href = (links if not own else Links([])).orders(overview.period, ("status", each.code), *own)
        lines.append(StatusLine(each, Decimal(each.orders) / placed, css, href))
    return StatusPanel(
        stacked_bar([(each.status.name, each.status.orders, each.css) for each in lines], name=_("Orders by status")),
        lines,
        placed,
        links.orders(overview.period),
        counted,
        links.counted_orders(overview.period),
        counted == overview.now.sales.orders,
    )


@dataclass(frozen=True)
class ProductLine:
    product: ProductSales
    share: Decimal | None
    href: str

    @property
    def unit_decimals(self) -> int:
        """Return how many decimals the units need: none for pieces, three for weights and lengths."""
        return 0 if self.product.units == self.product.units.to_integral_value() else 3


@dataclass(frozen=True)
class ProductPanel:
    """The products that brought most, all others in one line, and the discounts that belong to no product."""

    lines: list[ProductLine]
    others: int
    others_sales: Decimal
    unallocated: Decimal
    whole: Value
    adds_up: bool
    all_href: str


def product_panel(overview: Overview, links: Links) -> ProductPanel:
    """Return the top of the products. What they bring more than the net sales are discounts of whole orders.

    Such discounts are a part of all discounts, so there cannot be more of them: that is what `adds_up` proves.
    """
    table, sales = overview.products, overview.now.sales
    net = Decimal(figures.NET_SALES.of(sales) or 0)
    slugs = {shop.id: shop.slug for shop in overview.shops}
    lines = [
        ProductLine(
            each,
            each.sales / net if net else None,
            links.counted_orders(overview.period, ("sku", each.sku), shop=slugs[each.shop_id]) if each.sku else "",
        )
        for each in table.top
    ]
    unallocated = net - table.sales
    return ProductPanel(
        lines,
        table.skus - len(lines),
        table.sales - sum((each.sales for each in table.top), start=Decimal(0)),
        unallocated,
        net,
        -unallocated <= sales.discounts,
        links.products(),
    )


@dataclass(frozen=True)
class LadderLine:
    label: str
    value: Decimal
    is_sum: bool = False


@dataclass(frozen=True)
class LadderPanel:
    """How gross sales become what customers owe."""

    lines: list[LadderLine]
    adds_up: bool


def ladder_panel(sales: Sales) -> LadderPanel:
    parts = [LadderLine(label, sign * getattr(sales, column)) for label, column, sign in figures.LADDER]
    net = LadderLine(N_("Net sales, without VAT"), Decimal(figures.NET_SALES.of(sales) or 0), is_sum=True)
    total = LadderLine(N_("Total sales"), sales.total_sales, is_sum=True)
    return LadderPanel([*parts[:2], net, *parts[2:], total], figures.ladder_sum(sales) == sales.total_sales)


@dataclass(frozen=True)
class OtherCurrency:
    """What the chosen shops of another currency sold in the same days: never added, but one click away."""

    currency: str
    shops: Sequence[Shop]
    orders: int
    value: Value
    href: str


def other_currencies(
    overview: Overview, links: Links, choices: dict[str, list[Shop]], currency: str, figure: Figure
) -> list[OtherCurrency]:
    others = {code: shops for code, shops in choices.items() if code != currency}
    ids = [shop.id for shops in others.values() for shop in shops]
    found = queries.sales_by_shop(ids, overview.period.start, overview.period.end) if ids else {}
    lines = []
    for code, shops in others.items():
        sales = sum((found[shop.id] for shop in shops), start=Sales())
        href = links.overview(overview.choice, currency=code)
        lines.append(OtherCurrency(code, shops, sales.orders, figure.of(sales), href))
    return lines
