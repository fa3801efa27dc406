"""The disaster drill at a thousandth of the full size: everything is lost but the copy and the key, and comes back."""

import os
from pathlib import Path

import pytest

from tests.backups.drill import drill


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.skipif("PULT_DRILL" not in os.environ, reason="a minute and a half of both cores: make soak drills")
def test_b8_the_data_folder_is_gone_and_the_runbook_brings_the_same_figures_back(tmp_path: Path) -> None:
    done = drill(tmp_path, 0.001)
    assert done.after == done.before
    assert any(figures for figures in done.before.values())
