"""What the application sends to PostgreSQL while something is done."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from shop.db import db


@contextmanager
def statements(naming: str = "") -> Iterator[list[str]]:
    """Collect the statements, in their order; `naming`: only those in which this word stands."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if naming in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
