"""What a platform knows of the people in its lines: how they are named there, and the line that is left without them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Tree = dict[str, Any]  # one entity, as JSON
Named = tuple[str, str]  # code, guid or email, and its value


@dataclass(frozen=True)
class People:
    """Of one kind of lines. `wrapper` may stand around the entity; `without` puts an anonymous guid in the person's place."""

    wrapper: str
    names: Callable[[Tree], Iterable[Named]]
    without: Callable[[Tree, str], Tree]
