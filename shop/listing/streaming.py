"""A whole list as CSV: every row, in the list's order, from one snapshot of the database, in flat memory."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from flask import Response, current_app, has_request_context, request
from sqlalchemy import Engine, Integer, Select, literal, select, text, union_all
from sqlalchemy.orm import Session

from shop.languages import AT_WORK, spoken
from shop.listing.cells import Fields, written
from shop.listing.listing import Listing
from shop.listing.manifest import Counting, Keep
from shop.listing.scopes import Scope
from shop.listing.sorts import Segment
from shop.listing.window import Key, directed, kept_parts, shown
from shop.search import words

BATCH = 1_000  # rows that are read and written at a time
LONGEST_NAME = 120
PATIENCE = "15min"  # for a reader that takes the next piece slowly

MARK = "\ufeff"
NO_MONEY: Mapping[str, str] = {}

Begin = Callable[[Engine, str, str, Mapping[str, str], datetime | None], tuple[int, Keep]]  # named by the factory
Rows = Callable[[Session, Sequence[Key]], Iterable[Fields]]


def csv_response(
    engine: Engine,
    listing: Listing,
    scopes: Sequence[Scope],
    header: Sequence[str],
    rows: Rows,
    *,
    money: Mapping[str, str] = NO_MONEY,
    as_of: datetime | None = None,
) -> Response:
    """Return the whole list as a download, and keep its manifest. `rows` reads a batch of keys in their order.

    `money` names the columns of amounts, each with the column of its currency; `as_of` is up to when the data is known.
    With `?bom=1` the file begins with a byte order mark, without which some spreadsheets take UTF-8 for something else.

    The first piece is read here, so that a list that cannot be read is answered with an error page. A later failure cuts the
    connection in the middle of the chunked answer: what arrived can never be taken for the whole.
    """
    counting = Counting(money, None)
    source = counting.through(snapshot_rows(engine, listing, scopes, rows))
    pieces = written(source, header)
    first = MARK * wants_mark() + next(pieces)
    name = file_name(listing, datetime.now(UTC))
    begin: Begin = current_app.extensions["exports"]
    number, counting.keep = begin(engine, listing.address(), name, money, as_of)
    response = Response(
        handed_on(first, pieces, source, counting), content_type="text/csv; charset=utf-8; header=present"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Pult-Export"] = str(number)
    response.call_on_close(source.close)  # a reader who never took the first piece
    response.call_on_close(counting.cut)  # unless it has ended whole
    return response


def wants_mark() -> bool:
    return has_request_context() and request.args.get("bom") == "1"


def handed_on(first: str, pieces: Iterator[str], source: Generator[Fields], counting: Counting) -> Iterator[bytes]:
    """Hand the pieces on; when the reader has gone, or reading fails, let go of the database at once.

    The end of the file is sent only after its manifest is kept: what has none never looks whole.
    """
    try:
        with closing(source):
            yield counting.sent(first.encode())
            for piece in pieces:
                yield counting.sent(piece.encode())
        counting.end(whole=True)
    finally:
        counting.cut()


def snapshot_rows(engine: Engine, listing: Listing, scopes: Sequence[Scope], rows: Rows) -> Generator[Fields]:
    """Read every row within one REPEATABLE READ transaction, keys by a server-side cursor, rows by their primary key."""
    with engine.connect() as pooled:
        connection = pooled.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with Session(connection) as session:
            session.execute(
                text("SELECT set_config('idle_in_transaction_session_timeout', :limit, true)"), {"limit": PATIENCE}
            )
            for number, segment in enumerate(listing.sort.segments):
                statement = whole(listing, segment, scopes)
                if statement is None:
                    continue
                options = {"stream_results": True, "yield_per": BATCH}
                with closing(session.execute(statement, execution_options=options)) as streamed:
                    for batch in streamed.partitions(BATCH):
                        yield from rows(session, [Key(number, *row) for row in batch])


def whole(listing: Listing, segment: Segment, scopes: Sequence[Scope]) -> Select[Any] | None:
    """Return the statement for all rows of a segment: each shop in its index's order, merged; None if no shop is meant."""
    each = [
        select(
            literal(shop_id, Integer).label("shop_id"),
            segment.row.label("row"),
            segment.key.label("key"),
            segment.tie.label("tie"),
        )
        .select_from(segment.source)
        .where(
            segment.shop == shop_id,
            *kept_parts(segment, scope, (shop_id,)),
            *scope.conditions,
            *scope.within(shop_id),
            *shown(segment),
        )
        for scope in scopes
        for shop_id in scope.shop_ids
    ]
    if not each:
        return None
    if len(each) == 1:
        return each[0].order_by(*directed((segment.key, segment.tie), down=listing.descending))
    rows = union_all(*each).subquery()
    order = directed((rows.c.key, rows.c.shop_id, rows.c.tie), down=listing.descending)
    return select(rows.c.shop_id, rows.c.row, rows.c.key, rows.c.tie).order_by(*order)


def file_name(listing: Listing, now: datetime) -> str:
    """Return a name that tells what the file holds: orders-demo-status-new-placed-1-3-7-3-2026-20260309T1015.csv."""
    with spoken(AT_WORK.code):  # whoever reads the page: files are sorted by their names
        told = [
            listing.spec.many,
            *listing.shops,
            *(f"{known.name} {known.words(value)}" for known, value in listing.filters()),
        ]
    slug = "-".join(word for part in told for word in words(part) if word.isascii())[:LONGEST_NAME].strip("-")
    return f"{slug}-{now:%Y%m%dT%H%M}.csv"
