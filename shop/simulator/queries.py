"""Query parameters as the shop takes them: the known ones only, times with an offset, pages within their limits."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.simulator.answers import Refusal

MOST_CODES = 50
PAGING = frozenset({"page", "itemsPerPage"})


@dataclass(frozen=True)
class Limits:
    """How many rows a page has when nothing is said, and at most; some lists refuse more, others quietly cap it."""

    default: int
    most: int
    refuses: bool = False


@dataclass(frozen=True)
class Query:
    """The parameters of one request, each at most once."""

    values: dict[str, str]

    def check(self, known: frozenset[str], includes: frozenset[str]) -> None:
        """Refuse what the endpoint does not know."""
        unknown = sorted(set(self.values) - known)
        if unknown:
            message = f"Unsupported query parameters: {', '.join(unknown)}."
            raise Refusal(400, "unsupported-query-parameters", message, unknown[0])
        wrong = sorted(self.includes - {include.lower() for include in includes})
        if wrong:
            raise Refusal(400, "invalid-include", f"Unsupported include: {', '.join(wrong)}.", "include")

    @property
    def includes(self) -> set[str]:
        return {include.strip().lower() for include in self.values.get("include", "").split(",")} - {""}

    def text(self, name: str) -> str | None:
        return self.values.get(name)

    def number(self, name: str, default: int | None = None) -> int | None:
        if name not in self.values:
            return default
        try:
            return int(self.values[name])
        except ValueError:
            raise invalid(name, "Expected a whole number.") from None

    def time(self, name: str) -> datetime | None:
        """Return a time; a `+` that was not encoded has become a space and is refused."""
        if name not in self.values:
            return None
        with suppress(ValueError):
            found = datetime.fromisoformat(self.values[name])
            if found.tzinfo is not None:
                return found
        raise invalid(name, "Expected a time in ISO 8601 with its offset, the plus sign encoded.")

    def needed_time(self, name: str) -> datetime:
        found = self.time(name)
        if found is None:
            raise invalid(name, "It is required.")
        return found

    def codes(self, name: str) -> list[str] | None:
        if name not in self.values:
            return None
        codes = [code for code in self.values[name].split(",") if code]
        if len(codes) > MOST_CODES:
            raise invalid(name, f"Expected max. {MOST_CODES} elements, but {len(codes)} given.")
        return codes

    def one_of(self, name: str, known: tuple[str, ...]) -> str | None:
        found = self.values.get(name)
        if found is not None and found not in known:
            raise invalid(name, f"Expected one of {', '.join(known)}.")
        return found

    def page(self, limits: Limits) -> tuple[int, int]:
        """Return the page and how many rows it has."""
        page = self.number("page", 1) or 0
        size = self.number("itemsPerPage", limits.default) or 0
        if page < 1:
            raise invalid("page", "Pages begin with 1.")
        if size < 1 or (limits.refuses and size > limits.most):
            raise invalid("itemsPerPage", f"Expected 1 to {limits.most}.")
        return page, min(size, limits.most)


def invalid(name: str, why: str) -> Refusal:
    return Refusal(400, "invalid-parameter", f'Invalid "{name}" parameter. {why}', name)


def paginator(total: int, page: int, size: int, rows: int) -> dict[str, Any]:
    pages = max(-(-total // size), 1)
    return {"totalCount": total, "page": page, "pageCount": pages, "itemsOnPage": rows, "itemsPerPage": size}


def refuse_past_end(total: int, page: int, size: int) -> None:
    pages = max(-(-total // size), 1)
    if page > pages:
        raise Refusal(404, "page-not-found", f"Page {page} not found, max page is {pages}.", "page")
