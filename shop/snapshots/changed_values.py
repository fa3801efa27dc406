"""The values of a difference as people read them: names in place of codes, yes and no, times of the shop."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from shop.formatting import UNKNOWN, moment, number
from shop.languages import N_, said
from shop.shops.models import Shop

YES = {"true": N_("Yes"), "false": N_("No")}
MONEY = ("total", "to pay")
PIECES = ("stock", "units")
PARTICULARS = N_("Addresses, notes or tracking")
NOUGHTS = re.compile(r"(?:\.0+|(\.\d*[1-9])0+)(?=,|$)")  # behind a number, also in a list of them


def readable(record: Mapping[str, Any], shop: Shop, statuses: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return a record of a difference's sample with both sides of its changes in words."""
    changes = [
        {"field": one["field"], **{side: spoken(one["field"], one[side], shop, statuses, now) for side in SIDES}}
        for one in record["changes"]
    ]
    return {**record, "changes": changes}


SIDES = ("before", "after")


def spoken(field: str, value: str | None, shop: Shop, statuses: Mapping[str, str], now: datetime) -> str:
    if value is None:
        return UNKNOWN
    if field == "status":
        return statuses.get(value, value)
    if field == "particulars":
        return said(PARTICULARS)
    if field == "placed":
        return moment(datetime.fromisoformat(value), shop.timezone, now)
    if field in MONEY:
        return number(Decimal(value), 2)
    return NOUGHTS.sub(r"\1", value) if field in PIECES else said(YES[value]) if value in YES else value
