"""A line for each first snapshot in the terminal: its phase, how far it is, its lines and their rate."""

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from shop.demo.asking import Seen
from shop.formatting import duration, number, plural


class RunBars:
    """Drawn anew when it is told to: a supervisor has one thread. Without a terminal, a line for each new phase."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description:<18}"), TextColumn("{task.fields[phase]:<9}"), BarColumn(20))
        self.progress = Progress(*columns, TextColumn("{task.fields[words]}"), console=console, auto_refresh=False)
        self.tasks: dict[int, TaskID] = {}
        self.phases: dict[int, str] = {}

    def start(self) -> None:
        if self.progress.console.is_terminal:
            self.progress.start()

    def stop(self) -> None:
        if self.progress.console.is_terminal:
            self.progress.stop()

    def show(self, runs: Sequence[Seen]) -> None:
        for run in runs:
            if self.progress.console.is_terminal:
                self.draw(run)
            elif self.phases.get(run.id) != phase(run):
                self.progress.console.print(f"{run.name}: {phase(run)}, {words(run)}".rstrip(", "), soft_wrap=True)
            self.phases[run.id] = phase(run)
        if self.progress.console.is_terminal:
            self.progress.refresh()

    def draw(self, run: Seen) -> None:
        if run.id not in self.tasks:
            self.tasks[run.id] = self.progress.add_task(run.name, total=None, phase="", words="")
        most = run.progress.most or None
        done = run.progress.done
        if run.state == "done":
            most = done = 1
        self.progress.update(self.tasks[run.id], total=most, completed=done, phase=phase(run), words=words(run))


def phase(run: Seen) -> str:
    """Return the phase a run is in, or how it ended."""
    if not run.progress.is_live:
        return run.state
    return next((name.lower() for name, _, where in run.progress.steps if where == "now"), run.state)


def words(run: Seen) -> str:
    if run.state == "done":
        rate = f", {number(run.lines / run.seconds)} a second" if run.seconds >= 1 else ""
        return f"{plural(run.lines, 'line', 'lines')} in {duration(run.seconds)}{rate}"
    if not run.progress.is_live:
        return run.error or ""
    note = next((note for _, note, where in run.progress.steps if where == "now"), "")
    return ", ".join([note, *run.progress.told[:3]])
