"""`flask partitions`: the form of the big table, and the steps that bring it into quarters and back while it is used."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from typing import Any

import click
from flask import current_app

from shop.commands import Refusal, ShopGroup
from shop.db import raw_connection
from shop.formatting import number, size
from shop.locks import worker_name
from shop.partitions import planning, record
from shop.partitions.bars import Teller
from shop.partitions.conversion import Converter
from shop.partitions.maintenance_commands import hang_on
from shop.partitions.quarters import PARENT
from shop.partitions.record import BEFORE, NEXT, Conversion, Phase
from shop.partitions.status import next_step
from shop.partitions.survey import as_json
from shop.partitions.turns import turn

group = ShopGroup("partitions", help="The lines of orders in quarters: the way there, the way back, what is there.")
hang_on(group)
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")


@contextmanager
def at_work() -> Iterator[Converter]:
    """Work under the lease, with progress on standard error."""
    with Teller() as teller, turn(current_app.extensions["pult"].redis_url, teller.say) as (connection, lease):
        converter = Converter(connection, lease, f"{getuser()} on {worker_name()}", teller.tell)
        converter.end_what_was_ending()
        yield converter


def would(words: str, *phases: Phase) -> None:
    """Say what a step would do, if it may be done now."""
    with raw_connection(autocommit=True) as connection:
        record.needed(connection).required(*phases)
    click.echo(f"Would {words}. Nothing was changed.")


@group.command("plan")
def show_plan() -> None:
    """Say what the conversion into the other form would do, what it needs and what is in its way. Changes nothing."""
    with raw_connection(autocommit=True) as connection:
        found = planning.plan(connection)
    for sentence in found.sentences():
        click.echo(sentence)
    found.required()


@group.command("prepare")
@dry_run
@click.pass_context
def prepare(ctx: click.Context, dry_run: bool) -> None:
    """Make the empty table in the other form, and have every write carried over to it from now on."""
    if dry_run:
        ctx.invoke(show_plan)
        return
    with at_work() as converter:
        found = converter.prepare()
    click.echo(f"{NEXT} is there, and follows {PARENT}. Next: flask partitions backfill, {number(found.total)} lines.")


@group.command("backfill")
@dry_run
def backfill(dry_run: bool) -> None:
    """Copy the lines that were there before. Can be stopped and started at any time."""
    if dry_run:
        would("copy the lines that are not copied yet", Phase.PREPARED, Phase.BACKFILLING)
        return
    with at_work() as converter:
        converter.backfill()
    click.echo("Every line is copied. Next: flask partitions verify.")


@group.command("verify")
@dry_run
def verify(dry_run: bool) -> None:
    """Compare both tables, by count and contents of each quarter, and the form of the new one."""
    if dry_run:
        would("compare both tables", Phase.PREPARED, Phase.BACKFILLING, Phase.VERIFIED)
        return
    with at_work() as converter:
        found = converter.verify()
    click.echo(
        f"Both tables hold the same {number(found['rows'])} lines, in {len(found['quarters'])} quarters. Next: flask partitions swap."
    )


@group.command("swap")
@dry_run
def swap(dry_run: bool) -> None:
    """Let the new table take the place of the live one, in a moment."""
    if dry_run:
        would(f"let {NEXT} take the place of {PARENT}, and keep the old one up to date as {BEFORE}", Phase.VERIFIED)
        return
    with at_work() as converter:
        figures = converter.swap().figures
    click.echo(
        f"Swapped at try {figures['tries']}; others waited {figures['held_ms']} ms at most. The old table follows as {BEFORE}. "
        "Next: flask partitions finish, or rollback, at any later time."
    )


@group.command("rollback")
@dry_run
def rollback(dry_run: bool) -> None:
    """Go back to the old table, with everything that was written since, and drop the new one."""
    if dry_run:
        would("go back to the old table, and drop the new one", *(phase for phase in Phase if phase != Phase.FINISHED))
        return
    with at_work() as converter:
        if record.under_way(converter.connection):  # else it was ending, and has just ended
            converter.roll_back()
    click.echo(f"{PARENT} is the old table again, with everything that was written since.")


@group.command("finish")
@dry_run
@click.option("--yes", is_flag=True, help="Do not ask for the table's name.")
@click.option("--without-backup", is_flag=True, help="Go without a restorable backup that is newer than the swap.")
def finish(dry_run: bool, yes: bool, without_backup: bool) -> None:
    """Drop the old table. There is no way back after this, but a backup."""
    if dry_run:
        would(f"drop {BEFORE}, if there is a restorable backup from after the swap", Phase.SWAPPED, Phase.FINISHED)
        return
    with at_work() as converter:
        if record.under_way(converter.connection):
            if (
                not yes
                and click.prompt(f"{BEFORE} will be dropped. Type its name to go on", default="", show_default=False)
                != BEFORE
            ):
                raise Refusal("That is not its name. Nothing was changed.")
            converter.finish(without_backup=without_backup)
    click.echo(f"{PARENT} stands alone. The conversion is finished.")


@group.command("status")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object instead of words.")
def status(wants_json: bool) -> None:
    """Show the quarters, and how far a conversion is, whoever runs it."""
    with raw_connection(autocommit=True) as connection:
        found = as_json(connection)
        conversion = record.newest(connection)
    if wants_json:
        click.echo(json.dumps(found))
        return
    for one in found["partitions"]:
        click.echo(f"{one['name']:<24} {number(one['rows']):>14} lines {size(one['bytes']):>10}  {one['state']}")
    click.echo(in_words(found, conversion))


def in_words(found: dict[str, Any], conversion: Conversion | None) -> str:
    if conversion is None:
        return f"{PARENT} is {found['form']}. No conversion was ever begun."
    return f"{PARENT} is {found['form']}. The conversion of {conversion.started_at:%Y-%m-%d %H:%M} UTC by {conversion.by} is {conversion}. {next_step(conversion)}"
