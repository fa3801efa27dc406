"""`flask partitions`: each step in words, refusals with exit code 1, nothing changed by a dry run."""

import json

from click.testing import Result

from shop.partitions import record
from tests.partitions.conftest import Installation


def run(installation: Installation, *words: str, typed: str | None = None) -> Result:
    return installation.app.test_cli_runner().invoke(args=["partitions", *words], input=typed)


def test_an_operator_goes_all_the_way(installation: Installation) -> None:
    before = installation.rows()
    planned = run(installation, "plan")
    assert planned.exit_code == 0
    assert "12 000 lines" in planned.output.replace("\xa0", " ").replace(",", " ")
    assert "2.5 times the table" in planned.output
    assert run(installation, "prepare", "--dry-run").output == planned.output
    refused = run(installation, "swap")
    assert refused.exit_code == 1
    assert "No conversion of order_items is under way" in refused.output
    for step, words in (
        ("prepare", "follows order_items"),
        ("backfill", "Every line is copied"),
        ("verify", "the same"),
    ):
        done = run(installation, step)
        assert (done.exit_code, words in done.output) == (0, True), done.output
    assert "Would let order_items_next" in run(installation, "swap", "--dry-run").output
    assert "Swapped at try" in run(installation, "swap").output
    status = json.loads(run(installation, "status", "--json").output)
    assert status["conversion"]["phase"] == "swapped"
    assert {"name", "from", "to", "rows", "bytes", "state"} == status["partitions"][0].keys()
    assert sum(one["rows"] for one in status["partitions"]) == before[0], "statistics are there from the start"
    assert "order_items_2026q4" in run(installation, "status").output
    wrong = run(installation, "finish", "--without-backup", typed="order_items\n")
    assert wrong.exit_code == 1
    assert "not its name" in wrong.output
    without = run(installation, "finish", "--yes")
    assert without.exit_code == 1
    assert "no restorable backup" in without.output
    assert "stands alone" in run(installation, "finish", "--without-backup", typed="order_items_before\n").output
    assert installation.rows() == before


def test_a_rollback_by_command_says_what_was_kept(installation: Installation) -> None:
    run(installation, "prepare")
    assert "order_items_2024q1" in run(installation, "status").output
    assert "Would go back" in run(installation, "rollback", "--dry-run").output
    assert "old table again" in run(installation, "rollback").output
    with installation.connect() as connection:
        assert record.under_way(connection) is None


def test_what_would_be_lost_is_in_the_way(installation: Installation) -> None:
    with installation.connect() as connection:
        connection.execute("CREATE VIEW of_mine AS SELECT * FROM order_items")
    refused = run(installation, "prepare")
    assert refused.exit_code == 1
    assert "a view or a rule" in refused.output
