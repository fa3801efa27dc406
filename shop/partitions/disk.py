"""The disk that a conversion needs: said before it begins, looked at while it goes on."""

import shutil
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

from shop.errors import ShopError
from shop.formatting import size

NEED = 2.5  # times the table: the table in its other form, what is written ahead of it, and room to spare
RESERVE = 512 << 20  # bytes below which the copying waits
PARTS = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_partition_tree(to_regclass(%s))"
WHOLE = "SELECT pg_total_relation_size(to_regclass(%s))"
PLACE = """
    SELECT coalesce(nullif(pg_tablespace_location(dattablespace), ''), current_setting('data_directory'))
    FROM pg_database WHERE datname = current_database()"""


class NoRoom(ShopError):
    """The disk of the database has too little free space for what was asked."""


def size_of(connection: psycopg.Connection[Any], table: str, *, partitioned: bool) -> int:
    """Return the bytes of a table with its indexes, of all partitions where it has some."""
    row = connection.execute(PARTS if partitioned else WHOLE, (table,)).fetchone()
    return int(row[0] or 0) if row else 0


def free_bytes(connection: psycopg.Connection[Any]) -> int | None:
    """Return the free space where the database lies; None where it is on another machine or out of sight."""
    if not connection.info.host.startswith("/") and connection.info.hostaddr not in ("127.0.0.1", "::1"):
        return None
    try:
        with connection.transaction():
            row = connection.execute(PLACE).fetchone()
    except errors.InsufficientPrivilege:
        return None
    place = Path(row[0]) if row else Path("/nowhere")
    for folder in (place, *place.parents[:-1]):  # the folder itself is often closed to us; those above it are not
        try:
            return shutil.disk_usage(folder).free
        except PermissionError:
            continue
        except FileNotFoundError:
            return None
    return None


def require(need: int, free: int | None) -> None:
    """Raise `NoRoom` with the numbers if it is known that the disk does not suffice."""
    if free is not None and free < need:
        raise NoRoom(
            f"The disk of the database has {size(free)} free; the conversion needs {size(need)}, {NEED} times the table. "
            "Nothing was changed; make room, and run the same again."
        )


def shortage(free: int | None) -> str | None:
    """Say why the copying waits, None where it need not."""
    if free is None or free >= RESERVE:
        return None
    return f"waits for room on the disk: {size(free)} free, less than the {size(RESERVE)} that are left alone"
