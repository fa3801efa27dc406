"""A signed-in owner who opens pages in this process and notes what they cost."""

import contextvars
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from shop.db import db
from shop.staff.models import Person
from shop.staff.permissions import Role
from shop.staff.sessions import open_session

OWN_TABLES = re.compile(r"\b(orders|daily_sales|customers|customer_metrics|product_variants|product_metrics)\b")
EMAIL = "bench@example.com"
WARM = 3  # visits of a page that fill caches, and are not counted


@dataclass(frozen=True)
class Visit:
    """Milliseconds of one page: of the statements that read a list, of the whole answer, and of the processors it kept busy."""

    sql: float
    page: float
    processor: float


@dataclass(frozen=True)
class Spread:
    """The middle and the slow end of some times, in milliseconds."""

    p50: float
    p95: float

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p95:.1f} ms"


def spread(times: Iterable[float]) -> Spread:
    cuts = quantiles(times, n=20, method="inclusive")
    return Spread(cuts[9], cuts[18])


def timed(work: Callable[[], object], rounds: int) -> float:
    """Return the median milliseconds; the first time fills caches and is left out."""
    found = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return median(found[1:])


class Clock:
    """The application, which notes how many milliseconds its last answer took: the client's own work is none of it."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application
        self.took = 0.0

    def __call__(self, *request: Any) -> Iterable[bytes]:
        began = time.perf_counter()
        try:
            return self.application(*request)
        finally:
            self.took = (time.perf_counter() - began) * 1000


class Meter:
    """Opens pages as an owner of every shop. Times are of the application and its database, without a network."""

    def __init__(self, app: Flask, shops: str, warm: int = WARM) -> None:
        self.clock = app.wsgi_app if isinstance(app.wsgi_app, Clock) else Clock(app.wsgi_app)
        app.wsgi_app = self.clock  # type: ignore[method-assign]
        self.client: FlaskClient = app.test_client()
        self.shops, self.warm = shops, warm
        self.spent: list[tuple[str, float]] = []
        self.started = 0.0
        self.backends: set[Path] = set()
        event.listen(db.engine, "checkout", self.note_backend)
        event.listen(db.engine, "before_cursor_execute", self.before)
        event.listen(db.engine, "after_cursor_execute", self.after)
        self.sign_in()

    def sign_in(self) -> None:
        owner = db.session.execute(select(Person).filter_by(email=EMAIL)).scalar_one_or_none()
        owner = owner or Person(email=EMAIL, name="Bench", role=Role.OWNER.value)
        db.session.add(owner)
        db.session.commit()
        secret = open_session(owner, "127.0.0.1", "bench")
        db.session.commit()
        with self.client.session_transaction() as session:
            session["_user_id"] = secret

    def note_backend(self, connection: Any, *_rest: object) -> None:
        self.backends.add(Path(f"/proc/{connection.info.backend_pid}/schedstat"))

    def before(self, *_whatever: object) -> None:
        self.started = time.perf_counter()

    def after(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.spent.append((statement, (time.perf_counter() - self.started) * 1000))

    def visits(self, path: str, rounds: int) -> list[Visit]:
        """Open a page often; the first few times are left out."""
        address = self.address(path)
        return [self.visit(address) for _ in range(rounds + self.warm)][self.warm :]

    def address(self, path: str) -> str:
        """Name the shops, so that other benchmarks' rows are not among the measured."""
        return path if not self.shops or "shop=" in path else f"{path}{'&' if '?' in path else '?'}shop={self.shops}"

    def visit(self, address: str) -> Visit:
        self.spent.clear()
        busy = self.busy()
        response = self.opened(address)
        page, busy = self.clock.took, self.busy() - busy
        assert response.status_code == 200, f"{address} answered {response.status}"
        return Visit(sum(spent for statement, spent in self.spent if OWN_TABLES.search(statement)), page, busy)

    def opened(self, address: str) -> TestResponse:
        return contextvars.Context().run(self.client.get, address)

    def busy(self) -> float:
        """Return the milliseconds that this process and its connections' backends have been on a processor."""
        served = sum(int(path.read_text().split()[0]) for path in self.backends if path.exists())
        return time.process_time() * 1000 + served / 1_000_000
