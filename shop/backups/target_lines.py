"""What pages, commands and watchers are told of the targets of this installation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app

from shop.backups.models import Backup, BackupDuplicate
from shop.backups.queries import all_backups, all_duplicates
from shop.backups.retention import Plan, counts
from shop.backups.standing import Standing, at, plan_at, standing
from shop.config import Config


@dataclass(frozen=True)
class TargetLine:
    """A target, how it stands, what lies there of each copy by its id, and what would be removed there."""

    standing: Standing
    duplicates: dict[int, BackupDuplicate]
    planned: Plan

    @property
    def name(self) -> str:
        return self.standing.target.name


@dataclass(frozen=True)
class TargetLines:
    """Every target of the configuration; none, where copies lie on this machine alone."""

    lines: list[TargetLine] = field(default_factory=list)
    is_encrypted: bool = False

    @property
    def worries(self) -> list[str]:
        return [line.standing.worry for line in self.lines if line.standing.worry]


def target_lines(copies: Sequence[Backup], now: datetime) -> TargetLines:
    """Return how each target stands. Without targets, nothing is asked of the database."""
    config: Config = current_app.extensions["pult"]
    if not config.backup_targets:
        return TargetLines()
    duplicates = all_duplicates()
    return TargetLines(
        [
            TargetLine(
                standing(target, copies, duplicates, now),
                {one.backup_id: one for one in at(target, duplicates)},
                plan_at(target, copies, duplicates, now, counts()),
            )
            for target in config.backup_targets
        ],
        bool(config.backup_recipients),
    )


def current_lines(now: datetime) -> TargetLines:
    config: Config = current_app.extensions["pult"]
    return target_lines(all_backups() if config.backup_targets else (), now)


def as_fields(line: TargetLine) -> dict[str, Any]:
    """Return a target as JSON says it."""
    found = line.standing
    return {
        "target": line.name,
        "place": found.target.place,
        "copies": found.there,
        "newest": found.newest.isoformat() if found.newest else None,
        "opened_at": found.opened_at.isoformat() if found.opened_at else None,
        "worry": found.worry or None,
        "error": found.error or None,
        "backups": {str(key): one.state for key, one in line.duplicates.items()},
        "pruning": {
            "refused": line.planned.refused,
            "removed": {str(key): why for key, why in line.planned.removed.items()},
        },
    }
