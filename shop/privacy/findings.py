"""What `flask doctor` says of erased people: whether the database knows them all, and their files are written anew."""

from collections.abc import Iterator
from datetime import timedelta

from shop import task_runs
from shop.config import Config
from shop.errors import ShopError
from shop.findings import Finding, State
from shop.formatting import plural
from shop.privacy import journal
from shop.privacy.queries import erasures, waiting_files

LONGEST_WAIT = timedelta(days=2)


def findings(config: Config) -> Iterator[Finding]:
    """Yield nothing where nobody was ever erased."""
    try:
        unknown = journal.unknown(config.data_dir)
    except ShopError as error:
        yield Finding("erased people", State.BAD, error.message, "See docs/privacy.md.")
        return
    known = erasures()
    if unknown:
        found = f"{plural(len({entry.guid for entry in unknown}), 'person', 'people')} erased once stand in this database again"
        yield Finding("erased people", State.BAD, found, "It came from an older copy: run `flask privacy apply`.")
    elif known:
        yield Finding("erased people", State.GOOD, f"{plural(len(known), 'person', 'people')}, and nobody came back")
    waiting, oldest = waiting_files()
    if oldest is not None:
        late = task_runs.now() - oldest > LONGEST_WAIT
        found = f"{plural(waiting, 'stored file waits', 'stored files wait')} to be written anew, the first since {oldest:%Y-%m-%d %H:%M} UTC"
        mend = "Run `flask privacy rewrite`; the schedule does every hour, so see also why it did not." if late else ""
        yield Finding("files of erased people", State.BAD if late else State.NOTE, found, mend)
