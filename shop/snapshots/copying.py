"""Values as PostgreSQL's COPY text wants them."""

import re
from datetime import datetime
from decimal import Decimal

import msgspec

NULL = "\\N"
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
encode_json = msgspec.json.Encoder(decimal_format="string", order="sorted").encode


def text(value: str | None) -> str:
    if value is None:
        return NULL
    return value.translate(ESCAPES) if SPECIAL.search(value) else value


def number(value: Decimal | int | None) -> str:
    return NULL if value is None else str(value)


def flag(value: bool | None) -> str:
    return NULL if value is None else "t" if value else "f"


def moment(value: datetime | None) -> str:
    return NULL if value is None else value.isoformat()


def json(value: object) -> str:
    return NULL if value is None else text(encode_json(value).decode())


def binary(value: bytes) -> str:
    return "\\\\x" + value.hex()
