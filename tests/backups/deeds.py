"""What a child of the hatchery can do with copies."""

from collections.abc import Callable

from flask import current_app

from shop.backups import jobs, proving, switchover, taking
from shop.backups.holding import alone, unwatched
from shop.backups.models import Backup
from shop.db import db


def switch(_argument: int) -> None:
    switchover.switch(current_app.extensions["pult"], db.engine.url.database, True, unwatched)


def prove_again(backup_id: int) -> None:
    folder = str(db.session.get_one(Backup, backup_id).folder)
    db.session.rollback()
    with alone() as hold:
        proving.prove(hold, backup_id, folder, "a test")


DEEDS: dict[str, Callable[[int], object]] = {
    "take": lambda _argument: taking.take("a test"),
    "prove again": prove_again,
    "restore": jobs.restore_beside,
    "switch": switch,
}
