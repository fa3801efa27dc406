"""Adds up the figures of a shop from its downloaded files, knowing nothing of how they were made."""

import gzip
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from shop.platforms.records import Kind, OrderRecord
from shop.platforms.registry import platform
from shop.simulator.figures import Figures
from tests.simulator.asking import Client, download

SHOPTET = platform("shoptet")
CENT = Decimal("0.01")


def raw_lines(client: Client, kind: str) -> list[bytes]:
    url = client.finished(f"/api/{kind}/snapshot")["resultUrl"]
    return gzip.decompress(download(url).body).splitlines()


def figures_of(client: Client, zone: ZoneInfo) -> Figures:
    read = SHOPTET.decode(Kind.ORDERS)
    lines = [read(line) for line in raw_lines(client, "orders")]
    figures = Figures(
        file_lines=len(lines), orders=len({order.code for order in lines}),
        customers=len(raw_lines(client, "customers")), products=len(raw_lines(client, "products")),
    )  # fmt: skip
    for order in lines:
        add(figures, order, zone)
    return figures


def add(figures: Figures, order: OrderRecord, zone: ZoneInfo) -> None:
    figures.lines += len(order.lines)
    figures.guest_orders += order.customer_guid is None
    figures.by_status[order.status_code] = figures.by_status.get(order.status_code, 0) + 1
    if not SHOPTET.counted_by_default(order.status_code):
        figures.cancelled_orders += 1
        return
    figures.counted_orders += 1
    converted = (order.total / order.exchange_rate).quantize(CENT, ROUND_HALF_UP)
    figures.totals[order.currency] = figures.totals.get(order.currency, Decimal(0)) + order.total
    held = figures.totals_in_shop_currency
    held[order.currency] = held.get(order.currency, Decimal(0)) + converted
    month = f"{order.placed_at.astimezone(zone):%Y-%m}"
    count, amount = figures.by_month.get(month, (0, Decimal(0)))
    figures.by_month[month] = (count + 1, amount + converted)
