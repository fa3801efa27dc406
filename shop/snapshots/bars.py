"""The progress of a run on standard error: a bar for each phase, with its share, its bytes and the time left."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from shop.formatting import duration, percent, size


class Share(ProgressColumn):
    """How much is done, and how long the rest takes; nothing where nobody knows how much there is."""

    def render(self, task: Task) -> Text:
        if not task.total:
            return Text(size(int(task.completed)) if task.completed else "")
        words = percent(task.completed / task.total, 0)
        if task.description == "download":
            words += f" of {size(int(task.total))}"
        left = task.time_remaining
        return Text(words + (f", {duration(left)} left" if left else ""))


class Bars:
    """A `Watch` for a terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:<8}"), BarColumn(), TimeElapsedColumn(), Share())
        self.progress = Progress(*columns, console=Console(stderr=True))
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def __call__(self, phase: str, at: int, of: int) -> None:
        if phase not in self.tasks:
            for task in self.tasks.values():
                self.end(task)
            self.tasks[phase] = self.progress.add_task(phase, total=of or None)
        self.progress.update(self.tasks[phase], completed=at, total=of or None)

    def end(self, task: TaskID) -> None:
        """Fill the bar of a phase that is over."""
        done = self.progress.tasks[task]
        whole = done.total or max(done.completed, 1)
        self.progress.update(task, completed=whole, total=whole)
        self.progress.stop_task(task)
