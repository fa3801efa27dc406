"""`flask partitions maintain` and `restore`, as a person types them."""

import json
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from shop.config import Config
from shop.partitions.upkeep import looking_after
from tests.partitions.maintenance.old_quarters import OLD, fill, tables

Connection = psycopg.Connection[Any]


@pytest.fixture
def runner(whole_installation: Flask, connection: Connection) -> FlaskCliRunner:
    """Commands on the installation beside; asked for with the connection, which makes it new."""
    assert connection
    return whole_installation.test_cli_runner()


def test_two_at_once_one_works_and_the_other_says_so(
    settings: Config, connection: Connection, runner: FlaskCliRunner
) -> None:
    fill(connection, OLD)
    with looking_after(settings, "test"):
        ended = runner.invoke(args=["partitions", "maintain"])
    assert ended.exit_code == 1
    assert ended.stderr == (
        "Error: Somebody else looks after the quarters right now. Nothing was changed; try again when that is done.\n"
    )
    assert OLD.table in tables(connection)


def test_the_commands_tell_what_they_would_do_and_what_they_did(
    settings: Config, connection: Connection, runner: FlaskCliRunner
) -> None:
    fill(connection, OLD)
    told = runner.invoke(args=["partitions", "maintain", "--dry-run", "--json"])
    steps = json.loads(told.stdout)["plan"]
    assert [(step["kind"], step["table"], step["lines"]) for step in steps] == [("retire", OLD.table, 120)]
    assert steps[0]["bytes"] > 8192
    assert steps[0]["oldest"][:4] == str(OLD.year)
    done = runner.invoke(args=["partitions", "maintain"])
    assert done.exit_code == 0, done.output
    assert f"retire  {OLD.table}: archive it and take it off the table (120 lines, " in done.stdout
    assert f"{OLD} is retired: 120\u00a0lines in {OLD.table}-1.copy.gz, kept aside for 30\u00a0days.\n" in done.stdout
    back = runner.invoke(args=["partitions", "restore", OLD.table])
    assert back.stdout.startswith(f"{OLD} is part of the table again: 120 lines, from {OLD.table}_retired.\n")
    assert (
        runner.invoke(args=["partitions", "restore", "2023-Q9"]).stderr
        == "Error: 2023-Q9 is no quarter. Write it as 2023-Q4.\n"
    )
    acts = connection.execute("SELECT action, details FROM audit_entries ORDER BY id").fetchall()
    assert [action for action, _ in acts] == ["partitions_maintained", "partition_restored"]
