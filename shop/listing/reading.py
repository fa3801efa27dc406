"""Reads a listing from a query string: strictly, with a sentence for everything that it does not take."""

from collections.abc import Mapping, Sequence
from typing import Any

from shop.languages import gettext as _
from shop.listing.cursor import opened
from shop.listing.days import typed_day
from shop.listing.filters import Filter, single
from shop.listing.listing import DEFAULT_SIZE, DENSITIES, END, SIZES, START, Listing, Position, Spec
from shop.listing.refusal import BadListing, refused, unknown
from shop.listing.sorts import Sort
from shop.listing.wording import either

Arguments = Mapping[str, Sequence[str]]
LONGEST_VALUE = 200
OWN = ("shop", "sort", "per_page", "density", "after", "before", "at", "bom")


def read(spec: Spec, arguments: Arguments, secret: str, usual: int = DEFAULT_SIZE) -> Listing:
    """Return the listing that the arguments (each name with all its values) ask for. Raises BadListing.

    `usual` rows stand on a page whose size is not asked for.
    """
    given = {name: texts for name, values in arguments.items() if (texts := [text for text in values if text.strip()])}
    check(spec, given)
    order = read_order(spec, given)
    sort = spec.sort(order.removeprefix("-"))
    return Listing(
        spec=spec,
        shops=tuple(dict.fromkeys(slug for text in given.get("shop", ()) for slug in text.split(",") if slug)),
        values=read_filters(spec, given),
        order=order,
        per_page=read_size(given, usual),
        usual=usual,
        density=read_density(given),
        position=read_position(spec, sort, given, secret, descending=order.startswith("-")),
    )


def is_plain(spec: Spec, arguments: Arguments) -> bool:
    """Tell whether an address is as we write it: nothing empty, nothing in parts as a form sends it."""
    parts = {name for known in spec.filters for name in known.parts()}
    if parts & arguments.keys() or not all(text.strip() for values in arguments.values() for text in values):
        return False
    return all(str(typed_day(text)) == text for text in arguments.get("at", ()))


def check(spec: Spec, given: Arguments) -> None:
    """Refuse unknown names, and texts that no list can mean."""
    names = [known.name for known in spec.filters] + list(OWN)
    parts = {name for known in spec.filters for name in known.parts()}
    for name, texts in given.items():
        if name not in names and name not in parts:
            raise unknown(name, names)
        longest = 2000 if name in ("after", "before") else LONGEST_VALUE
        for text in texts:
            if len(text) > longest or not all(letter.isprintable() or letter.isspace() for letter in text):
                raise refused(name, text, _("up to %(most)s printable characters", most=LONGEST_VALUE))


def read_filters(spec: Spec, given: Arguments) -> tuple[tuple[str, Any], ...]:
    found = []
    for known in spec.filters:
        texts = given.get(known.name) or joined_parts(known, given)
        if texts:
            single_or_many = texts if known.many else [single(known.name, texts)]
            found.append((known.name, known.read(single_or_many)))
    return tuple(found)


def joined_parts(known: Filter, given: Arguments) -> list[str]:
    """Return the parameter that a form sent in parts: two ends of a range, two bounds of an amount."""
    parts = [write(given[name][0].strip()) for name, write in known.parts().items() if given.get(name)]
    if len(parts) < 2:
        return parts
    first, last = parts
    return ["..".join((first.removesuffix(".."), last.removeprefix("..")))] if ".." in first else [f"{first},{last}"]


def read_order(spec: Spec, given: Arguments) -> str:
    order = single("sort", given.get("sort", (spec.default_sort,)))
    if order.removeprefix("-") not in {known.name for known in spec.sorts}:
        each = (f"{known.name}{_(' and ')}-{known.name}" for known in spec.sorts)
        raise refused("sort", order, either(each))
    return order


def read_size(given: Arguments, usual: int) -> int:
    text = single("per_page", given.get("per_page", (str(usual),)))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and SIZES[0] <= int(text) <= SIZES[-1]):
        raise refused("per_page", text, _("a number from %(least)s to %(most)s", least=SIZES[0], most=SIZES[-1]))
    return int(text)


def read_density(given: Arguments) -> str:
    text = single("density", given.get("density", ("standard",)))
    if text not in DENSITIES:
        raise refused("density", text, either(DENSITIES))
    return text


def read_position(spec: Spec, sort: Sort, given: Arguments, secret: str, *, descending: bool) -> Position:
    found = [name for name in ("after", "before", "at") if name in given]
    if not found:
        return START
    if len(found) > 1:
        raise BadListing(
            _("“%(one)s” and “%(other)s” cannot stand in one address. Keep one of them.", one=found[0], other=found[1])
        )
    name = found[0]
    text = single(name, given[name])
    if name == "at":
        return read_day(sort, text)
    if name == "before" and text == END:
        return Position(at_end=True)
    place = opened(text, secret, spec.path, sort, descending=descending, name=name)
    return Position(after=place) if name == "after" else Position(before=place)


def read_day(sort: Sort, text: str) -> Position:
    if not sort.by_day:
        raise BadListing(_("“at” goes to a day, and this list is not in the order of days. Sort it by a date first."))
    return Position(at=typed_day(text))
