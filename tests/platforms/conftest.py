"""What tests of a platform may ask for: a server that follows a script, and a clock that moves when somebody sleeps."""

from collections.abc import Iterator

import pytest

from tests.platforms.scripted import Clock, Script, playing


@pytest.fixture
def script() -> Iterator[Script]:
    with playing() as script:
        yield script


@pytest.fixture
def clock() -> Clock:
    return Clock()
