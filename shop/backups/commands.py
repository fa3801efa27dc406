"""`flask backups`: take a copy, prove it, restore it, and remove what no tier needs."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask import current_app

from shop.audit.recording import Action, record
from shop.backups import holding, proving, pruning, restoring, switchover, taking
from shop.backups.files import backups_folder
from shop.backups.models import RESTORABLE, Backup
from shop.backups.progress_bars import bars
from shop.backups.queries import all_backups
from shop.backups.retention import counts, tiers
from shop.backups.target_commands import hang_on
from shop.commands import ShopGroup
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.formatting import duration, number, size
from shop.languages import N_

BY = N_("command line")
group = ShopGroup("backups", help="Copies of the whole installation, proven by restoring them.")
hang_on(group)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")


@group.command("create")
@as_json
def create(as_json: bool) -> None:
    """Take a copy and prove it by restoring it into a scratch database."""
    with bars(not as_json) as progress:
        backup_id, found = taking.take(BY, progress)
    record(Action.BACKUP_TAKEN, subject=str(backup_id), restorable=not found)
    db.session.commit()
    show(found_backup(backup_id), found, as_json)


@group.command("list")
@as_json
def list_backups(as_json: bool) -> None:
    """Show every copy, the newest first."""
    rows = all_backups()
    kept = tiers([one for one in rows if one.state == RESTORABLE and one.is_there], counts())
    if as_json:
        click.echo(json.dumps({"backups": [fields(one) | {"tiers": kept.get(one.id, [])} for one in rows]}))
        return
    for one in rows:
        proof = f"restored in {duration(one.restore_seconds)}" if one.proved_at else "not proven"
        place = one.folder if one.is_there else "no files"
        click.echo(
            f"{one.id:>5}  {one.started_at:%Y-%m-%d %H:%M}  {one.state:<10}  {size(one.bytes):>9}  {proof:<22}  "
            f"{', '.join(kept.get(one.id, [])) or '—':<24}  {place}{f'  {one.error}' if one.error else ''}"
        )
    if not rows:
        click.echo("There is no copy yet. `flask backups create` takes one.")


@group.command("verify")
@click.argument("backup_id", type=int)
@as_json
def verify(backup_id: int, as_json: bool) -> None:
    """Restore copy BACKUP_ID into a scratch database and compare every row; exit code 1 on any difference."""
    backup = found_backup(backup_id)
    name = proving.folder_of(config().data_dir, backup).name
    db.session.rollback()
    with bars(not as_json) as progress, holding.alone(progress) as hold:
        found = proving.prove(hold, backup_id, name, BY)
    show(found_backup(backup_id), found, as_json)


@group.command("restore")
@click.argument("which")
@click.option(
    "--into", "target", help="The database to restore into, as DATABASE_URL is written; without it, that one."
)
@click.option("--replace", "typed", help="Its name, to replace what it holds; that is dumped before.")
@as_json
def restore(which: str, target: str | None, typed: str | None, as_json: bool) -> None:
    """Load copy WHICH, its number or its folder, into an empty database, and compare every row."""
    target = target or switchover.live_address()
    with bars(not as_json) as progress:
        done = restoring.restore(place_of(which), target, config().data_dir, typed, progress)
    if as_json:
        click.echo(json.dumps({
            "database": done.database, "seconds": round(done.seconds, 1), "tables": done.tables, "rows": done.rows,
            "files": done.files, "safety": str(done.safety) if done.safety else None, "differences": done.differences,
        }))  # fmt: skip
    else:
        tell(done)
    sys.exit(1 if done.differences else 0)


@group.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@as_json
def prune(dry_run: bool, as_json: bool) -> None:
    """Remove what no tier needs; nothing while the newest proven copy is older than 48 hours."""
    found = pruning.planned() if dry_run else pruning.prune()
    if as_json:
        click.echo(
            json.dumps({"refused": found.refused, "removed": {str(key): why for key, why in found.removed.items()}})
        )
        return
    if found.refused:
        click.echo(found.refused)
    for backup_id, why in found.removed.items():
        click.echo(f"Copy {backup_id} {'would be' if dry_run else 'was'} removed: {why}.")
    if not found.removed and not found.refused:
        click.echo("Every copy is needed.")


@group.command("switch")
@click.option("--replace", "typed", help="The live database's name, typed out.")
@click.option("--end-connections", is_flag=True, help="Send away whoever is connected to the live database.")
def switch(typed: str | None, end_connections: bool) -> None:
    """Make the database that was restored beside the live one, and keep the one that was."""
    with bars(shown=True) as progress:
        done = switchover.switch(config(), typed, end_connections, progress)
    record(Action.BACKUP_SWITCHED, str(done.backup_id), kept=done.kept, approved_by=done.by)
    db.session.commit()
    if done.safety:
        click.echo(f"What was live before lies in {done.safety} as well.")
    click.echo(f"Copy {done.backup_id} is live. The database that was is kept as {done.kept}; start Pult again.")
    click.echo("`flask backups switch-back` undoes it. Drop what was kept on /backups/ once nobody needs it.")


@group.command("switch-back")
@click.option("--replace", "typed", help="The live database's name, typed out.")
@click.option("--end-connections", is_flag=True, help="Send away whoever is connected to the live database.")
def switch_back(typed: str | None, end_connections: bool) -> None:
    """Undo the last switch: the database that was kept is live again, and the one that is now is kept instead."""
    done = switchover.switch_back(config(), typed, end_connections)
    record(Action.BACKUP_SWITCHED_BACK, done.back, kept=done.kept)
    db.session.commit()
    click.echo(f"{done.back} is live again. The database that was is kept as {done.kept}; start Pult again.")


def tell(done: restoring.Restored) -> None:
    if done.safety:
        click.echo(f"What {done.database} held before lies in {done.safety}.")
    click.echo(
        f"{number(done.rows)} rows of {done.tables} tables are in {done.database}, loaded in {duration(done.seconds)}."
    )
    if done.files:
        click.echo(f"{number(done.files)} raw files were put back.")
    for line in done.differences:
        click.echo(line, err=True)
    if not done.differences:
        click.echo("Every row and every definition is as it was copied.")


def show(backup: Backup, found: list[str], as_json: bool) -> None:
    """Print what became of a copy, and end with 1 where it is not restorable."""
    if as_json:
        click.echo(json.dumps(fields(backup) | {"differences": found}))
    else:
        for line in found:
            click.echo(line, err=True)
        if not found:
            click.echo(
                f"Copy {backup.id} is restorable: {size(backup.bytes)}, {number(backup.table_rows or 0)} rows, "
                f"restored and compared in {duration(backup.restore_seconds)}."
            )
    sys.exit(1 if found else 0)


def fields(one: Backup) -> dict[str, Any]:
    return {
        "id": one.id, "state": one.state, "started_at": one.started_at.isoformat(), "by": one.requested_by, "bytes": one.bytes,
        "rows": one.table_rows, "seconds": one.seconds, "proved_at": one.proved_at.isoformat() if one.proved_at else None,
        "restore_seconds": one.restore_seconds, "folder": one.folder, "error": one.error,
    }  # fmt: skip


def config() -> Config:
    found: Config = current_app.extensions["pult"]
    return found


def found_backup(backup_id: int) -> Backup:
    backup = db.session.get(Backup, backup_id)
    if backup is None:
        raise ShopError(f"There is no copy {backup_id}. `flask backups list` shows them.")
    return backup


def place_of(which: str) -> Path:
    """Return the folder of a copy by its number, its folder's name or its path: after a disaster there are only folders."""
    named = Path(which)
    if named.is_dir():
        return named
    if (backups_folder(config().data_dir) / which).is_dir():
        return backups_folder(config().data_dir) / which
    if which.isdigit():
        return proving.folder_of(config().data_dir, found_backup(int(which)))
    raise ShopError(
        f"There is no copy {which}: it is neither a number of `flask backups list` nor a folder. Nothing was changed."
    )
