"""`flask demo` as a newcomer meets it: full pages, a fault and its sentence, new orders, Ctrl-C, and the next start."""

import socket
import sys
from pathlib import Path

import pytest
from flask_sqlalchemy import SQLAlchemy

from tests.demo.playing import READY, orders_of, playing, signed_in, until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc"),
]


def test_a_newcomer_sees_it_alive_breaks_it_and_comes_back(
    environment: dict[str, str], db: SQLAlchemy, tmp_path: Path
) -> None:
    settings = environment | {"PULT_DATA_DIR": str(tmp_path), "DEMO_ORDERS": "5000", "PORT": str(free_port())}
    with playing(settings) as demo:
        demo.wait_for(READY)
        for kind in ("products", "customers", "orders"):
            assert f"demo-cz {kind}: done" in demo.text
            assert f"demo-ie {kind}: done" in demo.text
        with signed_in(demo, "manager@demo.example") as manager:
            first = orders_of(manager, "demo-ie")
            assert orders_of(manager, "demo-cz") >= 3_000
            assert first >= 2_000
            overview = manager.get("/").text
            assert "Modrá dílna" in overview
            assert "€" in overview
            assert "Kč" in overview
            demo.switch_on("html-instead-of-json")
            until(lambda: orders_of(manager, "demo-ie") > first or "failed:" in demo.text, 60, demo.text)
            page = demo.wait_for("failed:", 60).split()[-1]
            with signed_in(demo, "operator@demo.example") as operator:
                assert "sent a web page in the place of a file" in operator.get(page).text
            until(lambda: orders_of(manager, "demo-cz") + orders_of(manager, "demo-ie") > 5_001, 60, demo.text)
            before = orders_of(manager, "demo-cz")
        passwords = demo.password("owner@demo.example")
        assert demo.stop() == 0
        assert "Traceback" not in demo.text
        assert demo.lines[-1].startswith("Stopped.")
    with playing(settings | {"PORT": str(free_port())}) as again:
        again.wait_for(READY)
        assert "first snapshots" not in again.text, "they were taken already"
        assert again.password("owner@demo.example") == passwords
        with signed_in(again, "owner@demo.example") as owner:
            assert orders_of(owner, "demo-cz") >= before
        assert again.stop() == 0
    assert (tmp_path / "demo" / "demo.json").stat().st_mode & 0o777 == 0o600


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
