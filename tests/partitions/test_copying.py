"""What may come between a batch and a writer: a line that goes, one that moves, one that is changed. None comes back."""

import threading
from typing import Any

import pytest

from shop.partitions import backfilling, record
from shop.partitions.record import ASTRAY, Phase
from tests.partitions.conftest import Installation
from tests.workers import until

GONE = "DELETE FROM order_items WHERE order_id = 1 AND line = 1"
MOVED = "UPDATE order_items SET line = line + 1000, created_at = created_at + interval '97 days' WHERE order_id = 2"


def test_what_is_taken_away_while_a_batch_copies_it_does_not_come_back_with_it(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.work("prepare")
    before = installation.rows()[0]
    with installation.connect() as writer, installation.connect() as slow, installation.connect() as watcher:
        with slow.transaction():
            slow.execute(
                "UPDATE order_items SET quantity = quantity + 1 WHERE order_id = 900"
            )  # its twin is not committed
            struck = iter((GONE, MOVED))

            def strike(point: str) -> None:
                """Write while the batch has put its rows there, and nobody sees them."""
                if point == "partitions.batch.before_commit" and (statement := next(struck, None)):
                    writer.execute(statement)

            monkeypatch.setattr(backfilling, "fault_point", strike)
            monkeypatch.setattr(backfilling, "LARGEST", backfilling.SMALLEST)
            copying = threading.Thread(target=worked, args=(installation, "backfill"))
            copying.start()
            until(lambda: record.needed(watcher).figures.get("passes"))
            assert record.needed(watcher).todo + record.needed(watcher).again, "what somebody holds is put off"
        copying.join(30)
        assert record.needed(watcher).is_filled
        noted = {order for (order,) in watcher.execute(f"SELECT order_id FROM {ASTRAY}").fetchall()}
        assert noted == {1, 2}
        with slow.transaction():
            slow.execute("UPDATE order_items SET quantity = quantity + 1 WHERE order_id = 3")
            comparing = threading.Thread(target=worked, args=(installation, "verify"))
            comparing.start()
            comparing.join(2)
            assert record.needed(watcher).phase == Phase.BACKFILLING, "it waits for who was writing"
        comparing.join(30)
        assert record.needed(watcher).phase == Phase.VERIFIED
        assert watcher.execute(f"SELECT count(*) FROM {ASTRAY}").fetchone() == (0,)
    assert installation.rows() == installation.rows("order_items_next")
    assert installation.rows()[0] == before - 1


@pytest.mark.parametrize(("calm", "longest"), [(0.0, 0.002), (10.0, 0.002)], ids=["a slow disk", "a quick one"])
def test_the_copying_pauses_where_a_commit_is_slow(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, calm: float, longest: float
) -> None:
    monkeypatch.setattr(backfilling, "LARGEST", 2_000)
    monkeypatch.setattr(backfilling, "CALM", calm)
    monkeypatch.setattr(backfilling, "LONGEST_BREATH", longest)
    pauses: list[float] = []
    monkeypatch.setattr(backfilling.time, "sleep", pauses.append)
    installation.work("prepare")
    pauses.clear()
    installation.work("backfill")
    breaths = [pause for pause in pauses if pause <= longest]
    assert (len(breaths) > 3) == (calm == 0.0)
    with installation.connect() as connection:
        assert record.needed(connection).is_filled


def test_a_batch_goes_to_the_disk_as_it_is_written_and_no_longer_than_it_lasts(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What many batches have written would else go there at once, with the COMMIT of somebody who waits for it."""
    copy, flushed = backfilling.Copier.copy, []

    def watched(copier: backfilling.Copier, *of_range: Any) -> Any:
        flushed.append(copier.connection.execute("SHOW backend_flush_after").fetchone())
        return copy(copier, *of_range)

    monkeypatch.setattr(backfilling.Copier, "copy", watched)
    installation.work("prepare")
    installation.work("backfill")
    assert set(flushed) == {("256kB",)}
    with installation.connect() as connection:
        assert connection.execute("SHOW backend_flush_after").fetchone() == ("0",)


def worked(installation: Installation, step: str) -> None:
    with installation.app.app_context():
        installation.work(step)
