"""What every page must keep: names for what is pressed, tokens, heads, and nothing that the content policy stops."""

import itertools
import re

from tests.html_tree import Node

UNSAID = re.compile(r"\bNone\b|\bUndefined\b|\{\{|\{%|%\}|\bNaN\b|&(?:amp|lt|gt|quot|#\d+);")
LABELLED = ("input", "select", "textarea")
UNLABELLED_TYPES = ("hidden", "submit", "button")
POINTERS = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "popovertarget", "data-table")


def names_of_table(table: Node) -> set[str]:
    captions = {caption.text for caption in table.all("caption")}
    return captions | {table.parent.get("aria-label") if table.parent else ""}


def name_of(node: Node, root: Node) -> str:
    """What a screen reader would call the element."""
    if labels := node.get("aria-labelledby"):
        return " ".join(one.text for one in root.all() if one.get("id") in labels.split())
    inner = " ".join(image.get("alt") for image in node.all("img"))
    return node.get("aria-label") or node.text or inner


def ids_are_unique(root: Node) -> None:
    ids = [node["id"] for node in root.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids)), f"ids stand twice: {sorted({one for one in ids if ids.count(one) > 1})}"


def references_lead_somewhere(root: Node) -> None:
    ids = {node.get("id") for node in root.all()}
    for node in root.all():
        for attribute in POINTERS:
            for target in node.get(attribute).split():
                assert target in ids, f"<{node.tag}> points with {attribute} to #{target}, which is not there"


def inputs_have_labels(root: Node) -> None:
    labels = {label["for"] for label in root.all("label") if "for" in label.attributes}
    for node in root.all(*LABELLED):
        if node.get("type") not in UNLABELLED_TYPES:
            labelled = node.get("id") in labels or node.within("label") or node.get("aria-label")
            assert labelled, f"the field {node.get('name')!r} has no label"


def posts_carry_a_token(root: Node) -> None:
    for form in root.all("form"):
        if form.get("method").lower() == "post":
            assert "csrf_token" in {node.get("name") for node in form.all("input")}, (
                f"no token in {form.get('action')!r}"
            )


def nothing_is_inline(root: Node) -> None:
    """The content policy would stop it in a browser; here it is found without one."""
    for node in root.all():
        inline = [name for name in node.attributes if name == "style" or name.startswith("on")]
        assert not inline, f"<{node.tag}> has {inline}"
        assert node.tag != "style", "there is an inline style sheet"
        assert node.tag != "script" or node.get("src"), "there is an inline script"
        for name in ("href", "src", "action"):
            assert not node.get(name).lower().strip().startswith(("javascript:", "data:")), f"{name}={node.get(name)!r}"


def everything_is_said(root: Node) -> None:
    """A value that was not there must have been written as a dash, not as the program's own word."""
    words = root.text + " ".join(" ".join(node.attributes.values()) for node in root.all())
    found = UNSAID.search(words)
    assert not found, f"the page says {found.group()!r} near {words[max(0, found.start() - 60) : found.end() + 40]!r}"


def things_to_press_have_names(root: Node) -> None:
    for node in root.all("a", "button", "summary"):
        assert name_of(node, root), f"a <{node.tag}> with {node.attributes} has no name"
    for node in root.all("a"):
        assert node.get("href"), f"the link {node.text!r} leads nowhere"
    for node in root.all("img"):
        assert "alt" in node.attributes, f"the image {node.get('src')} has no alt"


def tables_have_heads(root: Node) -> None:
    for table in root.all("table"):
        for head in table.all("th"):
            assert head.get("scope") in ("col", "row"), f"the head {head.text!r} says not of what"
        assert table.all("thead"), "a table has no head"
        assert names_of_table(table) - {""}, "a table has neither a caption nor a named region"


def controls_do_not_nest(root: Node) -> None:
    for node in root.all("a", "button", "form"):
        around = ("form",) if node.tag == "form" else ("a", "button")
        assert not node.within(*around), f"<{node.tag}> {node.text!r} stands inside another <{' or <'.join(around)}>"


def page_is_whole(root: Node) -> None:
    html = root.all("html")
    assert len(html) == 1, "no html element"
    assert html[0].get("lang"), "no language"
    assert len(root.all("h1")) == 1, f"{len(root.all('h1'))} headings of the first level"
    assert root.all("h1")[0].text, "the heading is empty"
    titles = root.all("head")[0].all("title")
    assert len(titles) == 1, "not one title"
    assert "".join(titles[0].pieces()).removesuffix("· Pult").strip(), "the title says nothing"
    assert len(root.all("main")) == 1, "not one main part"


def headings_go_down_by_one(root: Node) -> None:
    levels = [int(node.tag[1]) for node in root.all("main")[0].all("h1", "h2", "h3", "h4")]
    jumps = [(a, b) for a, b in itertools.pairwise(levels) if b > a + 1]
    assert not jumps, f"headings jump over a level: {levels}"


FRAGMENT_RULES = [
    ids_are_unique,
    inputs_have_labels,
    posts_carry_a_token,
    nothing_is_inline,
    everything_is_said,
    things_to_press_have_names,
    tables_have_heads,
    controls_do_not_nest,
]
PAGE_RULES = [page_is_whole, headings_go_down_by_one, references_lead_somewhere]
