"""The processes that map lines for a worker: they end with it, and by nothing else that is in order."""

import json
import signal
import time

import pytest

from shop.platforms.records import Kind
from shop.snapshots.mapper_process import MapperDied, Processes
from shop.snapshots.mapping import Line
from tests.snapshots.files import an_order_line
from tests.workers import kill

LINE = Line(1, 0, json.dumps(an_order_line()).encode(), b"", whole=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_p7_p9_a_signal_to_the_whole_group_is_no_death_of_a_mapper(how: signal.Signals) -> None:
    """P7, P9. Ctrl-C, or a supervisor that tells a whole group to end: the worker lets go, and nothing counts as poison."""
    with Processes("shoptet", Kind.ORDERS, "Europe/Prague", count=1) as mapper:
        assert mapper.submit([LINE]).result(20).main
        kill(mapper.children[0].process.pid, how)
        time.sleep(0.1)
        assert mapper.submit([LINE]).result(20).main


def test_p9_a_mapper_that_is_killed_is_a_death() -> None:
    """P9. It is named as such, whatever it left unread: that is what parks the record and not the run."""
    with Processes("shoptet", Kind.ORDERS, "Europe/Prague", count=1) as mapper:
        kill(mapper.children[0].process.pid)
        with pytest.raises(MapperDied):
            mapper.submit([LINE]).result(20)
