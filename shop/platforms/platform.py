"""What Pult asks of a platform: how to read its files, what its words mean, and how to call it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shop.languages import gettext as _
from shop.platforms.failures import Refused
from shop.platforms.people import People
from shop.platforms.records import Kind, Peek
from shop.platforms.remote import Access, Notice, Remote


@dataclass(frozen=True)
class Platform:
    """One platform. `decoders` and `peekers` make a new reader for each run: readers learn from the lines they read."""

    name: str
    decoders: Mapping[Kind, Callable[[], Callable[[bytes], Any]]]
    peekers: Mapping[Kind, Callable[[], Callable[[bytes], Peek]]]
    categories: Mapping[str, str]  # of its fixed statuses: new, open, done, cancelled
    line_kinds: Mapping[str, str]  # of its words for lines that are no goods
    remote: Callable[[Access], Remote] | None = None  # None: only its stored files are read
    notices: Callable[[Mapping[str, str], bytes, Sequence[str]], Notice] | None = None
    people: Mapping[Kind, People] = field(default_factory=dict)  # of the kinds whose lines name people

    def connect(self, access: Access) -> Remote:
        """Return the shop on this platform; nothing is called yet. Close it after use. Raises PlatformFailure."""
        if self.remote is None:
            raise Refused(_("Pult reads files of %(name)s and does not call it.", name=self.name))
        return self.remote(access)

    def notice(self, headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> Notice:
        """Return what a webhook's call says, if one of the keys has signed it. Raises PlatformFailure if none has."""
        if self.notices is None:
            raise Refused(_("%(name)s sends no notices that Pult knows.", name=self.name))
        return self.notices(headers, body, keys)

    def decode(self, kind: Kind) -> Callable[[bytes], Any]:
        """Return a new reader: a line to an OrderRecord, CustomerRecord or ProductRecord, or BadRecord raised."""
        return self.decoders[kind]()

    def peek(self, kind: Kind) -> Callable[[bytes], Peek]:
        """Return a new reader of only the key and the time of the last change; raises BadRecord."""
        return self.peekers[kind]()

    def status_category(self, code: str) -> str:
        """Return new, open, done or cancelled. Statuses that a shop made up itself are open."""
        return self.categories.get(code, "open")

    def counted_by_default(self, code: str) -> bool:
        """Whether orders with this status are sales, until the shop says otherwise."""
        return self.status_category(code) != "cancelled"

    def line_kind(self, item_type: str, total: Decimal | None = None) -> str:
        """Return goods, discount, shipping, fee, deposit or part. A negative line of goods is a discount."""
        kind = self.line_kinds.get(item_type, "goods")
        return "discount" if kind == "goods" and total is not None and total < 0 else kind
