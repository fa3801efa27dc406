"""What a benchmark reports: a measured value, the limit it is held to, and whether it holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measurement. `limit` is in words; `holds` is None where there is no limit."""

    name: str
    value: str
    limit: str = ""
    holds: bool | None = None


def printed(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| measured | value | must hold | holds |", "|---|---|---|---|"]
    marks = {True: "yes", False: "**no**", None: ""}
    return "\n".join(lines + [f"| {row.name} | {row.value} | {row.limit} | {marks[row.holds]} |" for row in rows])
