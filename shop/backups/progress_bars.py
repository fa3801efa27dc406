"""How far a command of the copies is, on a terminal: a bar for each phase."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from shop.backups import holding


@contextmanager
def bars(shown: bool) -> Iterator[holding.Progress]:
    """Yield what hears of progress: a bar for each phase on standard error, or nothing."""
    if not shown:
        yield holding.unwatched
        return
    columns = (TextColumn("{task.description:<8}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, Any] = {}

        def hear(phase: str, at: int, of: int) -> None:
            if phase not in tasks:
                for task in tasks.values():
                    progress.update(task, total=1, completed=1)
                    progress.stop_task(task)
                tasks[phase] = progress.add_task(phase, total=of or None)
            progress.update(tasks[phase], completed=at, total=of or None)

        yield hear
        for task in tasks.values():
            progress.update(task, total=1, completed=1)
