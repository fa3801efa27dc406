"""`flask partitions maintain` and `restore`: what the schedule does by itself, asked for by a person."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from shop.audit.recording import Action, record
from shop.commands import Refusal, ShopGroup
from shop.config import Config
from shop.db import db, raw_connection
from shop.errors import ShopError
from shop.formatting import number, size
from shop.languages import N_
from shop.languages import gettext as _
from shop.partitions.maintenance import Report, maintain
from shop.partitions.quarters import Quarter
from shop.partitions.restoring import restore
from shop.partitions.retention import retention_years
from shop.partitions.steps import Step, plan
from shop.partitions.upkeep import looking_after

BY = N_("command line")


def hang_on(group: ShopGroup) -> None:
    """Add these commands to the group of the big table."""
    group.add_command(maintain_quarters)
    group.add_command(restore_quarter)


@click.command("maintain")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option(
    "--clock-is-right", is_flag=True, help="Retire although the database's clock has jumped, or was not seen for long."
)
@click.option("--restored-too", is_flag=True, help="Retire what was brought back less than 30 days ago as well.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
@with_appcontext
def maintain_quarters(dry_run: bool, clock_is_right: bool, restored_too: bool, as_json: bool) -> None:
    """Make the quarters that are missing, retire what is past retention, and finish what was interrupted."""
    steps = planned(clock_is_right, restored_too)
    if not as_json:
        show(steps)
    if dry_run:
        if as_json:
            click.echo(json.dumps({"plan": [step.as_dict() for step in steps]}))
        return
    config: Config = current_app.extensions["pult"]
    report = maintain(config, BY, clock_is_right=clock_is_right, restored_too=restored_too)
    write_down(report)
    if as_json:
        told = {"plan": [step.as_dict() for step in steps], "ok": not report.refused}
        click.echo(json.dumps(told | report.details()))
    for _step, sentence in [] if as_json else report.done:
        click.echo(sentence)
    if report.refused:
        raise Refusal(" ".join(dict.fromkeys(sentence for _step, sentence in report.refused)))


def planned(clock_is_right: bool, restored_too: bool) -> list[Step]:
    with raw_connection() as connection:
        return plan(
            connection, now(connection), retention_years(), clock_is_right=clock_is_right, restored_too=restored_too
        )


def now(connection: Any) -> datetime:
    found: datetime = connection.execute("SELECT clock_timestamp()").fetchone()[0]
    return found


def show(steps: Sequence[Step]) -> None:
    """Print each step with what it touches."""
    if not steps:
        click.echo("Every quarter is as it should be.")
    for step in steps:
        touched = f"{number(step.lines)} lines, {size(step.bytes)}" if step.bytes else "nothing touched"
        span = f", {day(step.oldest)} to {day(step.newest)}" if step.oldest and step.newest else ""
        click.echo(f"{step.kind:<7} {step.table}: {step.words} ({touched}{span})")
        if step.refusal:
            click.echo(f"        not now: {step.refusal}")


def day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def write_down(report: Report) -> None:
    count = {kind: sum(step.kind == kind for step, _ in report.done) for kind in ("create", "retire", "drop")}
    record(
        Action.PARTITIONS_MAINTAINED,
        "order_items",
        created=count["create"],
        retired=count["retire"],
        dropped=count["drop"],
        refused=len(report.refused),
    )
    db.session.commit()


@click.command("restore")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
@with_appcontext
def restore_quarter(name: str, as_json: bool) -> None:
    """Bring the retired quarter NAME back into the table: 2023-Q4, or order_items_2023q4."""
    quarter = quarter_of(name)
    config: Config = current_app.extensions["pult"]
    with looking_after(config, BY) as upkeep:
        restored = restore(upkeep, quarter)
    record(Action.PARTITION_RESTORED, quarter.table, lines=restored.lines, source=restored.source)
    db.session.commit()
    if as_json:
        click.echo(json.dumps({"quarter": str(quarter), "lines": restored.lines, "source": restored.source}))
        return
    click.echo(str(restored))
    click.echo("Retention leaves it alone for 30 days.")


def quarter_of(name: str) -> Quarter:
    """Read a quarter as a person writes it. Raises ShopError where it is none."""
    table = name.lower().removesuffix("_retired")
    found = Quarter.named(table if table.startswith("order_items_") else f"order_items_{table.replace('-', '')}")
    if found is None:
        raise ShopError(_("%(name)s is no quarter. Write it as 2023-Q4.", name=name))
    return found
