"""Parts of pages that are made once: components and the page's frame, kept in this process by all that they depend on."""

from collections.abc import Callable, Hashable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask import Flask, current_app
from jinja2 import runtime
from markupsafe import Markup

from shop.languages import language

MOST_COMPONENTS = 2_048  # of each kind
MOST_FRAMES = 512  # a few for each person, shop and place; beyond it all are made anew
SCALARS = frozenset({str, Markup, int, bool, Decimal, type(None)})  # what its value and its type tell apart

Macro = Callable[..., Markup]


class Frames:
    """Parts of the page's frame. Whoever asks for one names everything that is read in it: who looks, what they may, where."""

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self.most = most
        self.found: dict[tuple[Hashable, ...], Markup] = {}

    def kept(self, *depends_on: Hashable, caller: Callable[[], Markup]) -> Markup:
        """Return what was made of the same values before; else let it be made, and keep it."""
        depends_on = (language().code, *depends_on)
        found = self.found.get(depends_on)
        if found is None:
            found = caller()
            if len(self.found) >= self.most:
                self.found.clear()
            self.found[depends_on] = found
        return found


def remembered(macro: Macro, most: int = MOST_COMPONENTS) -> Macro:
    """Return a component that is made once for the same values. It must read nothing but these.

    What is made in one language is not shown in another. Values are told apart by their type too: what was marked as safe is equal to the same text of a stranger. Inside a list
    it would not be, so whatever is no scalar is made anew.
    """

    @lru_cache(most, typed=True)
    def known(_code: str, *values: Any, **named: Any) -> Markup:
        return macro(*values, **named)

    def component(*values: Any, **named: Any) -> Markup:
        is_plain = SCALARS.issuperset(map(type, values)) and SCALARS.issuperset(map(type, named.values()))
        return known(language().code, *values, **named) if is_plain else macro(*values, **named)

    return component


class Context(runtime.Context):
    """A template's context, where every template knows the same globals: they need not be compared for each import."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.globals_keys = set()


def component(file: str, name: str = "") -> Macro:
    """Return a component of a file, for rows that are put together before their template is written."""
    template = current_app.jinja_env.get_template(f"components/{file}.html")
    found: Macro = getattr(template.module, name or file)
    return found


def register(app: Flask) -> None:
    """Give every template `made_once` and `remembered`. While templates are worked on, everything is made each time."""
    app.jinja_env.context_class = Context
    if app.debug:
        app.jinja_env.globals |= {"made_once": made_each_time, "remembered": lambda macro: macro}
    else:
        app.jinja_env.globals |= {"made_once": Frames().kept, "remembered": remembered}


def made_each_time(*_depends_on: Hashable, caller: Callable[[], Markup]) -> Markup:
    return caller()
