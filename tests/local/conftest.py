"""Embedded servers of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shop.local.servers import LocalServers
from tests.local.onlooking import SMALL


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[LocalServers]:
    found = LocalServers(tmp_path, SMALL)
    yield found
    found.stop()
