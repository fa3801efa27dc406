"""The made-up shop: the same for the same seed, flat in memory, and its figures are those of its files."""

import gzip
import json
import tracemalloc
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from shop.platforms.records import CustomerRecord, Kind, OrderRecord, ProductRecord
from shop.platforms.registry import platform
from shop.simulator.figures import Figures
from shop.simulator.generator import GeneratedShop, generate
from shop.simulator.profiles import PROFILES

SHOPTET = platform("shoptet")
CENT = Decimal("0.01")
SMALL = 1_500


def orders_of(shop: GeneratedShop) -> list[OrderRecord]:
    read = SHOPTET.decode(Kind.ORDERS)
    return [read(line) for line in shop.orders()]


def customers_of(shop: GeneratedShop) -> list[CustomerRecord]:
    read = SHOPTET.decode(Kind.CUSTOMERS)
    return [read(line) for line in shop.customers()]


def products_of(shop: GeneratedShop) -> list[ProductRecord]:
    read = SHOPTET.decode(Kind.PRODUCTS)
    return [read(line) for line in shop.products()]


def figures_of(shop: GeneratedShop) -> Figures:
    """Add the figures up again from what the decoder reads, knowing nothing of how they were drawn."""
    lines = orders_of(shop)
    newest: dict[str, OrderRecord] = {}
    for order in lines:
        held = newest.get(order.code)
        if held is None or (order.changed_at and held.changed_at and order.changed_at >= held.changed_at):
            newest[order.code] = order
    figures = Figures(
        file_lines=len(lines), orders=len(newest), customers=len(customers_of(shop)), products=len(products_of(shop))
    )
    for order in newest.values():
        figures.lines += len(order.lines)
        figures.guest_orders += order.customer_guid is None
        figures.by_status[order.status_code] = figures.by_status.get(order.status_code, 0) + 1
        if not SHOPTET.counted_by_default(order.status_code):
            figures.cancelled_orders += 1
            continue
        figures.counted_orders += 1
        converted = (order.total / order.exchange_rate).quantize(CENT, ROUND_HALF_UP)
        held_total = figures.totals.get(order.currency, Decimal(0))
        figures.totals[order.currency] = held_total + order.total
        held_converted = figures.totals_in_shop_currency.get(order.currency, Decimal(0))
        figures.totals_in_shop_currency[order.currency] = held_converted + converted
        month = f"{order.placed_at.astimezone(shop.calendar.zone):%Y-%m}"
        count, amount = figures.by_month.get(month, (0, Decimal(0)))
        figures.by_month[month] = (count + 1, amount + converted)
    return figures


@pytest.mark.parametrize("untidy", [False, True])
@pytest.mark.parametrize("profile", PROFILES)
def test_the_expected_figures_are_those_of_the_decoded_files(profile: str, untidy: bool) -> None:
    kind_of_shop = PROFILES[profile].untidy() if untidy else PROFILES[profile]
    shop = generate(kind_of_shop, SMALL, seed=7)
    assert figures_of(shop) == shop.expected
    assert (shop.expected.file_lines > SMALL) is untidy
    assert shop.expected.counted_total == sum(amount for _, amount in shop.expected.by_month.values())


def test_the_figures_are_known_without_writing_a_file() -> None:
    assert generate("cz", 50).expected.orders == 50


@pytest.mark.parametrize("orders", [0, 1, 2])
def test_the_smallest_shops_are_whole_shops(orders: int) -> None:
    shop = generate("cz", orders)
    assert len(orders_of(shop)) == orders == shop.expected.orders
    assert len(products_of(shop)) == shop.expected.products > 100


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    first = generate("cz", 300, seed=3).write(tmp_path / "first")
    again = generate("cz", 300, seed=3).write(tmp_path / "again")
    other = generate("cz", 300, seed=4).write(tmp_path / "other")
    for kind in Kind:
        assert first[kind].read_bytes() == again[kind].read_bytes()
        assert first[kind].read_bytes() != other[kind].read_bytes()


def test_written_files_are_the_streamed_lines_packed(tmp_path: Path) -> None:
    shop = generate("eu", 120)
    paths = shop.write(tmp_path, level=6)
    assert {kind: path.name for kind, path in paths.items()} == {
        Kind.ORDERS: "orders.jsonl.gz", Kind.CUSTOMERS: "customers.jsonl.gz", Kind.PRODUCTS: "products.jsonl.gz",
    }  # fmt: skip
    streams = {Kind.ORDERS: shop.orders, Kind.CUSTOMERS: shop.customers, Kind.PRODUCTS: shop.products}
    for kind, path in paths.items():
        assert gzip.decompress(path.read_bytes()) == b"".join(streams[kind]())


def test_memory_does_not_grow_with_the_number_of_orders() -> None:
    def peak(orders: int) -> int:
        tracemalloc.start()
        for _ in generate("cz", orders).orders():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(1_000), peak(6_000)
    assert many < 16 << 20
    assert many - few < 6 << 20, "the till remembers lines of receipts up to a bound, nothing else grows"


def test_every_header_is_the_sum_of_its_lines_and_cancelled_ones_are_zero() -> None:
    for order in orders_of(generate("cz", SMALL)):
        if order.status_code == "-4":
            assert (order.total, order.total_without_vat, order.to_pay) == (0, 0, 0)
            assert sum(line.total for line in order.lines) > 0
        else:
            assert order.total == sum(line.total for line in order.lines)
            assert order.total_without_vat == sum(line.total_without_vat for line in order.lines)
        assert order.vat == order.total - order.total_without_vat
        assert order.changes == []


def test_lines_are_quantity_times_price_and_vat_is_inside() -> None:
    for order in orders_of(generate("cz", 300)):
        for line in order.lines:
            if line.item_type in ("product", "product-set"):
                assert line.unit_price is not None
                assert line.vat_rate in (21, 12)
                assert (line.unit_price * line.quantity).quantize(CENT, ROUND_HALF_UP) == line.total
                assert (line.total / (1 + line.vat_rate / 100)).quantize(CENT, ROUND_HALF_UP) == line.total_without_vat


def test_a_czech_shop_is_like_a_czech_shop() -> None:
    shop = generate("cz", 6_000, seed=11)
    orders = orders_of(shop)
    count = len(orders)
    assert 5 < shop.expected.lines / count < 7
    assert 0.04 < shop.expected.cancelled_orders / count < 0.08
    assert 0.35 < shop.expected.guest_orders / count < 0.69
    assert 0.03 < sum(order.email is None for order in orders) / count < 0.07
    assert 0.05 < sum(order.currency == "EUR" for order in orders) / count < 0.09
    assert {order.paid for order in orders} == {True, False, None}
    assert {"-1", "-2", "-3", "-4", "17", "30", "70"} == set(shop.expected.by_status)
    kinds = Counter(line.item_type for order in orders for line in order.lines)
    assert set(kinds) == {
        "product", "product-set", "product-set-item", "shipping", "billing", "discount-coupon", "volume-discount",
    }  # fmt: skip
    assert 900 < shop.expected.counted_total / shop.expected.counted_orders < 6_000, "crowns for an order"


def test_orders_have_the_oddities_of_real_ones() -> None:
    shop = generate("cz", 3_000, seed=5)
    raw = b"".join(shop.orders()).decode()
    orders = orders_of(shop)
    assert any(order.guid is None for order in orders)
    assert any("/" in order.code for order in orders)
    assert '"email":"  ' in raw
    assert "ů" in raw
    assert "😊" in raw
    deleted = [line for order in orders for line in order.lines if line.item_type == "product" and line.sku is None]
    assert deleted
    assert all(line.product_guid is None and line.name for line in deleted)
    assert any(line.purchase_price is None for order in orders for line in order.lines if line.item_type == "product")
    assert any(line.quantity % 1 for order in orders for line in order.lines), "tea is sold by weight"
    for order in orders:
        if order.cash_desk:
            assert (order.email, order.customer_guid, order.source) == (None, None, "Prodejna")
        for line in order.lines:
            if line.parent_line is not None:
                assert order.lines[line.parent_line - 1].item_type == "product-set"


def test_what_is_in_orders_is_in_the_other_files_but_for_the_deleted() -> None:
    shop = generate("cz", 2_000)
    customers = {customer.guid: customer for customer in customers_of(shop)}
    products = {variant.sku: product.guid for product in products_of(shop) for variant in product.variants}
    assert len(customers) == shop.expected.customers
    for order in orders_of(shop):
        if order.customer_guid:
            customer = customers[order.customer_guid]
            assert customer.created_at is not None
            assert customer.created_at <= order.placed_at
            assert order.email in [account.email for account in customer.emails] or not customer.emails
        for line in order.lines:
            if line.item_type == "product" and line.sku:
                assert products[line.sku] == line.product_guid


def test_a_few_customers_come_again_and_again_and_most_once() -> None:
    orders = Counter(order.email for order in orders_of(generate("cz", 4_000)) if order.email)
    counts = sorted(orders.values(), reverse=True)
    assert counts[0] > 20
    assert counts[len(counts) // 2] <= 2
    assert sum(counts[: len(counts) // 10]) > sum(counts) * 0.25


def test_customers_have_the_oddities_of_real_ones() -> None:
    customers = customers_of(generate("cz", 4_000))
    emails = [account.email for customer in customers for account in customer.emails]
    assert len(emails) == len(set(emails)), "an e-mail is one person's"
    assert {len(customer.emails) for customer in customers} == {0, 1, 2}
    assert any(customer.emails and not customer.emails[0].main for customer in customers)
    assert any(customer.delivery_addresses for customer in customers)
    assert {customer.group for customer in customers} > {None, "Velkoobchod"}


def test_codes_are_unique_and_orders_stand_in_the_order_they_were_placed() -> None:
    orders = orders_of(generate("cz", SMALL))
    assert len({order.code for order in orders}) == SMALL
    assert all(before.placed_at <= after.placed_at for before, after in pairwise(orders))
    first, last = orders[0].placed_at, orders[-1].placed_at
    assert (first.date(), last.date()) == (date(2024, 1, 1), date(2025, 12, 31))


def test_untidy_files_have_older_states_and_no_order() -> None:
    orders = orders_of(generate(PROFILES["cz"].untidy(), SMALL))
    repeated = Counter(order.code for order in orders)
    assert {1, 2} == set(repeated.values())
    assert any(before.placed_at > after.placed_at for before, after in pairwise(orders))
    by_code = {}
    for order in orders:
        by_code.setdefault(order.code, []).append(order)
    for states in by_code.values():
        assert len({state.changed_at for state in states}) == len(states), "one of them is newer"


def test_the_next_snapshot_differs_only_in_what_changed() -> None:
    shop = generate("cz", 2_000, seed=9)
    later = shop.changed(0.05, seed=2)
    before = {json.loads(line)["code"]: line for line in shop.orders()}
    after = {json.loads(line)["code"]: line for line in later.orders()}
    changed = [code for code in before if after[code] != before[code]]
    assert set(before) < set(after)
    assert 0.03 < len(changed) / len(before) < 0.07
    assert len(after) - len(before) == int(2_000 * 0.05 * 0.3)
    read = SHOPTET.decode(Kind.ORDERS)
    differences = Counter[str]()
    for code in changed:
        old, new = read(before[code]), read(after[code])
        assert old.changed_at is not None
        assert new.changed_at is not None
        assert new.changed_at > shop.last > old.placed_at
        differences["status"] += old.status_code != new.status_code
        differences["lines"] += old.lines != new.lines
        differences["parcel"] += old.tracking_number != new.tracking_number
    assert all(differences[what] for what in ("status", "lines", "parcel"))
    assert figures_of(later) == later.expected
    assert all(read(after[code]).placed_at >= shop.last for code in set(after) - set(before))


def test_the_next_snapshots_new_customers_are_in_its_customers_file() -> None:
    later = generate("cz", 1_000).changed(0.5)
    known = {customer.guid for customer in customers_of(later)}
    assert {order.customer_guid for order in orders_of(later) if order.customer_guid} <= known
