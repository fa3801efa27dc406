"""Sends proven copies to the targets: archived, encrypted, read back to the last byte, and only then made to count."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import structlog
from flask import current_app

from shop import task_runs
from shop.backup_settings import Target
from shop.backups import duplicate_books, encryption
from shop.backups.archive import packed, packed_size
from shop.backups.files import MANIFEST as IN_COPY
from shop.backups.files import backups_folder
from shop.backups.holding import Progress, unwatched
from shop.backups.models import Backup
from shop.backups.places import ARCHIVE, ARCHIVE_SUM, MANIFEST, Place, TargetFailed
from shop.backups.queries import all_backups, all_duplicates
from shop.backups.reading_back import FORMAT, Stored, read_back, write_text
from shop.backups.retention import counts
from shop.backups.standing import due, plan_at
from shop.backups.streams import Sink, Summed
from shop.backups.target_kinds import place_of
from shop.config import Config
from shop.db import db, raw_connection
from shop.errors import ShopError
from shop.fault_points import fault_point
from shop.languages import N_
from shop.languages import gettext as _
from shop.locks import Lease, LostLease, held
from shop.stopping import Stopped

LEASE = "backup-targets"  # not that of the copies: a slow target keeps nobody from taking one
BETWEEN_CHECKS = 1.0  # seconds between two looks whether the lease is still ours
STOPPED = N_("Its worker was told to end. What it had sent does not count, and is removed; it is sent again.")
log = structlog.get_logger()


@dataclass(frozen=True)
class Sender:
    """The right to write to targets, held, with what is needed for that."""

    connection: psycopg.Connection[Any]
    lease: Lease
    config: Config
    progress: Progress

    def check(self) -> None:
        """Raise `LostLease` where somebody else sends now."""
        with self.connection.transaction():
            self.lease.check(self.connection)


@dataclass
class Report:
    """What was sent and removed, and what failed, in sentences."""

    sent: list[str] = field(default_factory=list)
    removed: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def alone(progress: Progress = unwatched) -> Iterator[Sender]:
    """Hold the lease of the targets; what a killed process left there is cleared away first. Raises `Conflict`."""
    config: Config = current_app.extensions["pult"]
    with held(LEASE, config.redis_url) as lease, raw_connection(autocommit=True) as connection:
        sender = Sender(connection, lease, config, progress)
        duplicate_books.close_killed(connection, lease)
        for target in config.backup_targets:
            clear(sender, target)
        yield sender


def clear(sender: Sender, target: Target) -> None:
    """Remove from a target what does not count. One that fails is left for the next time: nothing there counts anyhow."""
    found = duplicate_books.leftovers(sender.connection, target)
    if not found:
        return
    with place_of(target) as place:
        for duplicate_id, name in found:
            if not let_go(sender, place, duplicate_id, name):
                return


def let_go(sender: Sender, place: Place, duplicate_id: int, name: str) -> bool:
    try:
        place.remove(name)
    except TargetFailed as error:
        log.warning("duplicate_not_cleared", name=name, error=error.message)
        return False
    duplicate_books.cleared(sender.connection, duplicate_id)
    return True


def catch_up(progress: Progress = unwatched) -> Report:
    """Send what targets lack, and remove from them what no tier needs there. Idempotent; raises `Conflict`.

    A target that fails is left alone until its next try, and touches neither the copies here nor the other targets.
    """
    report = Report()
    with alone(progress) as sender:
        for target in sender.config.backup_targets:
            for backup in wanted(target):
                try:
                    send(sender, backup, target)
                except ShopError as error:
                    report.failed.append(error.message)
                    break
                report.sent.append(f"copy {backup.id} to {target.name}")
            report.removed += prune(sender, target)
    db.session.rollback()
    return report


def wanted(target: Target) -> list[Backup]:
    db.session.rollback()  # what was read before the last copy was sent is old
    found = due(target, all_backups(), all_duplicates(), task_runs.now(), counts())
    for one in found:
        db.session.expunge(one)
    db.session.rollback()  # sending takes long, and no transaction may stand open meanwhile
    return found


def prune(sender: Sender, target: Target) -> int:
    """Remove from a target what its plan of this moment names; returns how many copies."""
    db.session.rollback()
    found = plan_at(target, all_backups(), all_duplicates(), task_runs.now(), counts())
    db.session.rollback()
    for backup_id, why in found.removed.items():
        duplicate_books.remove(sender.connection, sender.lease, backup_id, target)
        log.info("duplicate_removed", backup=backup_id, target=target.name, why=why)
    fault_point("targets.pruned")
    clear(sender, target)
    return len(found.removed)


def send(sender: Sender, backup: Backup, target: Target) -> None:
    """Send a copy to a target. Raises ShopError, which its row says as well; then nothing of it counts there."""
    name = str(backup.folder)
    duplicate_id = duplicate_books.begin(sender.connection, sender.lease, backup.id, target)
    fault_point("targets.begun")
    with place_of(target) as place:
        try:
            stored, opened = transfer(sender, backups_folder(sender.config.data_dir) / name, place, target)
            duplicate_books.arrived(sender.connection, sender.lease, duplicate_id, stored, opened=opened)
        except LostLease:
            raise  # another one is at it: neither the row nor what lies there is ours any more
        except BaseException as error:
            stopped = isinstance(error, Stopped)
            duplicate_books.fail(sender.connection, duplicate_id, reason(error), counts=not stopped)
            if not stopped:
                let_go(sender, place, duplicate_id, name)
            raise
    log.info("backup_duplicated", backup=backup.id, target=target.name, bytes=stored.bytes)


def reason(error: BaseException) -> str:
    if isinstance(error, Stopped):
        return STOPPED
    if isinstance(error, ShopError):
        return error.message
    return _(
        "It broke off: %(name)s. What was sent does not count; the copy on this machine is untouched.",
        name=type(error).__name__,
    )


def transfer(sender: Sender, folder: Path, place: Place, target: Target) -> tuple[Stored, bool]:
    """Write a copy to a place and read it back; returns what lies there, and whether it was unpacked as well."""
    recipients, name = sender.config.backup_recipients, folder.name
    archive = ARCHIVE + (encryption.SUFFIX if recipients else "")
    size = packed_size(folder)
    place.begin(name, size)
    stored = write_archive(sender, folder, place, archive, size)
    fault_point("targets.sent")
    sender.check()
    write_text(place, target.name, name, ARCHIVE_SUM, f"{stored.sha256}  {archive}\n")
    opened = read_back(place, target.name, name, stored, sender.config.backup_identity, sender.progress)
    fault_point("targets.read_back")
    sender.check()
    manifest = stored.written() | about(folder) | {"format": FORMAT, "name": name}
    write_text(place, target.name, name, MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
    place.publish(name)
    fault_point("targets.published")
    return stored, opened


def write_archive(sender: Sender, folder: Path, place: Place, archive: str, size: int) -> Stored:
    recipients = sender.config.backup_recipients
    sums: list[Summed] = []

    def fill(sink: Sink) -> None:
        out = Summed(sink, heard)
        sums.append(out)
        if recipients:
            encryption.encrypt(packed(folder), out, recipients)
            return
        for block in packed(folder):
            out.write(block)

    checked = time.monotonic()

    def heard(done: int) -> None:
        nonlocal checked
        fault_point("targets.sending")
        if time.monotonic() - checked > BETWEEN_CHECKS:
            sender.check()
            checked = time.monotonic()
        sender.progress("send", done, size)

    place.write(folder.name, archive, fill)
    return Stored(archive, sums[0].bytes, sums[0].sha256, list(recipients))


def about(folder: Path) -> dict[str, Any]:
    """Return what a person wants to know of a copy before it is opened."""
    try:
        manifest = json.loads((folder / IN_COPY).read_text(encoding="utf-8"))
        return {key: manifest[key] for key in ("taken_at", "schema_version", "server_version")}
    except (OSError, ValueError, KeyError) as error:
        raise ShopError(
            _(
                "The manifest of %(folder)s cannot be read, so it was not sent. `flask backups verify` looks closer.",
                folder=folder.name,
            )
        ) from error
