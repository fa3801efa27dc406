"""Catalogues of translated sentences: read from the .po files that people edit, and asked in both directions."""

import gettext
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "translations"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[^a-z])")
MOST_RETOLD = 4_096  # stored sentences whose words are kept
HEAD = 8  # characters by which a sentence finds its patterns

APART = "\x04"  # stands between a context and a text, as gettext has it
LONGEST = 1_000  # characters of a sentence that is said anew; what is longer is the platform's, or no sentence
MOST_IN_A_ROW = 4  # sentences that one text of the source holds
COUNT = re.compile(r"[\d\u00a0\u2212]+")
ANYTHING, A_WORD = re.compile(".+", re.DOTALL), re.compile(r"[^ \n]+")
FEW_LETTERS = 4  # a sentence with fewer of its own, as “3 of 5”, is known by its values: they are no words in a row

Values = dict[str, str]


@dataclass(frozen=True)
class Pattern:
    """A sentence with values in it: what stands between them, their names, and what each may be.

    It is looked through once, each piece at the first place where it stands: whoever wrote the text, that takes no longer
    than reading it, which an expression with five values between commas does not promise.
    """

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    value: re.Pattern[str]

    def values_in(self, sentence: str) -> Values | None:
        """Return the values by name, or None for another sentence."""
        first, last = self.pieces[0], self.pieces[-1]
        at, end = len(first), len(sentence) - len(last)
        if end <= at or not (sentence.startswith(first) and sentence.endswith(last)):
            return None
        found: Values = {}
        for number, (name, piece) in enumerate(zip(self.names, self.pieces[1:], strict=True), 1):
            until = end if number == len(self.names) else sentence.find(piece, at + 1, end)
            text = sentence[at:until]
            if until <= at or not (COUNT if name == "num" else self.value).fullmatch(text):
                return None
            if found.setdefault(name, text) != text:
                return None
            at = until + len(piece)
        return found


Patterns = dict[str, list[tuple[Pattern, Callable[[Values], str]]]]


class Catalogue:
    """The words of one language. One without files, as that of the source itself, says everything as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.words: dict[str, str] = {}
        self.plurals: dict[tuple[str, str], tuple[str, ...]] = {}
        self.stored: set[str] = set()  # what modules say, and so workers: a page's own labels stand nowhere but there
        self.form: Callable[[int], int] = lambda count: int(count != 1)
        for file in sorted(folder.glob("LC_MESSAGES/*.po")):
            self.take(file)
        self.retold = lru_cache(MOST_RETOLD)(self.said_anew)

    def take(self, file: Path) -> None:
        with file.open("rb") as opened:
            read = read_po(opened, locale=self.folder.name)
        self.form = gettext.c2py(read.plural_expr)
        for message in read:
            if not message.id or message.fuzzy:
                continue
            if isinstance(message.id, tuple) and isinstance(message.string, tuple):
                if all(message.string):
                    self.plurals[message.id[0], message.id[1]] = message.string
                    self.words.setdefault(message.id[0], message.string[0])  # in a file both are one entry
            elif message.string:
                self.words[keyed(message)] = str(message.string)
            if any(str(place).endswith(".py") for place, _line in message.locations):
                self.stored.update(message.id if isinstance(message.id, tuple) else [str(message.id)])

    def word(self, text: str, context: str = "") -> str:
        """Return a text in this language; in a context, where it means something else there."""
        found = self.words.get(context + APART + text) if context else None
        return self.words.get(text, text) if found is None else found

    def counted(self, one: str, many: str, count: int) -> str:
        """Return the form that goes with a count."""
        forms = self.plurals.get((one, many))
        if forms is None:
            return one if abs(count) == 1 else many
        return forms[self.form(abs(count))]

    def said_anew(self, sentence: str) -> str:
        """Return a sentence of the source's language in this one: whole, else sentence by sentence; what is unknown stays."""
        if not self.words or len(sentence) > LONGEST:
            return sentence
        parts = SENTENCE_END.split(sentence)
        told = list(self.runs(parts, plain=True))
        if all(found is not None for _part, found in told):
            return " ".join(found or "" for _part, found in told)
        found = self.whole(sentence)
        if found is not None:
            return found
        return " ".join(part if found is None else found for part, found in self.runs(parts, plain=False))

    def runs(self, parts: list[str], *, plain: bool) -> Iterator[tuple[str, str | None]]:
        """Say each part anew, the longest run of sentences first that was written as one; None where it is not ours."""
        at = 0
        while at < len(parts):
            for length in range(min(len(parts) - at, MOST_IN_A_ROW), 0, -1):
                found = self.whole(" ".join(parts[at : at + length]), plain=plain)
                if found is not None or length == 1:
                    yield parts[at], found
                    at += length
                    break

    def whole(self, sentence: str, *, plain: bool = False) -> str | None:
        """Return what was written as one sentence in this language, with what stood in it said anew too; None for any other.

        With `plain`, no value may hold the end of a sentence: it would swallow the next one.
        """
        if sentence in self.words:
            return self.words[sentence]
        for head in (sentence[:HEAD], ""):
            for pattern, translated in self.patterns.get(head, ()):
                values = pattern.values_in(sentence)
                if values is not None and not (plain and any(map(SENTENCE_END.search, values.values()))):
                    return translated(values)
        return None

    @cached_property
    def patterns(self) -> Patterns:
        """Return the sentences with values in them, by how they begin; those that begin with a value under no beginning."""
        found: Patterns = {}
        by_length = sorted(self.words.items(), key=lambda pair: -len(PLACEHOLDER.sub("", pair[0])))
        for text, translated in by_length:
            if text in self.stored and PLACEHOLDER.search(text) and PLACEHOLDER.sub("", text).strip(" .:,"):
                keep(found, text, partial(self.filled, translated))
        for texts, forms in self.plurals.items():
            for text in self.stored.intersection(texts):
                keep(found, text, partial(self.recounted, forms))
        return found

    def filled(self, translated: str, values: Values) -> str:
        return translated % {name: self.value(text) for name, text in values.items()}

    def value(self, text: str) -> str:
        """Say anew what stood in a sentence; a list word by word, where each of its words is ours."""
        words = [self.whole(word) for word in text.split(", ")]
        known = [word for word in words if word is not None]
        return ", ".join(known) if 1 < len(words) == len(known) else self.retold(text)

    def recounted(self, forms: tuple[str, ...], values: Values) -> str:
        count = int(re.sub(r"\D", "", values["num"]) or 0)
        form = forms[self.form(count)]
        text = form if PLACEHOLDER.search(form) else f"%(num)s\u00a0{form}"
        return text % {name: self.retold(value) for name, value in values.items()}


def keep(found: Patterns, text: str, said: Callable[[Values], str]) -> None:
    """Put the pattern of a sentence where sentences that begin so look for it."""
    if not PLACEHOLDER.search(text):
        text = f"%(num)s\u00a0{text}"  # a noun that `plural` counts
    parts = PLACEHOLDER.split(text)
    pieces, names = tuple(part.replace("%%", "%") for part in parts[::2]), tuple(parts[1::2])
    is_vague = not pieces[0] and not pieces[-1] and sum(map(str.isalpha, "".join(pieces))) < FEW_LETTERS
    head = pieces[0][:HEAD] if len(pieces[0]) >= HEAD else ""
    found.setdefault(head, []).append((Pattern(pieces, names, A_WORD if is_vague else ANYTHING), said))


def keyed(message: Message) -> str:
    """Return the text that a message is looked up by: its own, behind its context if it has one."""
    return f"{message.context}{APART}{message.id}" if message.context else str(message.id)


@cache
def catalogue(words: str) -> Catalogue:
    """Return the catalogue of a language, read when it is first spoken."""
    return Catalogue(FOLDER / words)
