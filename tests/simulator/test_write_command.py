"""The command that writes a made-up shop's files."""

import json
from pathlib import Path

from click.testing import CliRunner

from shop.simulator.generator import generate
from shop.simulator.write import write


def test_the_command_writes_three_files_and_the_figures_they_give(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        write, ["--profile", "sk", "--orders", "80", "--seed", "5", "--out", str(tmp_path / "new")]
    )
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "orders.jsonl.gz", "customers.jsonl.gz", "products.jsonl.gz", "expected.json",
    }  # fmt: skip
    expected = json.loads((tmp_path / "new" / "expected.json").read_text())
    figures = generate("sk", 80, seed=5).expected
    assert (expected["orders"], expected["lines"]) == (80, figures.lines)
    assert expected["totals"] == {"EUR": str(figures.totals["EUR"])}


def test_untidy_files_repeat_orders(tmp_path: Path) -> None:
    assert CliRunner().invoke(write, ["--orders", "200", "--untidy", "--out", str(tmp_path)]).exit_code == 0
    assert json.loads((tmp_path / "expected.json").read_text())["file_lines"] > 200


def test_a_last_day_before_the_first_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(write, ["--start", "2025-01-02", "--end", "2025-01-01", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "before the first" in result.output
