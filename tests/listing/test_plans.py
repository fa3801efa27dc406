"""Every offered order with every offered filter is answered by an index, as the database itself explains."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from bench.seeding import fill
from shop.config import Config
from shop.db import db
from shop.listing import gathering, page
from shop.listing.limits import LONGEST
from shop.orders.models import OrderStatus
from shop.shops.models import Shop
from tests.explaining import LARGE, explained
from tests.listing.questions import LISTS, orders_of, page_asked, questions
from tests.servers import EMPTY_EVERYTHING

ROWS = int(os.environ.get("PLANS_ORDERS", "20000"))
COUNTED = 400  # rows that a list counts here: as small a part of these tables as 10,000 are of large ones
PER_PAGE = 15
FEW = ROWS // 7  # rows that a statement may look at, whatever it asks for
CASES = [(path, order) for path, spec in LISTS.items() for order in orders_of(spec)]


@dataclass(frozen=True)
class Filled:
    """What a page has to know of the shops that hold the rows."""

    shops: Sequence[Shop]
    statuses: Sequence[OrderStatus]


@pytest.fixture(scope="module")
def filled(app: Flask, config: Config) -> Iterator[Filled]:
    """Three shops of 20,000 orders between them."""
    with psycopg.connect(config.database_url) as connection:
        connection.execute(EMPTY_EVERYTHING)
        connection.commit()
        fill(connection, ROWS)
    with app.app_context():
        found = Filled(
            db.session.scalars(select(Shop).order_by(Shop.id)).all(), db.session.scalars(select(OrderStatus)).all()
        )
        for row in (*found.shops, *found.statuses):
            db.session.expunge(row)
        db.session.rollback()
        yield found


@pytest.fixture(autouse=True)
def counts_few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (gathering, page):
        monkeypatch.setattr(module, "MOST", COUNTED)
    monkeypatch.setattr(gathering, "PATIENCE", LONGEST - 1)
    monkeypatch.setattr(page, "TURNS", (LONGEST - 2,))


def faults(address: str, known: Filled) -> list[str]:
    """What is wrong with the plans of a page. Who looks at too much has no time left, as it would be with large tables."""
    with explained(too_long=FEW) as seen:
        page_asked(address, known.shops, known.statuses)
    db.session.rollback()
    assert seen, f"{address} has asked for nothing"
    found = []
    for each in seen:
        if through := each.read_through(LARGE):
            found.append(f"{address} reads all of {', '.join(through)}:\n{each}")
        if (met := each.met(LARGE)) > FEW:
            found.append(f"{address} looks at {met} rows:\n{each}")
        if (most := each.sorted_rows()) > FEW:
            found.append(f"{address} sorts {most} rows:\n{each}")
    return found


@pytest.mark.parametrize(("path", "order"), CASES)
def test_every_filter_of_every_order_is_answered_by_an_index(filled: Filled, path: str, order: str) -> None:
    asked = [f"{address}&per_page={PER_PAGE}" for address in questions(LISTS[path], order)]
    found = [fault for address in asked for fault in faults(address, filled)]
    said = [fault.partition("\n")[0] for fault in found]
    assert not found, "\n".join([f"{len(found)} of {len(asked)} pages", *said, *found[:1]])


@pytest.mark.parametrize(
    "address",
    ["/orders/?paid=no&sort=-total", "/orders/?paid=yes&sort=placed&before=end", "/customers/?q=b&sort=last_order", "/products/?q=thing&sort=-units&before=end"],
)  # fmt: skip
def test_sorting_all_out_finds_what_a_walk_finds(filled: Filled, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    walked = page_asked(address, filled.shops, filled.statuses)
    db.session.rollback()

    def far_too_long(session: Session, *_: object, **__: object) -> None:
        session.execute(text("SELECT set_config('statement_timeout', '1', true)"))
        session.execute(text("SELECT pg_sleep(1)"))

    monkeypatch.setattr(page, "walk", far_too_long)
    assert page_asked(address, filled.shops, filled.statuses).keys == walked.keys
    db.session.rollback()


@pytest.mark.parametrize(
    ("bound", "means"),
    [("gte:1.5", "orders_count >= 2"), ("gt:1.5", "orders_count > 1"), ("lte:1.5", "orders_count <= 1"), ("lt:1.5", "orders_count < 2"),
     ("eq:1.5", "false"), ("eq:2", "orders_count = 2"), ("gte:999999999999", "orders_count >= 999999999999")],
)  # fmt: skip
def test_a_count_is_compared_with_a_whole_number(bound: str, means: str) -> None:
    known = LISTS["/customers"].filter("orders_count")
    condition = known.condition(known.read([bound]), ZoneInfo("UTC"))
    assert condition is not None
    said = str(condition.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    assert said.replace("customer_metrics.", "") == means
