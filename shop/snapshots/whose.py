"""Looks at the first lines of an export's file, whose they are, before anything of it is kept."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from shop.languages import N_
from shop.languages import gettext as _
from shop.platforms.failures import WrongShop
from shop.platforms.packing import layers
from shop.platforms.remote import Remote

LOOKED_AT = 200  # lines
LONGEST = 4 << 20  # bytes of a line that is looked at


class FileOfAnotherShop(WrongShop):
    mend = N_(
        "Check the shop with `flask shops check` or on its page, which lets it be asked again; "
        "if it stays, tell the platform's support."
    )


def refuse_foreign(part: Path, remote: Remote) -> None:
    """Raise FileOfAnotherShop where lines name a shop, and none of them names ours.

    A shop may have had another domain when some of its records were made, so one line alone condemns nothing.
    """
    told = [word for line in islice(first_lines(part), LOOKED_AT) if (word := remote.is_ours(line)) is not None]
    if told and not any(told):
        raise FileOfAnotherShop(_("The file of the export holds the rows of another shop."))


def first_lines(part: Path) -> Iterator[bytes]:
    """Yield lines from the file's beginning, as far as it can be unpacked: what is wrong with it is told by its proof."""
    with part.open("rb") as raw:
        packed = layers(raw)
        raw.seek(0)
        file = raw
        for _ in range(packed):
            file = gzip.GzipFile(fileobj=file)  # type: ignore[assignment]  # reads like any other
        with suppress(EOFError, gzip.BadGzipFile, zlib.error):
            while line := file.readline(LONGEST):
                yield line
