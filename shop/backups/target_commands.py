"""`flask backups copy`, `targets`, `fetch`: copies on their way to targets, and back from them."""

import json
from dataclasses import replace
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from shop import task_runs
from shop.audit.recording import Action, record
from shop.backup_settings import Target
from shop.backups import duplicate_books, duplicating, proving, reading_back
from shop.backups.models import RESTORABLE, VERIFIED, Backup, BackupDuplicate
from shop.backups.places import MANIFEST, Differs
from shop.backups.progress_bars import bars
from shop.backups.queries import duplicates_of
from shop.backups.reading_back import Stored
from shop.backups.standing import at
from shop.backups.target_kinds import place_of
from shop.backups.target_lines import as_fields, current_lines
from shop.commands import ShopGroup
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.formatting import plural, size

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
key_file = click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of age with a key that opens it.",
)


def hang_on(group: ShopGroup) -> None:
    """Add these commands to the group of the copies."""
    for command in (copy, targets, fetch, read_back):
        group.add_command(command)


@click.command("copy")
@with_appcontext
@click.argument("backup_id", type=int)
@click.option("--to", "name", required=True, help="The target, by its name in PULT_BACKUP_TARGETS.")
@as_json
def copy(backup_id: int, name: str, as_json: bool) -> None:
    """Send copy BACKUP_ID to a target and read every byte back, however often that has failed before."""
    target, backup = target_named(name), proven(backup_id)
    proving.folder_of(config().data_dir, backup)
    if is_there(backup_id, target):
        raise ShopError(
            f"Copy {backup_id} lies on {name} already, so nothing was sent. `flask backups read-back {backup_id} --at {name}` looks at it."
        )
    db.session.expunge(backup)
    db.session.rollback()
    with bars(not as_json) as progress, duplicating.alone(progress) as sender:
        duplicating.send(sender, backup, target)
    record(Action.BACKUP_SENT, subject=str(backup_id), target=name)
    db.session.commit()
    found = duplicate_at(backup_id, target)
    if as_json:
        click.echo(json.dumps(fields(found)))
    else:
        closed = "encrypted" if found.encrypted else "not encrypted"
        click.echo(f"Copy {backup_id} lies at {target.place}: {size(found.bytes)}, {closed}, every byte read back.")


@click.command("targets")
@with_appcontext
@as_json
def targets(as_json: bool) -> None:
    """Show each target: what lies there, what failed, what would be removed."""
    lines = current_lines(task_runs.now()).lines
    if as_json:
        click.echo(json.dumps({"targets": [as_fields(line) for line in lines]}))
        return
    for line in lines:
        found = line.standing
        newest = f"the newest of {found.newest:%Y-%m-%d %H:%M} UTC" if found.newest else "nothing yet"
        click.echo(f"{line.name:<16}  {plural(found.there, 'copy', 'copies')}, {newest}  {found.target.place}")
        for words in filter(None, (found.worry, found.error)):
            click.echo(f"  {words}")
        for backup_id, why in line.planned.removed.items():
            click.echo(f"  Copy {backup_id} would be removed there: {why}.")
    if not lines:
        click.echo("There is no target; copies lie on this machine alone. PULT_BACKUP_TARGETS names some.")


@click.command("read-back")
@with_appcontext
@click.argument("backup_id", type=int)
@click.option("--at", "name", required=True, help="The target, by its name in PULT_BACKUP_TARGETS.")
@key_file
@as_json
def read_back(backup_id: int, name: str, identity: Path | None, as_json: bool) -> None:
    """Read copy BACKUP_ID back from a target once more; with a key, open it and check every file. Keeps nothing of it."""
    target, found = target_named(name), duplicate_at(backup_id, target_named(name))
    if found.state != VERIFIED:
        raise ShopError(
            f"Copy {backup_id} does not lie on {name}: its state there is {found.state}. `flask backups copy` sends it."
        )
    backup = db.session.get_one(Backup, backup_id)
    folder, duplicate_id, size_then, sha256 = str(backup.folder), found.id, int(found.bytes or 0), str(found.sha256)
    db.session.rollback()
    with bars(not as_json) as progress, duplicating.alone(progress) as sender, place_of(target) as place:
        try:
            told = Stored.read(reading_back.read_text(place, folder, MANIFEST), folder)
            wanted = replace(told, bytes=size_then, sha256=sha256)
            opened = reading_back.read_back(place, name, folder, wanted, identity or config().backup_identity, progress)
        except Differs as error:
            duplicate_books.fail(sender.connection, duplicate_id, error.message)
            raise
        duplicate_books.seen_again(sender.connection, sender.lease, duplicate_id, opened=opened)
    db.session.expire_all()
    if as_json:
        click.echo(json.dumps(fields(duplicate_at(backup_id, target))))
    else:
        click.echo(
            f"Every byte of copy {backup_id} is on {name}{', and every file in it is as it was copied' if opened else ''}."
        )


@click.command("fetch")
@with_appcontext
@click.argument("name", required=False)
@click.option(
    "--from", "source", required=True, help="A target of PULT_BACKUP_TARGETS, or the path of a folder that was one."
)
@click.option("--to", "into", type=click.Path(path_type=Path, file_okay=False), help="The folder to put it into.")
@key_file
@as_json
def fetch(name: str | None, source: str, into: Path | None, identity: Path | None, as_json: bool) -> None:
    """Bring copy NAME back from a target and open it; without a name, show what lies there. Needs no database."""
    with place_of(target_at(source)) as place:
        there = place.names()
        if name is None:
            click.echo(json.dumps({"copies": there}) if as_json else "\n".join(there) or f"No copy lies at {source}.")
            return
        whole = [one for one in there if one == name or one.rpartition("-")[2] == name]
        if len(whole) != 1:
            raise ShopError(
                f"There is no copy {name} at {source}, or more than one of that number. `flask backups fetch --from {source}` shows them."
            )
        with bars(not as_json) as progress:
            folder = reading_back.fetch(
                place, whole[0], into or Path.cwd(), identity or config().backup_identity, progress
            )
    if as_json:
        click.echo(json.dumps({"folder": str(folder)}))
    else:
        click.echo(
            f"The copy is in {folder}, every file as it was copied. `flask backups restore {folder} --into …` brings it back."
        )


def target_at(source: str) -> Target:
    """Return a target by its name, or a folder as one: after a disaster there may be no configuration."""
    path = Path(source).absolute()
    if Path(source).is_absolute() or path.is_dir():
        return Target("of that folder", str(path), folder=path)
    return target_named(source)


def target_named(name: str) -> Target:
    found = next((one for one in config().backup_targets if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in config().backup_targets) or "none"
        raise ShopError(
            f"There is no target {name} (there is: {names}). Nothing was done; PULT_BACKUP_TARGETS names them."
        )
    return found


def proven(backup_id: int) -> Backup:
    backup = db.session.get(Backup, backup_id)
    if backup is None:
        raise ShopError(f"There is no copy {backup_id}. `flask backups list` shows them.")
    if backup.state != RESTORABLE:
        raise ShopError(
            f"Copy {backup_id} is not proven, so it was not sent: nobody knows whether it can be restored. `flask backups verify {backup_id}` proves it."
        )
    return backup


def is_there(backup_id: int, target: Target) -> bool:
    return any(one.state == VERIFIED for one in at(target, duplicates_of(backup_id)))


def duplicate_at(backup_id: int, target: Target) -> BackupDuplicate:
    found = next(iter(at(target, duplicates_of(backup_id))), None)
    if found is None:
        raise ShopError(
            f"Copy {backup_id} was never sent to {target.name}. `flask backups copy {backup_id} --to {target.name}` does."
        )
    return found


def fields(one: BackupDuplicate) -> dict[str, object]:
    return {
        "backup": one.backup_id, "target": one.target, "place": one.place, "state": one.state, "bytes": one.bytes, "sha256": one.sha256,
        "encrypted": one.encrypted, "verified_at": one.verified_at.isoformat() if one.verified_at else None,
        "opened_at": one.opened_at.isoformat() if one.opened_at else None, "error": one.error,
    }  # fmt: skip


def config() -> Config:
    found: Config = current_app.extensions["pult"]
    return found
