"""The page of jobs asks for everything as a whole, however many shops, tasks and locks there are, and for no other shop's."""

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, func

from shop.task_runs import TaskRun
from tests.builders import a_shop, a_snapshot, added, an_operator, an_owner, posted, signed_in
from tests.schedule.test_jobs_page import a_lock


def asked_of(db: SQLAlchemy, client: FlaskClient) -> list[str]:
    """Return the statements that the page takes."""
    met: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        met.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get("/jobs/").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return met


def test_the_page_takes_as_many_questions_for_one_shop_as_for_many(client: FlaskClient, db: SQLAlchemy) -> None:
    """Schedule and locks are asked for as a whole: not by the line, the shop or the lock."""
    signed_in(client, an_owner())
    busy_shop("first")
    client.get("/jobs/")  # what a process remembers is there
    one = asked_of(db, client)
    for number in range(5):
        busy_shop(f"more-{number}")
    many = asked_of(db, client)
    assert len(many) == len(one)
    assert len(one) < 35


def busy_shop(slug: str) -> None:
    """A shop whose tasks were decided and never succeeded, with a lock of each sort."""
    shop = a_shop(slug, base_url="https://api.example.com")
    for kind in ("orders", "products"):
        a_snapshot(shop, kind, state="running")
        a_lock(f"snapshot:{shop.id}:{kind}")
    a_lock(f"preview:{a_snapshot(shop, state='running', purpose='preview').id}")
    for task in ("figures.check", "webhooks.check"):
        run = added(TaskRun(task=task, shop_id=shop.id, scheduled_for=func.clock_timestamp(), state="failed"))
        a_lock(f"task:{run.id}")


def test_the_lock_of_a_preview_is_its_shops(client: FlaskClient) -> None:
    """Boundary: whoever does not see the shop sees neither the lock nor its run, and breaks nothing."""
    signed_in(client, an_operator([shop := a_shop("praha")]))
    own, other = (a_snapshot(its, state="running", purpose="preview") for its in (shop, a_shop("brno")))
    locks = [a_lock(f"preview:{run.id}") for run in (own, other)]
    page = client.get("/jobs/").text
    assert (f'href="/snapshots/{own.id}"' in page, f"preview:{other.id}" in page) == (True, False)
    assert posted(client, "/jobs/breaks", key=locks[1].key, token=12).status_code == 404
