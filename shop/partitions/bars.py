"""How far a conversion is: a bar in the terminal, elsewhere a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from shop.partitions.record import Conversion

EVERY = 5.0  # seconds between two lines without a terminal
QUIET = 2_000  # rows below which a migration says nothing


class Teller:
    """Tells people of a conversion, on standard error: what is on standard output is for programs."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(30),
            TextColumn("{task.fields[words]}"),
            TimeRemainingColumn(),
        )
        self.progress = Progress(*columns, console=self.console, transient=True)
        self.task: TaskID | None = None
        self.phase: str | None = None
        self.told = 0.0

    def say(self, words: str) -> None:
        self.console.print(words, soft_wrap=True, highlight=False, markup=False)

    def tell(self, conversion: Conversion) -> None:
        if conversion.rows_total < QUIET:
            return
        if self.console.is_terminal:
            self.draw(conversion)
        elif conversion.phase != self.phase or time.monotonic() > self.told + EVERY:
            self.say(f"order_items: {conversion}")
            self.told = time.monotonic()
        self.phase = conversion.phase

    def draw(self, conversion: Conversion) -> None:
        if self.task is None:
            self.progress.start()
            self.task = self.progress.add_task("order_items", total=None, words="")
        self.progress.update(
            self.task, total=conversion.rows_total, completed=conversion.rows_done, words=str(conversion)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.progress.stop()
