"""What the frame of every page tells besides the page: looked up by a process once in a while, not for each page."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Asked = TypeVar("Asked", bound=Hashable)
Told = TypeVar("Told")
MOST = 256  # different questions that are kept


class Glance(Generic[Asked, Told]):
    """One question with its answers, each good for some seconds; 0 asks every time."""

    def __init__(self, lasts: float, ask: Callable[[Asked], Told]) -> None:
        self.lasts, self.ask = lasts, ask
        self.kept: dict[Asked, tuple[float, Told]] = {}

    def told(self, about: Asked) -> Told:
        """Return the answer as of no longer ago than it is good for."""
        known = self.kept.get(about)
        now = time.monotonic()
        if known is not None and now < known[0]:
            return known[1]
        answer = self.ask(about)
        if len(self.kept) >= MOST:
            self.kept.clear()
        self.kept[about] = (now + self.lasts, answer)
        return answer
