"""S12: no word of anybody becomes a path, an address outside of ours, or a method that nobody offers."""

from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop.config import Config
from shop.snapshots.models import Snapshot
from tests.builders import a_shop, an_owner, posted, signed_in
from tests.snapshots.files import an_order_line, packed

ELSEWHERE = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "....//....//etc/passwd",
    "%2e%2e/secret-key",
    "..\\..\\secret-key",
)
PLACES = ("/static/", "/backups/", "/backups/restorations/", "/snapshots/", "/partitions/", "/orders/praha/", "/")
METHODS = ("TRACE", "TRACK", "CONNECT", "PUT", "PATCH", "DELETE", "PROPFIND")


def test_s12_an_address_that_climbs_leads_nowhere(client: FlaskClient, config: Config) -> None:
    a_shop("praha")
    signed_in(client, an_owner())
    (config.data_dir / "secret-key").write_text("canary-of-the-folder")
    for place in PLACES:
        for words in ELSEWHERE:
            with client.get(f"{place}{words}") as answer:
                assert answer.status_code in (404, 308), f"{place}{words}"
                shown = answer.get_data(as_text=True)
            assert "root:" not in shown
            assert "canary" not in shown


@pytest.mark.parametrize(
    "name",
    ["../../../../tmp/canary.jsonl", "/etc/cron.d/canary.jsonl", "..\\canary.jsonl", "a\x00/../b.jsonl"],
)
def test_s12_a_name_that_was_handed_in_is_no_path(
    client: FlaskClient, db: SQLAlchemy, config: Config, name: str
) -> None:
    a_shop("praha")
    signed_in(client, an_owner())
    file = (BytesIO(packed(an_order_line("1"))), name)
    answer = posted(client, "/snapshots/", shop="praha", kind="orders", mode="partial", file=file)
    assert answer.status_code == 303
    stored = db.session.scalars(select(Snapshot.file_path)).one()
    assert stored is not None
    assert (config.data_dir / stored).resolve().is_relative_to(config.data_dir.resolve())
    assert not Path("/tmp/canary.jsonl").exists()
    assert {"..", "canary.jsonl"}.isdisjoint(Path(stored).parts)


@pytest.mark.parametrize("which", ["../../../etc", "/etc/passwd", "copy/../../secret-key", "-1", "1; true", ""])
def test_s12_a_copy_is_called_by_its_number_or_the_name_of_its_folder(runner: FlaskCliRunner, which: str) -> None:
    told = runner.invoke(args=["backups", "restore", "--into", "postgresql:///nowhere", "--", which])
    assert told.exit_code != 0
    assert "Traceback" not in told.output
    assert "root:" not in told.output


def test_no_other_method_is_answered(app: Flask, client: FlaskClient) -> None:
    signed_in(client, an_owner())
    for address in ("/", "/orders/", "/orders.json", "/sign-in", "/health/live", "/settings/", "/static/img/pult.svg"):
        for method in METHODS:
            with client.open(address, method=method) as answer:
                assert answer.status_code in (405, 404), f"{method} {address}"
                assert "Cookie" not in answer.get_data(as_text=True), "nothing is sent back as it came"
