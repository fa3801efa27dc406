"""The worker of the chaos with its clocks set wrong by PULT_TEST_SKEW seconds; what the system tells stays right."""

import runpy
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS.parent))

import tests.skewed  # noqa: E402, F401 the path has to come first, and the clocks before everything else

runpy.run_path(str(TESTS / "chaos" / "chaos_worker.py"), run_name="__main__")
