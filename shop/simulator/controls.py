"""The simulator's own paths, /simulator/*: a control on loopback, open to whoever runs the machine, without secrets.

GET and POST and DELETE /simulator/faults show, switch on and switch off faults; GET /simulator/counts shows what was
asked; GET /simulator/vocabulary lists every fault with its sentence. No token is shown or needed here.
"""

import json
from typing import Any

from shop.simulator.answers import Answer, bare
from shop.simulator.faults import FaultName, UnknownFault
from shop.simulator.online import Surroundings

FIELDS: dict[str, type] = {"name": str, "times": int, "path": str, "shop": str, "amount": int}


class Misspoken(ValueError):
    """The control was asked for something it does not know."""


def answer(around: Surroundings, method: str, path: str, body: bytes) -> Answer:
    try:
        return controlled(around, method, path, body)
    except (Misspoken, UnknownFault, ValueError) as error:
        return bare(400, {"error": str(error)})


def controlled(around: Surroundings, method: str, path: str, body: bytes) -> Answer:
    faults = around.faults
    if (method, path) == ("GET", "/simulator/counts"):
        return bare(200, around.counts.listed())
    if (method, path) == ("GET", "/simulator/vocabulary"):
        return bare(200, {name: name.sentence for name in FaultName})
    if path != "/simulator/faults":
        return bare(404, {"error": "There are /simulator/faults, /simulator/counts and /simulator/vocabulary."})
    if method == "POST":
        asked = fields(body)
        if "name" not in asked:
            raise Misspoken("A fault has a name.")
        faults.switch_on(asked.pop("name"), **asked)
    elif method == "DELETE":
        faults.switch_off(fields(body).get("name") if body else None)
    elif method != "GET":
        return bare(405, {"error": "GET, POST and DELETE are known here."})
    return bare(200, {"faults": faults.listed()})


def fields(body: bytes) -> dict[str, Any]:
    """Return what was sent, without what is null."""
    try:
        asked = json.loads(body)
    except ValueError:
        raise Misspoken('Expected JSON, as in {"name": "slow", "times": 2, "path": "/api-results/*"}.') from None
    if not isinstance(asked, dict):
        raise Misspoken("Expected a JSON object.")
    for name, value in asked.items():
        wanted = FIELDS.get(name)
        if wanted is None or (value is not None and type(value) is not wanted):
            raise Misspoken(f"Known are {', '.join(FIELDS)}; {name!r} is not one of them or not of its type.")
    return {name: value for name, value in asked.items() if value is not None}
