"""How migrations run: against our metadata, numbered, blind to partitions and to the staging schema."""

from collections.abc import Iterable
from typing import Any

from alembic import context
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text

database = current_app.extensions["migrate"].db


def include_name(name: str | None, type_: str, parent_names: dict[str, Any]) -> bool:
    """Partitions come and go by themselves; only what the models know is compared."""
    if type_ == "schema":
        return name is None
    if type_ == "table":
        return name in database.metadata.tables
    return parent_names.get("table_name") in database.metadata.tables


def number_revision(_context: object, _revision: object, directives: list[Any]) -> None:
    """Give each revision the next number, so that `ls` shows the order."""
    newest = ScriptDirectory.from_config(context.config).get_current_head()
    for directive in directives:
        directive.rev_id = f"{int(newest or 0) + 1:04d}"


def options() -> dict[str, Any]:
    given = dict(current_app.extensions["migrate"].configure_args)
    return given | {
        "target_metadata": database.metadata,
        "include_name": include_name,
        "process_revision_directives": number_revision,
        "transaction_per_migration": True,
    }


def run_offline() -> None:
    context.configure(url="postgresql://", literal_binds=True, dialect_opts={"paramstyle": "named"}, **options())
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """One operator at a time: a second one waits for the first, then finds nothing to do."""
    with database.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(hashtext('pult migrations'))"))
        connection.commit()
        context.configure(connection=connection, **options())
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(hashtext('pult migrations'))"))
        connection.commit()


def modules(names: Iterable[str]) -> None:
    for name in names:
        __import__(name)


modules(["shop.locks"])
if context.is_offline_mode():
    run_offline()
else:
    run_online()
