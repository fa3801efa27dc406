"""Finds every sentence that people read, in modules and templates, and keeps the catalogues' files to what was found."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes
from jinja2.ext import extract_from_ast

from shop.catalogues import APART, keyed

ROOT = Path(__file__).parents[1]
TRANSLATED = ("cs",)
ONE, TWO, MEANT = ("_", "gettext", "N_"), ("ngettext", "NN_"), ("pgettext", "P_")
LISTS = "Spec"  # what a list holds is counted: its `one` and `many`
COUNTING = "plural"  # its second and third argument, in a module as in a template's filter
FRAME = "frame"  # what belongs to no domain
EXTRAS = {"job": "jobs", "lock": "jobs", "restoration": "restorations", "setting": "settings", "alone": FRAME}
NOT_READ = ("simulator", "demo", "local", "translations")  # no page of Pult

SINCE = datetime(2026, 11, 27, tzinfo=UTC)  # a date that moved with each update would be all that most changes change
HEADER = "# Sentences of Pult. Written by `make catalogues`; what stands in msgstr is translated by people."
ABOUT = {"project": "Pult", "version": "", "charset": "utf-8", "last_translator": "Pult", "language_team": "Pult"}

Message = str | tuple[str, ...]


@dataclass
class Found:
    """Sentences by the part of Pult that says them; a sentence of several parts belongs to the first that says it."""

    parts: dict[str, dict[Message, list[tuple[str, int]]]] = field(default_factory=dict)

    def add(self, part: str, message: Message, place: tuple[str, int]) -> None:
        owner = next((each for each, messages in self.parts.items() if message in messages), part)
        self.parts.setdefault(owner, {}).setdefault(message, []).append(place)

    @property
    def messages(self) -> set[Message]:
        return {message for messages in self.parts.values() for message in messages}


def everything() -> Found:
    """Return every marked sentence of the sources, the frame's first, so that what all say is its own."""
    found = Found()
    files = [*(ROOT / "shop").rglob("*.py"), *(ROOT / "templates").rglob("*.*ml"), *(ROOT / "templates").rglob("*.txt")]
    for file in sorted(files, key=lambda one: (part_of(one) != FRAME, part_of(one), str(one))):
        if file.relative_to(ROOT).parts[1] in NOT_READ:
            continue
        read = in_module if file.suffix == ".py" else in_template
        for line, message in read(file):
            found.add(part_of(file), message, (str(file.relative_to(ROOT)), line))
    return found


def part_of(file: Path) -> str:
    """Return the part that a file belongs to: its folder, as templates and domains have them; else the frame."""
    parts = file.relative_to(ROOT).parts[1:]
    if len(parts) == 1:
        first = parts[0].partition("_")[0]
        named = {"backup": "backups", "partition": "partitions"} | EXTRAS
        return named.get(first, FRAME)
    return FRAME if parts[0] in {"layouts", "components", "errors", "listing", "charts"} else parts[0]


def in_module(file: Path) -> Iterator[tuple[int, Message]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            named = {keyword.arg: constant(keyword.value) for keyword in node.keywords} if name == LISTS else {}
            given = [constant(argument) for argument in node.args] or [named.get("one"), named.get("many")]
            message = marked(name, given)
            if message is not None:
                yield node.lineno, message


def in_template(file: Path) -> Iterator[tuple[int, Message]]:
    tree = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True).parse(  # it only reads
        file.read_text(encoding="utf-8")
    )
    for line, name, given in extract_from_ast(tree, (*ONE, *TWO, *MEANT)):
        message = marked(name, list(given) if isinstance(given, tuple) else [given])
        if message is not None:
            yield line, message
    for node in tree.find_all(nodes.Filter):
        if node.name == COUNTING:
            message = marked(
                COUNTING, ["", *(one.value if isinstance(one, nodes.Const) else None for one in node.args)]
            )
            if message is not None:
                yield node.lineno, message


def constant(argument: ast.expr) -> str | None:
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def marked(name: str, given: list[str | None]) -> Message | None:
    """Return the sentence of one call, or None where it is no call of ours or its text is no constant."""
    if name in ONE and given and given[0]:
        return given[0]
    if name in MEANT and len(given) > 1 and given[0] and given[1]:
        return f"{given[0]}{APART}{given[1]}"
    at = 0 if name in TWO or name == LISTS else 1 if name == COUNTING else None
    if at is None or len(given) < at + 2:
        return None
    one, many = given[at : at + 2]
    return (one, many) if one and many else None


def files_of(code: str) -> Path:
    return ROOT / "shop" / "translations" / code / "LC_MESSAGES"


def known(code: str) -> dict[Message, Message]:
    """Return what is translated, over all files of a language."""
    found: dict[Message, Message] = {}
    for file in sorted(files_of(code).glob("*.po")):
        with file.open("rb") as opened:
            for message in read_po(opened, locale=code):
                if isinstance(message.id, tuple) and isinstance(message.string, tuple):
                    if all(message.string):
                        found[message.id[0], message.id[1]] = message.string
                        found.setdefault(message.id[0], message.string[0])
                elif message.id and message.string:
                    found[keyed(message)] = str(message.string)
    return found


def update(code: str, found: Found) -> dict[str, int]:
    """Write the files of a language anew: what the sources say, with the translations there are. Return what lacks, by part."""
    translations, lacking = known(code), {}
    for part, messages in found.parts.items():
        catalog = Catalog(code, header_comment=HEADER, creation_date=SINCE, revision_date=SINCE, fuzzy=False, **ABOUT)
        counted = {message[0]: message for message in messages if isinstance(message, tuple)}
        for message, places in messages.items():
            if message in counted:
                continue  # one entry for both: a file knows a noun and its plural by the noun alone
            alone = messages.get(message[0], []) if isinstance(message, tuple) else []
            named = sorted({(place, 0) for place, _line in (*places, *alone)})
            flags = ["python-format"] if "%(" in str(message) else []
            context, _, text = message.rpartition(APART) if isinstance(message, str) else ("", "", message)
            catalog.add(text, translations.get(message, ""), locations=named, flags=flags, context=context or None)
        lacking[part] = sum(1 for message in messages if message not in translations)
        path = files_of(code) / f"{part}.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as opened:
            write_po(opened, catalog, width=120, omit_header=False, sort_by_file=True, include_lineno=False)
    for file in files_of(code).glob("*.po"):
        if file.stem not in found.parts:
            file.unlink()
    return lacking
