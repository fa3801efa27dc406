"""Personal data: which columns hold them, how they are masked, and whether whoever asks now may see them."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from flask import g, has_request_context

from shop.languages import gettext as _
from shop.listing.refusal import BadListing

HIDDEN = "•••"
Record = TypeVar("Record")
Mask = Callable[[Any], Any]

# What a sentence of a failure may quote of a line: what stands in quotes but for names of fields, e-mails, and digits as long as a phone number.
QUOTED = re.compile(
    r"(?<!field )“[^”]*”|«[^»]*»|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|(?<![^\s@<>])(?<!Stopped by )[^\s@<>]+@[^\s@<>]+|\+?\d(?:[ -]?\d){8,}"
)


def hidden(value: Any) -> Any:
    """Return a value of a document with every text masked but the country."""
    if isinstance(value, Mapping):
        return {name: one if name == "countryCode" else hidden(one) for name, one in value.items()}
    if isinstance(value, list):
        return [hidden(one) for one in value]
    return HIDDEN if isinstance(value, str) else value


def masked_email(text: str) -> str:
    """Return j•••@p•••.cz for jana@posta.cz."""
    local, _, domain = text.rpartition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}{HIDDEN}@{host[:1]}{HIDDEN}.{top}" if local and host else HIDDEN


def masked_name(text: str) -> str:
    """Return J••• N••• for Jana Nova."""
    return " ".join(word[:1] + HIDDEN for word in text.split()) or HIDDEN


def masked_sentence(text: str) -> str:
    """Return what a failure says without what it may quote of somebody's line."""
    return QUOTED.sub(HIDDEN, text)


def masked_line(_raw: bytes) -> bytes:
    return HIDDEN.encode()


BUYER: Mapping[str, Mask] = {"email": masked_email, "name": masked_name, "company": masked_name, "phone": hidden}
PERSONAL: Mapping[str, Mapping[str, Mask]] = {  # table: its personal columns, each with how it is masked
    "customers": {**BUYER, "city": hidden, "remark": hidden, "addresses": hidden},
    "customer_merges": {"evidence": masked_sentence},
    "orders": {**BUYER, "particulars": hidden},
    "order_revisions": {"before": hidden, "after": hidden},  # of the fields below
    "quarantined_records": {"raw": masked_line, "reason": masked_sentence},
    "failed_snapshots": {"error": masked_sentence},  # its trace holds places in the code, without values
    "snapshots": {"error": masked_sentence, "remark": masked_sentence},
    "snapshot_attempts": {"error": masked_sentence},
}
# Fields of histories and of differences, by the words they are kept under.
PERSONAL_FIELDS = frozenset({"e-mail", "email", "name", "company", "phone", "city", "group", "remark", "addresses"})


class Masked:
    """A record whose personal columns read masked; everything else is its own. It can only be read."""

    __slots__ = ("_masks", "_record")

    def __init__(self, record: object, masks: Mapping[str, Mask]) -> None:
        self._record, self._masks = record, masks

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._record, name)
        mask = self._masks.get(name)
        return value if mask is None or value is None else mask(value)


def is_seen() -> bool:
    """Tell whether the request may see personal data. One that nobody has decided about may not; work without a request may."""
    return bool(g.get("sees_personal", False)) if has_request_context() else True


def let_see(*, plainly: bool) -> None:
    """Decide it for the running request."""
    g.sees_personal = plainly


def shown(table: str, record: Record, *, plainly: bool | None = None) -> Record:
    """Return the record as it may be seen: by the running request, or as was decided before where a stream outlives it."""
    if is_seen() if plainly is None else plainly:
        return record
    return cast("Record", Masked(record, PERSONAL[table]))


def all_shown(table: str, records: Iterable[Record], *, plainly: bool | None = None) -> list[Record]:
    return [shown(table, record, plainly=plainly) for record in records]


def shown_sample(kind: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return one record of a difference's sample as it may be seen; products are nobody's, a customer is called by name."""
    if is_seen() or kind == "products":
        return record
    changes = [
        {**one, "before": hidden(one["before"]), "after": hidden(one["after"])}
        if one["field"] in PERSONAL_FIELDS
        else one
        for one in record["changes"]
    ]
    return {
        **record,
        "name": masked_name(record["name"]) if kind == "customers" else record["name"],
        "changes": changes,
    }


class Unsearchable(BadListing):
    """Somebody without the right has asked for a person; the answer is the same whether there is one."""

    def __init__(self) -> None:
        super().__init__(_("Searching for people needs the right to see personal data. Nothing was searched."))
