"""What a switch to a copy would lose, in words: also what people did since the copy was taken."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from shop.backups.losing import losses
from shop.db import raw_connection
from shop.languages import CZECH, retold, spoken
from tests.builders import an_owner, posted, signed_in


def test_what_people_did_since_is_told_and_said_anew(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    client.get("/customers.csv")
    client.get("/products.csv")
    posted(client, "/jobs/runs", task="housekeeping", shop="")
    taken_at = datetime.now(UTC) - timedelta(hours=1)
    with raw_connection() as live:
        told = [words for words in losses(live, {}, taken_at) if words.startswith("What people did since")]
        assert told == [
            "What people did since: exported a list (2×), ran a task of the schedule (1×). It is not done any more after a switch."
        ]
        later = list(losses(live, {}, taken_at + timedelta(hours=2)))
    assert not any(words.startswith("What people did since") for words in later)
    with spoken(CZECH.code):
        assert "exportoval(a) seznam (2×)" in retold(told[0])
