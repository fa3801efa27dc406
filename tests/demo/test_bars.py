"""What a person reads in the terminal while the first snapshots arrive: a line for each run, drawn or written."""

from io import StringIO

import pytest
from rich.console import Console

from shop.demo.asking import Seen
from shop.demo.bars import RunBars
from shop.snapshots.progress import Progress

READING = Progress(
    [("Request", "asked", "done"), ("Stage", "1 200 lines", "now"), ("Done", "not yet", "later")],
    "Bytes read", 40, 100, ["40 % read", "600 lines a second"], is_live=True, silent_for=None, remark=None,
)  # fmt: skip
OVER = Progress([("Done", "after 5 s", "done")], "Checking", 0, 0, [], is_live=False, silent_for=None, remark=None)


def shown(console: Console, *runs: Seen) -> str:
    bars = RunBars(console)
    bars.start()
    for run in runs:
        bars.show([run])
    bars.stop()
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def a_run(state: str, progress: Progress, error: str | None = None) -> Seen:
    return Seen(1, "demo-cz", "orders", state, progress, 3_000, 5.0, error)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_run_is_told_by_its_phase_its_lines_and_their_rate(is_terminal: bool) -> None:
    console = Console(file=StringIO(), force_terminal=is_terminal, width=120, color_system=None)
    told = shown(console, a_run("running", READING), a_run("done", OVER))
    for words in ("demo-cz orders", "stage", "1 200 lines, 40 % read, 600 lines a second", "600 a second"):
        assert words in told
    assert "\u001b[?25h" in told or not is_terminal, "the cursor is back"


def test_without_a_terminal_a_phase_is_told_once_and_a_failure_with_its_sentence() -> None:
    console = Console(file=StringIO(), force_terminal=False, width=80)
    failed = a_run("failed", OVER, "The file is damaged. Nothing was changed.")
    told = shown(console, a_run("running", READING), a_run("running", READING), failed)
    assert told.count("stage") == 1
    assert told.splitlines()[-1] == "demo-cz orders: failed, The file is damaged. Nothing was changed."
