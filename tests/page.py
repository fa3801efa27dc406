"""A parsed answer that is linted as soon as it is made: whoever tests a page also tests that it is well written."""

from tests.html_tree import Node, parsed
from tests.page_rules import FRAGMENT_RULES, PAGE_RULES, names_of_table


class Page:
    """One page or fragment. Making it checks it; its methods find what tests ask about."""

    def __init__(self, html: str, *, fragment: bool = False) -> None:
        self.root = parsed(html)
        for rule in FRAGMENT_RULES if fragment else FRAGMENT_RULES + PAGE_RULES:
            rule(self.root)

    @property
    def text(self) -> str:
        return self.root.text

    @property
    def title(self) -> str:
        return "".join(self.root.all("title")[0].pieces())

    @property
    def heading(self) -> str:
        return self.root.all("h1")[0].text

    @property
    def links(self) -> dict[str, str]:
        """Words of every link and where it leads; of links with the same words, the first."""
        found: dict[str, str] = {}
        for link in self.root.all("a"):
            found.setdefault(link.text or link.get("aria-label"), link.get("href"))
        return found

    def has(self, words: str) -> bool:
        return words in self.text

    def link(self, words: str) -> str:
        assert words in self.links, f"no link says {words!r}; there are {sorted(self.links)}"
        return self.links[words]

    def table(self, name: str = "") -> Node:
        """The table whose caption or region has the name; without a name, the only one outside charts."""
        tables = [table for table in self.root.all("table") if name or not table.within("figure")]
        named = [table for table in tables if not name or name in names_of_table(table)]
        assert len(named) == 1, f"{len(named)} tables are named {name!r}"
        return named[0]

    def rows(self, name: str = "") -> list[list[str]]:
        """The cells of each body row, as words."""
        bodies = self.table(name).all("tbody")
        return [[cell.text for cell in row.all("th", "td")] for body in bodies for row in body.all("tr")]

    def column(self, head: str, name: str = "") -> list[str]:
        """The words of one column, found by its head."""
        heads = [cell.text.rstrip(" ↑↓") for cell in self.table(name).all("thead")[0].all("th")]
        assert head in heads, f"no column is called {head!r}; there are {heads}"
        return [row[heads.index(head)] for row in self.rows(name)]

    def form(self, action: str) -> dict[str, str]:
        """The fields of the form with that action, as a browser would send them untouched; of two the one that changes something."""
        forms = [form for form in self.root.all("form") if form.get("action") == action]
        forms = [form for form in forms if form.get("method") == "post"] or forms
        assert len(forms) == 1, f"{len(forms)} forms lead to {action!r}"
        return dict(pair for node in forms[0].all("input", "select", "textarea") for pair in sent_by(node))


def sent_by(node: Node) -> list[tuple[str, str]]:
    if not node.get("name") or node.get("type") in ("file", "submit"):
        return []
    if node.tag == "select":
        options = node.all("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        return [(node["name"], option.get("value", option.text)) for option in chosen]
    if node.get("type") in ("checkbox", "radio") and "checked" not in node.attributes:
        return []
    return [(node["name"], node.text if node.tag == "textarea" else node.get("value"))]
