"""What tests of settings need: every copy forgotten before each test, as if the process had just started."""

import pytest

from shop.settings.copies import OWN


@pytest.fixture(autouse=True)
def no_copies() -> None:
    OWN.clear()
