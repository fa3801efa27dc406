"""U4, the short version: 200 faults by a fixed seed; `make soak` lets ten times as many strike."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = "20261126"


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_u4_after_two_hundred_faults_the_database_is_what_the_files_say() -> None:
    """P1 to P7, R1, R3, D1 at random moments and at each boundary: nothing lost, doubled, or seen by halves."""
    played = subprocess.run(
        [sys.executable, "-m", "tests.chaos.driver", "--faults", "200", "--seed", SEED],
        cwd=ROOT, env=os.environ | {"TZ": "UTC"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert played.stdout, played.stderr[-5000:]
    found = json.loads(played.stdout)
    assert played.returncode == 0, json.dumps(found, indent=2)
    assert found["faults"] >= 200
    assert len(found["by_kind"]) >= 9, "nearly every kind of fault has struck"
    assert found["attempts"] > found["runs"], "the faults have cost attempts"
    assert found["looks"] > 500
