"""HTML as a tree that can be asked about, read as strictly as no browser would."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
SELF_CLOSED = frozenset({"svg", "path", "rect", "circle", "line"})  # a slash closes these, and only these
INLINE = frozenset({"a", "abbr", "b", "code", "i", "kbd", "small", "span", "time", "text", "tspan"})
UNREAD = frozenset({"script", "title"})  # a title inside svg is a tooltip; the page's own is asked for by name


@dataclass
class Node:
    """One element with its attributes and what is inside it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    inside: list["Node | str"] = field(default_factory=list)
    parent: "Node | None" = None

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    @property
    def classes(self) -> set[str]:
        return set(self.get("class").split())

    @property
    def text(self) -> str:
        """The words, with one space between blocks and plain spaces for no-break ones.

        What only narrow screens show is left out: it repeats what another cell says.
        """
        return " ".join("".join(self.pieces()).replace("\u00a0", " ").split())

    def pieces(self) -> Iterator[str]:
        for child in self.inside:
            if isinstance(child, str):
                yield child
            elif child.tag not in UNREAD and "only-narrow" not in child.classes:
                edge = "" if child.tag in INLINE and "table__sub" not in child.classes else " "
                yield edge
                yield from child.pieces()
                yield edge

    def all(self, *tags: str) -> list["Node"]:
        """Every element inside with one of the tags, in order; without tags, every element."""
        found = []
        for child in self.inside:
            if isinstance(child, Node):
                found += [child] if not tags or child.tag in tags else []
                found += child.all(*tags)
        return found

    def within(self, *tags: str) -> bool:
        above = self.parent
        while above is not None and above.tag not in tags:
            above = above.parent
        return above is not None


class Reader(HTMLParser):
    """Builds the tree and refuses what a browser would silently mend."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Node("document")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        node = Node(tag, {name: value or "" for name, value in attrs}, parent=self.here)
        self.here.inside.append(node)
        if tag not in VOID:
            self.here = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID | SELF_CLOSED, f"<{tag}/> closes itself, which only void elements may"
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.inside.append(data)


def parsed(html: str) -> Node:
    """Read a page or a fragment; what is left open, closed twice or written twice fails."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.here is reader.root, f"<{reader.here.tag}> is never closed"
    return reader.root
