"""A process of its own that opens a page ten times a second, so that one sees what it waits for while something else goes on."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from bench.meter import Meter
from shop.config import Config
from shop.factory import create_app

PAUSE = 0.1  # seconds between two visits
Visits = list[tuple[float, float]]  # when a page was asked for, on the monotonic clock, and for how long; seconds


@contextmanager
def visiting(config: Config, page: str) -> Iterator[Callable[[], Visits]]:
    """Let a process of its own open the page until the answer is asked for."""
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    values = (config.database_url, config.redis_url, config.secret_key, str(config.data_dir))
    process = context.Process(target=visit, args=(values, page, stop, answers), daemon=True)
    process.start()
    answers.get(timeout=60)

    def end() -> Visits:
        stop.set()
        found: Visits = answers.get(timeout=60)
        return found

    try:
        yield end
    finally:
        stop.set()
        process.join(10)


def visit(values: tuple[str, str, str, str], page: str, stop: Event, answers: Any) -> None:
    url, redis_url, secret, folder = values
    app = create_app(Config(url, redis_url, secret, Path(folder)))
    visits: Visits = []
    with app.app_context():
        meter = Meter(app, "")
        meter.visits(page, 3)
        answers.put(None)
        while not stop.wait(PAUSE):
            began = time.monotonic()
            meter.visit(page)
            visits.append((began, time.monotonic() - began))
    answers.put(visits)
