"""The list of runs: who sees which, filtered, page by page, and the same rows for programs."""

import pytest
from flask.testing import FlaskClient

from shop.shops.models import Shop
from tests.builders import a_manager, a_shop, a_snapshot, an_owner, posted, signed_in
from tests.snapshots.page_parts import done, handed_in, opened, operated


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return operated(client)


def test_runs_are_listed_newest_first(client: FlaskClient, shop: Shop) -> None:
    for number in range(3):
        done(shop, lines=number, inserted=number)
    page = opened(client, "/snapshots/")
    assert page.column("Snapshot", "Snapshots") == ["3", "2", "1"]
    assert page.column("Lines", "Snapshots") == ["2", "1", "0"]
    assert page.column("State", "Snapshots") == ["Complete"] * 3


def test_pages_of_the_list_meet_without_gap_or_overlap(client: FlaskClient, shop: Shop) -> None:
    for _ in range(40):
        done(shop)
    seen, path = [], "/snapshots/?per_page=15"
    while path:
        page = opened(client, path)
        seen += page.column("Snapshot", "Snapshots")
        path = page.links.get("Next", "")
    assert [int(text) for text in seen] == list(range(40, 0, -1))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [5, 4, 3, 2, 1]),
        ("?kind=customers", [2]),
        ("?state=failed", [3]),
        ("?state=partial", [4]),
        ("?state=done", [5, 4, 1]),
        ("?state=live", [2]),
        ("?kind=orders&state=done", [4, 1]),
        ("?mode=partial", [5]),
    ],
)
def test_the_list_is_filtered_by_its_address(client: FlaskClient, shop: Shop, query: str, numbers: list[int]) -> None:
    done(shop)
    a_snapshot(shop, "customers", "running")
    a_snapshot(shop, "orders", "failed", error="It broke.")
    done(shop, lines=1, quarantined=1)
    done(shop, kind="products", mode="partial")
    found = client.get(f"/snapshots.json{query}").get_json()
    assert [row["id"] for row in found["rows"]] == numbers
    opened(client, f"/snapshots/{query}")


def test_the_same_rows_come_as_json_and_csv(client: FlaskClient, shop: Shop) -> None:
    run = done(shop, lines=5, inserted=3, quarantined=2, file_name="=cmd.jsonl")
    (row,) = client.get("/snapshots.json").get_json()["rows"]
    assert (row["id"], row["shop"], row["kind"], row["lines"], row["quarantined"]) == (run.id, "praha", "orders", 5, 2)
    header, line = client.get("/snapshots.csv").text.split("\r\n")[:2]
    assert set(header.split(",")) == set(row)
    assert line.startswith(f"{run.id},praha,orders,full,done,done,5,3,")
    assert ",'=cmd.jsonl," in line


def test_a_list_without_runs_says_what_to_do(client: FlaskClient, shop: Shop) -> None:
    page = opened(client, "/snapshots/")
    assert page.has("No snapshots yet")
    assert page.has("flask snapshots run")


def test_only_runs_of_own_shops_exist(client: FlaskClient, shop: Shop) -> None:
    theirs = done(a_shop("brno"))
    assert client.get("/snapshots.json").get_json()["rows"] == []
    for path in (
        f"/snapshots/{theirs.id}",
        f"/snapshots/{theirs.id}/progress",
        "/snapshots/?shop=brno",
        "/snapshots/99",
    ):
        assert client.get(path).status_code == 404, path
    for act in ("retry", "confirmation"):
        assert posted(client, f"/snapshots/{theirs.id}/{act}", word="brno").status_code == 404
    assert client.get(f"/snapshots/{2**63}").status_code == 404


def test_a_manager_has_nothing_to_do_with_runs(client: FlaskClient, shop: Shop) -> None:
    run = a_snapshot(shop, state="failed", file_path="raw/x")
    signed_in(client, a_manager([shop]))
    for path in ("/snapshots/", "/snapshots.json", "/snapshots.csv", f"/snapshots/{run.id}", "/snapshots/new"):
        assert client.get(path).status_code == 403, path
    assert handed_in(client).status_code == 403
    assert posted(client, f"/snapshots/{run.id}/retry").status_code == 403


def test_an_owner_sees_the_runs_of_every_shop(client: FlaskClient, shop: Shop) -> None:
    done(shop)
    done(a_shop("brno"))
    signed_in(client, an_owner())
    assert opened(client, "/snapshots/").column("Shop", "Snapshots") == ["Brno", "Praha"]
    assert opened(client, "/snapshots/?shop=brno").column("Shop", "Snapshots") == ["Brno"]
