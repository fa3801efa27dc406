"""Keeps erased people erased: again in a restored copy, and out of stored files. What the schedule does each hour."""

from shop.config import Config
from shop.formatting import plural
from shop.languages import gettext as _
from shop.privacy import applying, journal, rewriting
from shop.privacy.queries import has_erasures


def is_needed(config: Config) -> bool:
    """Whether somebody was ever erased, by this database or by the list beside it."""
    return (config.data_dir / journal.NAME).exists() or has_erasures()


def keep(config: Config) -> str:
    """Apply what a copy has forgotten, write files anew that name somebody, and tell of it. Idempotent. Raises Conflict."""
    again, done = applying.apply(config), rewriting.rewrite(config)
    people, busy = plural(len(again), "person was", "people were"), plural(done.busy, "file", "files")
    told = {"files": plural(done.files, "file", "files"), "lines": plural(done.lines, "line", "lines")}
    if again and done.busy:
        return _(
            "%(people)s erased again; %(files)s looked through, %(lines)s without their person now; "
            "%(busy)s left for later.",
            people=people, busy=busy, **told,
        )  # fmt: skip
    if again:
        return _(
            "%(people)s erased again; %(files)s looked through, %(lines)s without their person now.",
            people=people,
            **told,
        )
    if done.busy:
        return _(
            "%(files)s looked through, %(lines)s without their person now; %(busy)s left for later.", busy=busy, **told
        )
    return _("%(files)s looked through, %(lines)s without their person now.", **told)
