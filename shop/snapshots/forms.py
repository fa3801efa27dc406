"""What the pages of runs hand in: a snapshot file, and the word that accepts a doubtful one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from werkzeug.datastructures import FileStorage

from shop.errors import ShopError
from shop.languages import N_
from shop.languages import gettext as _
from shop.shops.models import Shop
from shop.snapshots.queries import KINDS

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MODES = (N_("full"), N_("partial"))
ENDINGS = (".jsonl", ".json", ".gz")


def moment_of(given: str, zone: ZoneInfo) -> datetime:
    """Read a day or a time, in the shop's zone where it names none. Raises ShopError where it cannot be meant."""
    try:
        moment = datetime.fromisoformat(given.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ShopError(
            _(
                "“%(given)s” is no time. Nothing was changed; write a day or a time like 2026-03-19 or 2026-03-19T08:00+01:00.",
                given=given[:40],
            )
        ) from error
    if not EARLIEST <= moment <= datetime.now(UTC):
        raise ShopError(
            _(
                "“%(given)s” lies in the future, or before any shop. Nothing was changed; write a time that has passed.",
                given=given[:40],
            )
        )
    return moment


@dataclass(frozen=True)
class FetchForm:
    """A snapshot to be taken from the platform now: of everything, or of what changed since a day of the shop."""

    shop: str = ""
    kind: str = "orders"
    mode: str = "full"
    since: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "FetchForm":
        return cls(*(values.get(name, "").strip() for name in ("shop", "kind", "mode", "since")))

    def errors(self, shops: list[Shop]) -> dict[str, str]:
        """Return a sentence for each field that cannot be used. `shops` are those the person may load."""
        found = {}
        shop = next((shop for shop in shops if shop.slug == self.shop), None)
        if shop is None:
            found["shop"] = _("Choose one of your shops.")
        if self.kind not in KINDS:
            found["kind"] = _("Choose orders, customers or products.")
        if self.mode not in MODES:
            found["mode"] = _("Say whether everything is to be fetched, or what changed.")
        elif self.mode == "partial" and shop is not None:
            try:
                self.changed_since(shop)
            except ShopError:
                found["since"] = _("Choose a day that has begun.")
        return found

    def changed_since(self, shop: Shop) -> datetime | None:
        return moment_of(self.since, shop.zone) if self.mode == "partial" else None


@dataclass(frozen=True)
class UploadForm:
    """A file of one shop and kind. `mode` says whether it holds everything, so that what it lacks was deleted."""

    shop: str = ""
    kind: str = "orders"
    mode: str = "partial"
    file: FileStorage | None = field(default=None, repr=False)

    @classmethod
    def of(cls, values: Mapping[str, str], files: Mapping[str, FileStorage]) -> "UploadForm":
        given = files.get("file")
        return cls(
            values.get("shop", "").strip(),
            values.get("kind", "").strip(),
            values.get("mode", "").strip(),
            given if given is not None and given.filename else None,
        )

    @property
    def file_name(self) -> str:
        return (self.file.filename or "") if self.file else ""

    @property
    def stream(self) -> BinaryIO:
        assert self.file is not None, "only a form without errors is carried out"
        stream: BinaryIO = self.file.stream  # type: ignore[assignment]  # werkzeug names the wider type
        return stream

    def errors(self, slugs: list[str]) -> dict[str, str]:
        """Return a sentence for each field that cannot be used. `slugs` are the shops the person may load."""
        found = {}
        if self.shop not in slugs:
            found["shop"] = _("Choose one of your shops.")
        if self.kind not in KINDS:
            found["kind"] = _("Choose orders, customers or products.")
        if self.mode not in MODES:
            found["mode"] = _("Say whether the file holds everything or a part.")
        if self.file is None:
            found["file"] = _("Choose a file.")
        elif not self.file_name.lower().endswith(ENDINGS):
            found["file"] = _("This is not a snapshot file. Choose JSON Lines, plain (.jsonl) or packed (.jsonl.gz).")
        return found
