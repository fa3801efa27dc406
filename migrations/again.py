"""Steps of a migration that can be run again, whatever of them was done when an earlier run of it was killed.

What cannot run inside a transaction commits everything before it, so a migration that is killed there begins a second
time from its first line. Its columns and tables are added `if_not_exists`, its constraints and indexes by these.
"""

from collections.abc import Sequence
from typing import Any

from alembic import op


def make_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Make an index while others write, in an autocommit block. One of that name, whole or half made, is dropped first."""
    op.drop_index(op.f(name), table, if_exists=True, postgresql_concurrently=True)
    op.create_index(op.f(name), table, columns, postgresql_concurrently=True, **options)


def add_constraint(table: str, name: str, definition: str) -> None:
    """Add a constraint that new rows keep at once, in place of one of that name; old rows are looked at later."""
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")


def replace_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Put a new index into the place of the one of that name, outside of an autocommit block; at no moment is there none."""
    before, following = f"{name}_before", f"{name}_next"
    with op.get_context().autocommit_block():
        op.drop_index(op.f(before), table, if_exists=True, postgresql_concurrently=True)
        make_index(following, table, columns, **options)
    op.execute(f"ALTER INDEX {name} RENAME TO {before}")
    op.execute(f"ALTER INDEX {following} RENAME TO {name}")
    with op.get_context().autocommit_block():
        op.drop_index(op.f(before), table, if_exists=True, postgresql_concurrently=True)
