"""The backends that dump and restore a copy give way as they come: each is looked for while its program works."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask_sqlalchemy import SQLAlchemy

from shop.backups import dumping, loading, taking
from shop.making_way import watching_over


@pytest.mark.usefixtures("shop", "copies")
def test_those_of_the_dump_and_those_of_the_restore(db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: dict[str, int] = {}
    settings: list[Any] = []

    def watched(connection: psycopg.Connection[Any], application: str) -> Callable[[], None]:
        look = watching_over(connection, application)
        where = "restore" if "restore" in application else "dump"
        if where == "restore":
            settings.append(connection.execute("SHOW max_parallel_workers").fetchone())

        def counted() -> None:
            looks[where] = looks.get(where, 0) + 1
            look()

        return counted

    monkeypatch.setattr(dumping, "watching_over", watched)
    monkeypatch.setattr(loading, "watching_over", watched)
    assert taking.take("test")[1] == []
    assert looks.keys() == {"dump", "restore"}
    assert settings == [("0",)], "an index that several processes make would not give way"
