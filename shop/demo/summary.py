"""What the demo prints once its pages are full: where to look, as whom, and how to break something."""

import json
from collections.abc import Iterator, Mapping

from shop.demo.cast import EVERY, PEOPLE

WIDTH = 86
FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    (
        "A download is refused again and again: the run rests half a minute and goes on by itself",
        {"name": "error-503", "times": 6, "shop": "demo-cz", "path": "/api-results/*"},
    ),
    (
        "The next download is a web page, not a file: the run fails, and its page says why",
        {"name": "html-instead-of-json", "times": 1, "path": "/api-results/*"},
    ),
    (
        "Two lines of the next orders are broken: they are set aside, the others count",
        {"name": "bad-records", "times": 1, "amount": 2, "path": "/api/orders/snapshot"},
    ),
)


def summary(address: str, passwords: Mapping[str, str], simulator: str) -> str:
    return "\n".join(lines(address, passwords, simulator))


def lines(address: str, passwords: Mapping[str, str], simulator: str) -> Iterator[str]:
    yield "─" * WIDTH
    yield f"  Pult is ready at {address}"
    yield ""
    yield "  Sign in as"
    for person in PEOPLE:
        yield f"    {person.email:<22} {passwords[person.email]}   {person.sees}"
    yield ""
    yield "  Look at the overview and the orders: new ones come all the time, and Pult asks for"
    yield f"  what changed every {EVERY} seconds. Snapshots shows each of these runs, Shops the connections."
    yield ""
    yield "  See what an operator sees when a platform misbehaves; from another terminal:"
    for words, fault in FAULTS:
        yield f"  · {words}"
        yield f"    {curl(fault, simulator)}"
    yield "  · All is well again"
    yield f"    curl -X DELETE {simulator}/simulator/faults"
    yield ""
    yield "  Ctrl-C stops everything. `make demo` goes on from there."
    yield "─" * WIDTH


def curl(fault: Mapping[str, object], simulator: str) -> str:
    return f"curl -d '{json.dumps(fault)}' {simulator}/simulator/faults"
