"""Who looks on while a run goes through its phases."""

from collections.abc import Callable

Watch = Callable[[str, int, int], None]  # phase, how far, of how much (0: not known); for a progress bar


def unwatched(_phase: str, _at: int, _of: int) -> None:
    """Nobody looks on; the row still tells the progress."""
