"""Cursors: a row's place in one order of one list, signed, so that an address can carry it and nobody can make one up."""

from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from shop.languages import gettext as _
from shop.listing.refusal import BadListing
from shop.listing.sorts import Sort

SALT = "place in a list"


@dataclass(frozen=True)
class Cursor:
    """The last (or first) row of a page: its segment, key, shop and tie-breaker; `rank` is its number where that is known."""

    segment: int
    key: Any
    shop_id: int
    tie: Any
    rank: int | None = None


def sealed(cursor: Cursor, secret: str, path: str, sort: Sort, *, descending: bool) -> str:
    """Return the text of a cursor for this order of this list."""
    segment = sort.segments[cursor.segment]
    key = None if cursor.key is None else segment.key_codec.write(cursor.key)
    written = [
        path, sort.name, descending, cursor.segment, key, cursor.shop_id, segment.tie_codec.write(cursor.tie), cursor.rank
    ]  # fmt: skip
    return str(URLSafeSerializer(secret, salt=SALT).dumps(written))


def opened(text: str, secret: str, path: str, sort: Sort, *, descending: bool, name: str) -> Cursor:
    """Return the cursor that was sealed. Raises BadListing for one that is damaged, made up, or of another list or order."""
    try:
        written = URLSafeSerializer(secret, salt=SALT).loads(text)
    except BadSignature:
        raise BadListing(
            _("The place in “%(name)s” is damaged. Start from the first page of this list.", name=name)
        ) from None
    if written[:3] != [path, sort.name, descending]:
        raise BadListing(
            _(
                "The place in “%(name)s” belongs to another list or another order of it. Start from the first page of this list.",
                name=name,
            )
        )
    number, key, shop_id, tie, rank = written[3:]
    segment = sort.segments[number]
    return Cursor(
        number, None if key is None else segment.key_codec.read(key), shop_id, segment.tie_codec.read(tie), rank
    )
