"""Pages on the full tables: the server's time at the middle and at the slow end, on the first page and on the deepest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from urllib.parse import quote_plus

from bench.meter import Meter, Spread, Visit, spread
from bench.scale.cases import SORTS, Examples, Sample
from bench.table import Row
from shop.analytics.periods import PRESETS

LIST_LIMIT, LOOKUP_LIMIT, DETAIL_LIMIT, OVERVIEW_LIMIT = 30.0, 10.0, 20.0, 50.0  # ms, p95
DEEPER_LIMIT = 1.2
END = "before=end"
BOTH_ORDERS = ("-placed", "-total")  # in which every filter is asked for


@dataclass(frozen=True)
class Measured:
    """One address and what it cost."""

    path: str
    visits: list[Visit]

    @property
    def page(self) -> Spread:
        return spread(visit.page for visit in self.visits)

    @property
    def processor(self) -> float:
        return median(visit.processor for visit in self.visits)


def measured(meter: Meter, path: str, rounds: int) -> Measured:
    return Measured(path, meter.visits(path, rounds))


def row(name: str, found: Sequence[Measured], limit: float) -> Row:
    """Return the costliest of some addresses, named where there are several."""
    worst = max(found, key=lambda each: each.page.p95)
    which = f", the slowest of {len(found)}: `{worst.path}`" if len(found) > 1 else ""
    value = f"{worst.page} ({worst.processor:.1f} ms of processor time{which})"
    return Row(name, value, f"p95 at most {limit:.0f} ms", worst.page.p95 <= limit)


def lists(meter: Meter, examples: Examples, rounds: int, sorts: Sequence[str] = BOTH_ORDERS) -> list[Row]:
    """Measure every order and every filter of the list of orders, each at both ends and the filters in every order."""
    rows = [
        row(f"orders sorted by {sort}, first and deepest page", at_both_ends(meter, f"sort={sort}", rounds), LIST_LIMIT)
        for sort in SORTS
    ]
    for name, values in examples.items():
        found = [
            each for value in values for sort in sorts
            for each in at_both_ends(meter, f"{name}={quote_plus(value, safe=':,.')}&sort={sort}", rounds)
        ]  # fmt: skip
        rows.append(row(f"orders filtered by {name}", found, LIST_LIMIT))
    return rows


def at_both_ends(meter: Meter, query: str, rounds: int) -> list[Measured]:
    return [measured(meter, f"/orders/?{query}{end}", rounds) for end in ("", f"&{END}")]


def deepest(meter: Meter, rounds: int) -> list[Row]:
    """Compare the deepest page, reached by its cursor, with the first; visits alternate, so that both have the same weather."""
    first = meter.address("/orders/")
    last = cursor_of_the_end(meter)
    pairs = [(meter.visit(first), meter.visit(last)) for _ in range(rounds)]
    shallow, deep = ([pair[end] for pair in pairs] for end in (0, 1))
    ratios = {
        what: median(getattr(visit, what) for visit in deep) / median(getattr(visit, what) for visit in shallow)
        for what in ("page", "sql", "processor")
    }
    return [
        Row("… page 1, 50 rows of the newest orders", str(spread(visit.page for visit in shallow))),
        Row("… the deepest page, by its cursor", str(spread(visit.page for visit in deep))),
        Row("… the deepest against page 1: page, SQL, processor", ", ".join(f"{ratio:.2f}x" for ratio in ratios.values()), f"page within {DEEPER_LIMIT}x", ratios["page"] <= DEEPER_LIMIT),
    ]  # fmt: skip


def cursor_of_the_end(meter: Meter) -> str:
    """Return the address of the deepest page as the link “next” of the page before it has it."""
    end = meter.opened(meter.address(f"/orders.json?{END}")).get_json()
    before = meter.opened(end["previous"] or meter.address("/orders.json")).get_json()
    address: str = before["next"] or meter.address("/orders/")
    return address.replace("/orders.json", "/orders/")


def others(meter: Meter, samples: Sequence[Sample], rounds: int) -> list[Row]:
    """Measure lookups, records and the overview."""
    rows = [
        row("orders of an e-mail", each(meter, samples, "/orders/?email={email}", rounds), LOOKUP_LIMIT),
        row("a customer by e-mail", each(meter, samples, "/customers/?email={email}", rounds), LOOKUP_LIMIT),
        row("a product by SKU", each(meter, samples, "/products/?sku={sku}", rounds), LOOKUP_LIMIT),
        row("orders with a SKU", each(meter, samples, "/orders/?sku={sku}", rounds), LIST_LIMIT),
        row("an order by its number in the search box", each(meter, samples, "/orders/?q={code}", rounds), LIST_LIMIT),
        row("one order with its lines", each(meter, samples, "/orders/{slug}/{order_id}", rounds), DETAIL_LIMIT),
        row("one customer with their orders", each(meter, samples, "/customers/{slug}/{customer_id}", rounds), DETAIL_LIMIT),
    ]  # fmt: skip
    for name, path in (("customers", "/customers/?"), ("products", "/products/?")):
        rows.append(
            row(f"{name}, first and last page", [measured(meter, path + end, rounds) for end in ("", END)], LIST_LIMIT)
        )
    return [*rows, *overviews(meter, rounds)]


def each(meter: Meter, samples: Iterable[Sample], path: str, rounds: int) -> list[Measured]:
    """Ask for several samples in turn; what they cost together is one measurement."""
    asked = [
        path.format(**{name: quote_plus(str(value)) for name, value in vars(sample).items()}) for sample in samples
    ]
    visits = [visit for address in asked for visit in meter.visits(address, max(2, rounds // len(asked)))]
    return [Measured(path, visits)]


def overviews(meter: Meter, rounds: int) -> list[Row]:
    asked = [*(f"?period={word}" for word in PRESETS), "?from=2024-01-01&to=2026-06-30", "?currency=EUR&compare=year"]
    return [
        row("the overview as it opens", [measured(meter, "/", rounds)], OVERVIEW_LIMIT),
        row("the overview of other periods", [measured(meter, f"/{period}", max(2, rounds // 4)) for period in asked], OVERVIEW_LIMIT),
    ]  # fmt: skip
