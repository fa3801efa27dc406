"""What `flask doctor` says of targets: whether copies reach them, are closed to others there, and could be opened."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from shop.backups.target_lines import TargetLine, TargetLines, current_lines
from shop.config import Config
from shop.findings import Finding, State, finding
from shop.formatting import duration, plural

DRILL = timedelta(days=100)  # after which somebody should have opened an encrypted copy again


def findings(config: Config) -> Iterator[Finding]:
    now = datetime.now(UTC)
    found = current_lines(now)
    for line in found.lines:
        yield target(line)
    if found.lines:
        yield openable(found, now)
    if config.backup_identity:
        yield identity(config)


def target(line: TargetLine) -> Finding:
    found = line.standing
    name, again = f"target {line.name}", f"Mend that, then try again: `flask backups copy ID --to {line.name}`."
    if found.worry:
        return Finding(name, State.BAD, f"{found.worry} {found.error}".strip(), again)
    if found.error:
        return Finding(name, State.NOTE, found.error, f"{again} The schedule tries as well.")
    if found.newest is None:
        return Finding(name, State.NOTE, f"nothing was sent to {found.target.place} yet", "The next hour does it.")
    copies = plural(found.there, "copy", "copies")
    return Finding(name, State.GOOD, f"{copies} read back, the newest of {found.newest:%Y-%m-%d %H:%M} UTC")


def openable(found: TargetLines, now: datetime) -> Finding:
    """See that copies are closed to others, and that somebody has opened one lately: a lost key is found on the worst day."""
    if not found.is_encrypted:
        mend = "Set PULT_BACKUP_RECIPIENTS, unless you trust every target with your customers’ data."
        return Finding("encryption", State.NOTE, "copies leave this machine unencrypted", mend)
    last = max((line.standing.opened_at for line in found.lines if line.standing.opened_at), default=None)
    if last is None or now - last > DRILL:
        since = f"no copy was opened for {duration(now - last)}" if last else "no copy was ever opened with a key"
        mend = f"See that the keys are not lost: `flask backups read-back ID --at {found.lines[0].name} --identity FILE`, with each of them."
        return Finding("encryption", State.NOTE, since, mend)
    return Finding("encryption", State.GOOD, f"on; a copy was last opened on {last:%Y-%m-%d}")


def identity(config: Config) -> Finding:
    assert config.backup_identity
    path = config.backup_identity
    mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() else None
    if mode is None:
        return Finding("backup key", State.BAD, f"{path} is gone", "Bring it back, or unset PULT_BACKUP_IDENTITY.")
    return finding(
        "backup key", not mode & 0o077, f"{path}, mode {mode:04o}", f"Close it to others: `chmod 600 {path}`."
    )
