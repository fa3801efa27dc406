"""Catalogues of translated sentences: read from the .po files that people edit, and asked in both directions."""

import gettext
import re
from collections.abc import Callable, Iterator
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "translations"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[^a-z])")
MOST_RETOLD = 4_096  # stored sentences whose words are kept
HEAD = 8  # characters by which a sentence finds its patterns

COUNT = r"[\d\u00a0\u2212]+"
FEW_LETTERS = 4  # a sentence with fewer of its own, as “3 of 5”, is known by its values: they are no words in a row

Patterns = dict[str, list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]]


class Catalogue:
    """The words of one language. One without files, as that of the source itself, says everything as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.words: dict[str, str] = {}
        self.plurals: dict[tuple[str, str], tuple[str, ...]] = {}
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
            elif message.string:
                self.words[str(message.id)] = str(message.string)

    def word(self, text: str) -> str:
        return self.words.get(text, text)

    def counted(self, one: str, many: str, count: int) -> str:
        """Return the form that goes with a count."""
        forms = self.plurals.get((one, many))
        if forms is None:
            return one if abs(count) == 1 else many
        return forms[self.form(abs(count))]

    def said_anew(self, sentence: str) -> str:
        """Return a sentence of the source's language in this one: whole, else sentence by sentence; what is unknown stays."""
        if not self.words:
            return sentence
        parts = SENTENCE_END.split(sentence)
        ways = [self.whole(sentence, one=True), " ".join(self.joined(parts)) if len(parts) > 1 else None]
        found = next((way for way in ways if way not in (None, sentence)), None)
        return found or self.whole(sentence, one=False) or sentence

    def joined(self, parts: list[str]) -> Iterator[str]:
        """Say each part anew, the longest run of sentences first that was written as one."""
        at = 0
        while at < len(parts):
            for length in range(len(parts) - at, 0, -1):
                found = self.whole(" ".join(parts[at : at + length]), one=True)
                if found is not None or length == 1:
                    yield parts[at] if found is None else found
                    at += length
                    break

    def whole(self, sentence: str, *, one: bool) -> str | None:
        """Return what was written as one sentence in this language, with what stood in it said anew too; None for any other.

        `one` takes no value that holds the end of a sentence: then these are several, each to be said by itself.
        """
        if sentence in self.words:
            return self.words[sentence]
        for head in (sentence[:HEAD], ""):
            for pattern, translated in self.patterns.get(head, ()):
                met = pattern.fullmatch(sentence)
                if met is not None and not (one and any(map(SENTENCE_END.search, met.groups("")))):
                    return translated(met)
        return None

    @cached_property
    def patterns(self) -> Patterns:
        """Return the sentences with values in them, by how they begin; those that begin with a value under no beginning."""
        found: Patterns = {}
        by_length = sorted(self.words.items(), key=lambda pair: -len(PLACEHOLDER.sub("", pair[0])))
        for text, translated in by_length:
            if PLACEHOLDER.search(text) and PLACEHOLDER.sub("", text).strip(" .:,"):
                keep(found, text, partial(self.filled, translated))
        for texts, forms in self.plurals.items():
            for text in texts:
                keep(found, text, partial(self.recounted, forms))
        return found

    def filled(self, translated: str, met: re.Match[str]) -> str:
        return translated % {name: self.said_anew(value) for name, value in met.groupdict().items()}

    def recounted(self, forms: tuple[str, ...], met: re.Match[str]) -> str:
        values = met.groupdict()
        count = int(re.sub(r"\D", "", values["num"]) or 0)
        form = forms[self.form(count)]
        text = form if PLACEHOLDER.search(form) else f"%(num)s\u00a0{form}"
        return text % {name: self.said_anew(value) for name, value in values.items()}


def keep(found: Patterns, text: str, said: Callable[[re.Match[str]], str]) -> None:
    """Put the pattern of a sentence where sentences that begin so look for it. A count is digits; what else stands there is anything."""
    if not PLACEHOLDER.search(text):
        text = f"%(num)s\u00a0{text}"  # a noun that `plural` counts
    literals = PLACEHOLDER.split(text)
    own = "".join(literals[::2])
    is_vague = not literals[0] and not literals[-1] and sum(map(str.isalpha, own)) < FEW_LETTERS
    value = r"[^ \n]+" if is_vague else ".+?"
    written, seen = [], set[str]()
    for index, part in enumerate(literals):
        if index % 2 == 0:
            written.append(re.escape(part.replace("%%", "%")))
        elif part in seen:
            written.append(f"(?P={part})")
        else:
            seen.add(part)
            written.append(rf"(?P<{part}>{COUNT if part == 'num' else value})")
    head = literals[0][:HEAD] if len(literals[0]) >= HEAD else ""
    found.setdefault(head, []).append((re.compile("".join(written), re.DOTALL), said))


@cache
def catalogue(words: str) -> Catalogue:
    """Return the catalogue of a language, read when it is first spoken."""
    return Catalogue(FOLDER / words)
