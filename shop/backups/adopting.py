"""Takes copies into the books that only the disk knows: of a moment after the one that the database was restored to."""

import json
from pathlib import Path
from typing import Any

import psycopg
import structlog

from shop.backups.files import MANIFEST, backups_folder, files_of
from shop.languages import N_
from shop.locks import Lease

BY = N_("found on the disk")
log = structlog.get_logger()


def adopt_unknown(connection: psycopg.Connection[Any], lease: Lease, data_dir: Path) -> int:
    """Write a row for every whole copy that has none, as not yet proven; returns how many there were."""
    named = {name for (name,) in connection.execute("SELECT folder FROM backups WHERE folder IS NOT NULL").fetchall()}
    count = 0
    for path in sorted(backups_folder(data_dir).iterdir()):
        if path.name.startswith(".") or path.name in named or not (path / MANIFEST).is_file():
            continue
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            if manifest.get("safety"):
                continue
            with connection.transaction():
                lease.check(connection)
                adopt(connection, path, manifest)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("backup_not_adopted", name=path.name, error=str(error))
            continue
        count += 1
        log.info("backup_adopted", name=path.name)
    return count


def adopt(connection: psycopg.Connection[Any], folder: Path, manifest: dict[str, Any]) -> None:
    """Write the row of a copy from its manifest, unless it has one."""
    connection.execute(
        """INSERT INTO backups (state, requested_by, started_at, folder, written_at, bytes, table_rows, schema_version, server_version)
           VALUES ('written', %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (folder) DO NOTHING""",
        (
            BY, manifest["taken_at"], folder.name, manifest["taken_at"], sum(path.stat().st_size for path in files_of(folder)),
            sum(table["rows"] for table in manifest["contents"]["tables"].values()), manifest["schema_version"],
            manifest["server_version"],
        ),
    )  # fmt: skip
