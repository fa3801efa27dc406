"""Templates: each one compiles, imports only what it uses, is used by somebody, and stays small."""

import re
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes

from shop import formatting, languages
from shop.assets import STATIC
from shop.frame import NAVIGATION

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
COMPONENTS = [name for name in TEMPLATES if name.startswith("components/")]
PARTIALS = [name for name in TEMPLATES if Path(name).name.startswith("_")]
LARGEST, LARGEST_COMPONENT = 80, 60
SHARED_SHEETS = {  # words of the style that several templates say, so that none is their macro
    "alone", "brand", "button", "failure", "nav", "quarters", "raised", "table", "table-fold", "table-rows", "tone",
}  # fmt: skip
WITHOUT_A_SHEET = {
    "attributes",
    "day-field",
    "payment",
    "post-form",
    "snapshot-state",
    "status",
}  # composed of other components


@cache
def environment() -> Environment:
    """The application's own way to read templates, without the application."""
    app = Flask("templates", template_folder=str(FOLDER))
    languages.register(app)
    formatting.register(app)
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.filters.update(app.jinja_env.filters, said=languages.said, retold=languages.retold)
    return environment


@cache
def source(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def tree(name: str) -> nodes.Template:
    return environment().parse(source(name), name)


def named_templates(name: str) -> set[str]:
    """Every template that this one extends, includes or imports from."""
    found = set()
    for node in tree(name).find_all((nodes.Extends, nodes.Include, nodes.FromImport, nodes.Import)):
        found |= {constant.value for constant in node.find_all(nodes.Const) if isinstance(constant.value, str)}
    return {name for name in found if name.endswith(".html")}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles_and_knows_its_filters(name: str) -> None:
    environment().get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_template_names_exists(name: str) -> None:
    assert named_templates(name) <= set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_imported_for_nobody(name: str) -> None:
    used = {node.name for node in tree(name).find_all(nodes.Name) if node.ctx == "load"}
    imported = {
        alias[1] if isinstance(alias, tuple) else alias
        for node in tree(name).find_all(nodes.FromImport)
        for alias in node.names
    }
    assert imported <= used, f"never used: {sorted(imported - used)}"


@pytest.mark.parametrize("name", PARTIALS)
def test_every_partial_is_used(name: str) -> None:
    rendered = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "shop").rglob("*.py"))
    included = any(name in named_templates(other) for other in TEMPLATES if other != name)
    assert included or f'"{name}"' in rendered


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_is_one_macro_named_as_its_file(name: str) -> None:
    macros = [node.name for node in tree(name).body if isinstance(node, nodes.Macro)]
    assert macros[-1] == Path(name).stem.replace("-", "_")
    others = [macro for macro in macros[:-1] if any(imports(other, name, macro) for other in TEMPLATES)]
    assert not others, f"{others} deserve a file of their own"


def imports(other: str, name: str, macro: str) -> bool:
    found = [node for node in tree(other).find_all(nodes.FromImport) if macro in node.names]
    return any(isinstance(node.template, nodes.Const) and node.template.value == name for node in found)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_takes_values_and_says_what_it_is_for(name: str) -> None:
    assert source(name).startswith("{# "), "say in the first line what it is for"
    read = {node.name for node in tree(name).find_all(nodes.Name)}
    assert not read & {"frame", "request", "session", "g", "config"}, "a component takes values, never the request"


def test_every_component_has_its_sheet_and_every_sheet_its_component() -> None:
    sheets = {path.stem for path in (STATIC / "css" / "components").glob("*.css")} - {"index"}
    macros = {Path(name).stem for name in COMPONENTS}
    assert sheets - SHARED_SHEETS == macros - WITHOUT_A_SHEET
    assert sheets >= SHARED_SHEETS


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_hold_no_style_no_script_and_no_query(name: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", source(name), flags=re.DOTALL)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|javascript:|<script(?! type=\"module\" src=)", text)
    assert not re.search(r"\.query[.(]|\.execute\(|session\.", text)
    assert not re.search(r"\|\s*safe\b", re.sub(r"""("[^"{}]*"|'[^'{}]*')\s*\|\s*safe""", "", text)), (
        "only a literal may be called safe"
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_stay_small(name: str) -> None:
    most = LARGEST_COMPONENT if name in COMPONENTS else LARGEST
    assert source(name).count("\n") <= most


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_icon_that_is_asked_for_is_drawn(name: str) -> None:
    drawn = set(re.findall(r'^  "([a-z]+)":', source("components/icon.html"), flags=re.MULTILINE))
    asked = set(re.findall(r'\bicon\("([a-z-]+)"', source(name)))
    assert asked <= drawn, f"not drawn: {sorted(asked - drawn)}"


def test_the_icons_of_the_navigation_are_drawn() -> None:
    drawn = set(re.findall(r'^  "([a-z]+)":', source("components/icon.html"), flags=re.MULTILINE))
    assert {entry.icon for section in NAVIGATION for entry in section.entries} <= drawn
