"""The registry of key numbers: its words name the columns that are really added up."""

from decimal import Decimal

import pytest

from shop.analytics import figures
from shop.analytics.figures import Figure
from shop.analytics.models import DailySales
from shop.analytics.queries import Sales
from shop.customers.models import CustomerMetrics
from shop.orders.models import Order

ONE_OF_EACH = Sales(
    orders=3,
    total_sales=Decimal("1000.00"),
    gross_sales=Decimal("800.00"),
    discounts=Decimal("100.00"),
    shipping=Decimal("80.00"),
    fees=Decimal("20.00"),
    tax=Decimal("199.50"),
    rounding=Decimal("0.50"),
)


@pytest.mark.parametrize("figure", figures.ALL, ids=lambda figure: figure.name)
def test_every_column_that_a_definition_names_exists(figure: Figure) -> None:
    tables = {model.__tablename__: model.__table__.columns for model in (DailySales, CustomerMetrics, Order)}
    named = [word.strip("()").split(".") for word in figure.source.replace(",", " ").split() if "." in word]
    assert named
    for table, column in named:
        assert column in tables[table]


@pytest.mark.parametrize("figure", figures.CHARTED, ids=lambda figure: figure.name)
def test_a_definition_names_every_column_that_is_added_up(figure: Figure) -> None:
    for column in figure.columns:
        assert f"daily_sales.{column}" in figure.source


@pytest.mark.parametrize("figure", figures.CHARTED, ids=lambda figure: figure.name)
def test_only_the_named_columns_change_a_figure(figure: Figure) -> None:
    for name in ("orders", "total_sales", "gross_sales", "discounts", "shipping", "fees", "tax", "rounding"):
        more = ONE_OF_EACH + Sales(**{name: Decimal(7) if name != "orders" else 7})
        assert (figure.of(more) != figure.of(ONE_OF_EACH)) == (name in figure.columns), name


def test_the_figures_of_some_sales() -> None:
    values = {figure.name: figure.of(ONE_OF_EACH) for figure in figures.CHARTED}
    assert values == {
        "total_sales": Decimal("1000.00"),
        "net_sales": Decimal("700.00"),
        "orders": 3,
        "aov": Decimal("233.33"),
    }


def test_without_orders_there_is_no_average_and_everything_else_is_zero() -> None:
    assert [figure.of(Sales()) for figure in figures.CHARTED] == [0, 0, 0, None]


def test_the_way_from_gross_to_total_adds_up_exactly_where_the_parts_do() -> None:
    assert figures.ladder_sum(ONE_OF_EACH) == ONE_OF_EACH.total_sales
    assert figures.ladder_sum(ONE_OF_EACH + Sales(shipping=Decimal("0.01"))) != ONE_OF_EACH.total_sales
