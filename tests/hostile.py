"""Every text that the database can hold, made into what an attacker would write, and what a page must not become by it."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.html_tree import Node, parsed

MARK = "hostile-mark"  # an element and an attribute that none of our pages has
RUN = "window.hostile=1"
STARTS = (  # what a text begins with: of formulas, of addresses, of what ends the place where it stands
    "=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", f"javascript:{RUN}//", f"data:text/html,<script>{RUN}</script>",
    "\u202e\u2066\u200f", "-->", "</title></textarea></script></style></svg>", "//evil.example/", "<!--", "\\", "%00%0d%0aX-Hostile: 1",
)  # fmt: skip
VECTORS = (
    f"<script>{RUN}</script><script src=//evil.example/x.js></script><img src=x onerror={RUN}><svg onload={RUN}>"
    f"<{MARK}></{MARK}>\" {MARK}=1 onmouseover=\"{RUN}\" ' {MARK}=1 onfocus='{RUN}' autofocus `><iframe srcdoc=x></iframe>"
    f"<base href=//evil.example/><style>*{{display:none}}</style><form action=//evil.example/><a href='javascript:{RUN}'>x</a>"
    "{{7*7}}{% raw %}${7*7}%s%n&lt;b&gt;"
)
LONGEST = 4
LONG = 10_000  # characters of one text of fifteen
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
ELSEWHERE = ("javascript:", "data:", "vbscript:", "//", "http:", "https:", "\\\\")
LEADS = ("href", "src", "action", "formaction", "xlink:href", "srcdoc", "poster", "data-url")
OF_THE_CODE = "a word of the code: it is written by us alone, and looked up in a table of what it means"
KEPT = {  # columns that must hold what the code itself has written there, each with its reason
    "alembic_version.version_num": "the newest migration; with another one nothing would start",
    "shops.platform": "names the code that speaks to the platform; no form takes another word",
    "shops.timezone": "a zone that the system knows; checked where it is handed in",
    "shops.currency": "three capital letters, by the database's own check",
    "settings.key": "an option; another name is one that no version knows, and is only counted",
    "shop_settings.key": "an option, as well",
    "table_conversions.table_name": "a table of ours, chosen by the command",
    "partition_archives.partition": "the name of a quarter's table",
    "partition_events.partition": "the name of a quarter's table, or none",
    "snapshots.phase": OF_THE_CODE,
    "failed_snapshots.kind": OF_THE_CODE,
    "backup_checks.outcome": OF_THE_CODE,
    "audit_entries.action": "one of a closed vocabulary, which only `record` writes",
}
IN_DOCUMENTS = {"outcome", "currency"}  # the same in JSON
NO_WORDS = re.compile(r"-?\d+(\.\d+)?|\d{4}-\d\d-\d\d.*")  # amounts and moments in JSON, which the code has written
COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, is_generated = 'ALWAYS'
    FROM information_schema.columns NATURAL JOIN information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type IN ('text', 'character', 'character varying', 'jsonb', 'json', 'bytea')
    AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition) AND table_name !~ '^staged_|^staging_'
    ORDER BY 1, 2"""
Connection = psycopg.Connection[Any]


def hostile(number: int) -> str:
    """Return one of the texts; every start comes with every vector behind it."""
    text = STARTS[number % len(STARTS)] + VECTORS
    return text + "A" * (LONG - len(text)) if number % len(STARTS) == LONGEST else text


def number_of(column: str) -> int:
    """Return which text a column of that name gets: of two tables the same, so that what belongs together still does."""
    return sum(column.removeprefix("status_").encode()) if column not in ("base_url", "url", "address") else 6


def make_hostile(connection: Connection) -> tuple[set[str], set[str]]:
    """Fill every text of every row. Returns which columns are hostile now, and which the database itself refuses to be.

    What needs none of our checks to be shown harmless stands in KEPT. A table without rows would prove nothing.
    """
    done: set[str] = set()
    refused: set[str] = set()
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # no trigger and no foreign key looks on
        for table, column, kind, longest, _ in [row for row in connection.execute(COLUMNS) if not row[4]]:
            name = f"{table}.{column}"
            assert connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone(), (
                f"tests/house.py puts nothing into {table}"
            )
            if name in KEPT or kind == "bytea":
                continue
            try:
                with connection.transaction():
                    fill_json(connection, table, column) if "json" in kind else fill(connection, table, column, longest)
                done.add(name)
            except (psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation):
                refused.add(name)
        connection.execute("UPDATE quarantined_records SET raw = %s", (b"\x00" + hostile(0).encode() + b"\x00\xff",))
    return done, refused


def fill(connection: Connection, table: str, column: str, longest: int | None) -> None:
    """Each row gets its own end, so that what must differ does; the first row of each table has the same one."""
    connection.execute(
        sql.SQL(
            """UPDATE {table} t SET {column} = left(%s || '#' || n.number, %s)
               FROM (SELECT ctid, tableoid, row_number() OVER (ORDER BY ctid) AS number FROM {table}) n
               WHERE n.ctid = t.ctid AND n.tableoid = t.tableoid"""
        ).format(table=sql.Identifier(table), column=sql.Identifier(column)),
        (hostile(number_of(column)), longest or 2 * LONG),
    )


def fill_json(connection: Connection, table: str, column: str) -> None:
    """Replace every text inside a document; its names are the code's own."""
    place = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
    rows = connection.execute(sql.SQL("SELECT ctid, {column} FROM {table} WHERE {column} IS NOT NULL").format(**place))
    for ctid, document in rows.fetchall():
        connection.execute(
            sql.SQL("UPDATE {table} SET {column} = %s WHERE ctid = %s").format(**place),
            (Jsonb(replaced(document)), ctid),
        )


def replaced(document: Any, number: int = 0) -> Any:
    if isinstance(document, str):
        return document if NO_WORDS.fullmatch(document) else hostile(number)
    if isinstance(document, Mapping):
        return {
            name: inner if name in IN_DOCUMENTS else replaced(inner, number_of(name))
            for name, inner in document.items()
        }
    if isinstance(document, list):
        return [replaced(inner, number + place) for place, inner in enumerate(document)]
    return document


def evils(html: str) -> Iterator[str]:
    """Yield what has arisen on a page that its template does not have."""
    root = parsed(html)
    for node in root.all():
        yield from of_node(node)


def of_node(node: Node) -> Iterator[str]:
    if node.tag in (MARK, "iframe", "base", "style", "object", "embed") or (
        node.tag == "script" and not node.get("src").startswith("/static/")
    ):
        yield f"<{node.tag}> arose"
    for name, value in node.attributes.items():
        if name.startswith("on") or name in (
            MARK,
            "style",
            "srcdoc",
            "autofocus" if node.tag not in ("input", "textarea") else "",
        ):
            yield f"<{node.tag}> has {name}"
        if name in LEADS and "".join(value.split()).lower().startswith(ELSEWHERE):
            yield f"<{node.tag}> leads to {value[:40]!r}"


def of_cells(text: str) -> Iterator[str]:
    """Yield the cells of a CSV file that a spreadsheet would run."""
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            if MARK in cell and cell.startswith(FORMULAS):
                yield f"a cell begins with {cell[:12]!r}"


def of_document(text: str) -> Iterator[str]:
    """Yield nothing: a document that is read back whole is one."""
    json.loads(text)
    yield from ()


def of_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if (MARK in value and "<" in value) or name == "X-Hostile":
            yield f"the header {name} is {value[:60]!r}"
