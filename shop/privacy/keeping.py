"""Keeps erased people erased: again in a restored copy, and out of stored files. What the schedule does each hour."""

from shop.config import Config
from shop.formatting import plural
from shop.privacy import applying, journal, rewriting
from shop.privacy.queries import has_erasures


def is_needed(config: Config) -> bool:
    """Whether somebody was ever erased, by this database or by the list beside it."""
    return (config.data_dir / journal.NAME).exists() or has_erasures()


def keep(config: Config) -> str:
    """Apply what a copy has forgotten, write files anew that name somebody, and tell of it. Idempotent. Raises Conflict."""
    again, done = applying.apply(config), rewriting.rewrite(config)
    told = [f"{plural(len(again), 'person was', 'people were')} erased again"] if again else []
    lines = plural(done.lines, "line", "lines")
    told.append(f"{plural(done.files, 'file', 'files')} looked through, {lines} without their person now")
    told += [f"{plural(done.busy, 'file', 'files')} left for later"] if done.busy else []
    return f"{'; '.join(told)}."
