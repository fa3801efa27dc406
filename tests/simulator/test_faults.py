"""Faults that answer in the shop's place: one name each, so many times, on a path, for a shop."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from shop.simulator.faults import FaultName, Faults, UnknownFault
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from tests.simulator.asking import Client, ask


def test_a_fault_strikes_so_many_times_on_its_path_and_then_no_more(client: Client) -> None:
    client.simulator.faults.switch_on("error-500", times=2, path="/api/orders")
    assert [client.get("/api/orders").status for _ in range(4)] == [500, 500, 200, 200]
    assert client.simulator.faults.listed() == []
    client.simulator.faults.switch_on("error-500", path="/api/orders/*")
    assert client.get("/api/orders").status == 200
    assert client.get("/api/orders/statuses").status == 500
    client.simulator.faults.switch_off("error-500")
    assert client.get("/api/orders/statuses").status == 200


def test_a_fault_of_one_shop_leaves_the_others_alone() -> None:
    with Simulator(shops=[SimulatedShop("cz", 5), SimulatedShop("eu", 5)]) as simulator:
        simulator.faults.switch_on("token-revoked", shop="cz")
        assert Client(simulator, 0).get("/api/eshop").status == 401
        assert Client(simulator, 1).get("/api/eshop").status == 200
        simulator.faults.switch_off()
        assert Client(simulator, 0).get("/api/eshop").status == 200


def test_unknown_names_are_refused_with_the_list() -> None:
    with pytest.raises(UnknownFault, match=r"no fault 'gremlin'. Known are: rate-limit-json, .*webhook-duplicated"):
        Faults().switch_on("gremlin")
    with pytest.raises(UnknownFault):
        Faults().switch_off("gremlin")
    with pytest.raises(ValueError, match="at least once"):
        Faults().switch_on("slow", times=0)


def test_every_fault_has_a_sentence() -> None:
    for name in FaultName:
        assert name.sentence.endswith(".")
        assert len(name.sentence) > 15
        assert name.where


def test_the_page_about_the_simulator_names_every_fault() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    for name in FaultName:
        assert f"| `{name}` | {name.sentence}" in page


def test_too_many_requests_in_five_ways(client: Client) -> None:
    faults = client.simulator.faults
    faults.switch_on("rate-limit-json", times=1)
    got = client.get("/api/eshop")
    assert (got.status, got.error, got.headers.get("Retry-After")) == (429, "rate-limit-exceeded", None)
    faults.switch_on("rate-limit-html", times=1)
    got = client.get("/api/eshop")
    assert (got.status, got.headers["Content-Type"], got.body[:6]) == (429, "text/html", b"<html>")
    faults.switch_on("rate-limit-date", times=1, amount=30)
    wait = parsedate_to_datetime(client.get("/api/eshop").headers["Retry-After"]) - client.simulator.clock.now()
    assert timedelta(seconds=25) < wait <= timedelta(seconds=30)
    faults.switch_on("rate-limit-seconds", times=1, amount=7)
    assert client.get("/api/eshop").headers["Retry-After"] == "7"
    faults.switch_on("rate-limit-huge", times=1)
    assert int(client.get("/api/eshop").headers["Retry-After"]) > 86_400 * 365


@pytest.mark.parametrize(("name", "status"), [("error-500", 500), ("error-502", 502), ("error-503", 503)])
def test_errors_of_servers(client: Client, name: str, status: int) -> None:
    client.simulator.faults.switch_on(name, times=3)
    assert [client.get("/api/eshop").status for _ in range(4)] == [status] * 3 + [200]


def test_a_200_that_is_no_answer(client: Client) -> None:
    client.simulator.faults.switch_on("html-instead-of-json", times=1)
    got = client.get("/api/orders")
    assert (got.status, got.headers["Content-Type"]) == (200, "text/html")
    assert b"<html>" in got.body
    client.simulator.faults.switch_on("empty-body", times=1)
    got = client.get("/api/orders")
    assert (got.status, got.body) == (200, b"")


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("token-revoked", 401, "invalid-token"),
        ("addon-suspended", 401, "invalid-token"),
        ("missing-right", 403, "invalid-token-no-rights"),
    ],
)
def test_tokens_and_rights_that_are_taken_away(client: Client, name: str, status: int, error: str) -> None:
    client.simulator.faults.switch_on(name, path="/api/customers*")
    assert client.get("/api/orders").status == 200
    got = client.get("/api/customers")
    assert (got.status, got.error) == (status, error)


def test_a_suspended_addon_gets_no_token(client: Client) -> None:
    client.simulator.faults.switch_on("addon-suspended")
    bearer = {"Authorization": f"Bearer {client.shop.oauth_token}"}
    got = ask(client.simulator.base_url, "/action/ApiOAuthServer/getAccessToken", bearer)
    assert (got.status, got.json) == (403, {"error": "addon_suspended"})
    assert "not approved" in client.get("/api/eshop").json["errors"][0]["message"]


def test_the_identity_of_another_shop(client: Client) -> None:
    client.simulator.faults.switch_on("identity-of-another-shop", times=1)
    told = [client.get("/api/eshop").data["contactInformation"]["eshopId"] for _ in range(2)]
    assert told[0] != told[1] == client.shop.eshop_id


def test_rows_that_move_between_pages(client: Client) -> None:
    everything = client.all("/api/customers", "customers")
    client.simulator.faults.switch_on("page-shift", path="/api/customers")
    moved = client.all("/api/customers", "customers")
    assert moved[19] == moved[20] == everything[19], "a row was inserted before: the last of the page comes again"
    client.simulator.faults.switch_off()
    client.simulator.faults.switch_on("page-shift", path="/api/customers", amount=-1)
    guids = [row["guid"] for row in client.all("/api/customers", "customers")]
    assert everything[20]["guid"] not in guids, "a row was deleted before: the first of the page is missed"


def test_the_same_page_for_ever(client: Client) -> None:
    client.simulator.faults.switch_on("page-repeated", path="/api/customers")
    first, far = (client.get("/api/customers", page=page).data for page in (1, 1000))
    assert first["customers"] == far["customers"]
    assert far["paginator"]["pageCount"] == 1001


def test_faults_at_run_time_over_http(client: Client) -> None:
    base = client.simulator.base_url
    on = ask(base, "/simulator/faults", method="POST", body={"name": "error-503", "times": 1, "path": "/api/eshop"})
    assert on.status == 200
    assert ask(base, "/simulator/faults").json["faults"] == [
        {"name": "error-503", "times": 1, "path": "/api/eshop", "shop": None, "amount": 0}
    ]
    assert client.get("/api/eshop").status == 503
    assert ask(base, "/simulator/faults").json["faults"] == []
    assert ask(base, "/simulator/counts").json["requests"] == {"/api/eshop": 1}
    ask(base, "/simulator/faults", method="POST", body={"name": "slow"})
    assert ask(base, "/simulator/faults", method="DELETE").json["faults"] == []
    assert set(ask(base, "/simulator/vocabulary").json) == set(FaultName)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "gremlin"}, "Known are: rate-limit-json"),
        ({"times": 2}, "A fault has a name."),
        ({"name": "slow", "times": "2"}, "'times' is not one of them or not of its type"),
        ({"name": "slow", "often": 2}, "'often' is not one of them"),
        (["slow"], "Expected a JSON object."),
        (None, "Expected JSON"),
    ],
)
def test_the_control_refuses_in_a_sentence(client: Client, body: object, sentence: str) -> None:
    got = ask(client.simulator.base_url, "/simulator/faults", method="POST", body=body)
    assert got.status == 400
    assert sentence in got.json["error"]
    assert client.simulator.faults.listed() == []


def test_a_page_in_a_browser_may_not_use_the_control(client: Client) -> None:
    origin = {"Origin": "https://somewhere.example"}
    got = ask(client.simulator.base_url, "/simulator/faults", origin, "POST", {"name": "error-503"})
    assert got.status == 403
    assert client.simulator.faults.listed() == []


def test_the_control_tells_no_secret(client: Client) -> None:
    client.get("/api/eshop")
    for path in ("counts", "faults", "vocabulary", "tokens"):
        got = ask(client.simulator.base_url, f"/simulator/{path}")
        assert client.shop.private_token.encode() not in got.body
        assert client.shop.oauth_token.encode() not in got.body
