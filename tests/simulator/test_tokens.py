"""Who may come in: the private token, the addon's two tokens, and how each of them is refused."""

from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from shop.simulator.tokens import MOST_VALID
from tests.simulator.asking import ADDON, PRIVATE, Client, Got, ask


def renewed(simulator: Simulator, oauth: str | None = None) -> Got:
    bearer = {"Authorization": f"Bearer {oauth or simulator.shops[0].oauth_token}"}
    return ask(simulator.base_url, "/action/ApiOAuthServer/getAccessToken", bearer)


def eshop(simulator: Simulator, **headers: str) -> Got:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(simulator.base_url, "/api/eshop", {"Content-Type": "application/json", **named})


def test_a_shop_is_known_by_its_token_alone() -> None:
    with Simulator(shops=[SimulatedShop("cz", 20, 1), SimulatedShop("eu", 10, 2, slug="other")]) as simulator:
        for place, shop in enumerate(simulator.shops):
            client = Client(simulator, place)
            about = client.get("/api/eshop").data
            assert about["contactInformation"]["eshopId"] == shop.eshop_id
            assert shop.private_token.startswith(f"{shop.eshop_id}-p-")
            assert client.get("/api/orders").data["paginator"]["totalCount"] == (20, 10)[place]
        assert simulator.shops[0].eshop_id != simulator.shops[1].eshop_id


def test_no_token_and_a_wrong_one_are_told_apart(simulator: Simulator) -> None:
    assert (eshop(simulator).status, eshop(simulator).error) == (401, "missing-access-token")
    wrong = ask(simulator.base_url, "/api/eshop", {PRIVATE: "1-p-1-abc"})
    assert (wrong.status, wrong.error) == (401, "invalid-token")
    bearer = ask(simulator.base_url, "/api/eshop", {"Authorization": f"Bearer {simulator.shops[0].private_token}"})
    assert bearer.status == 401


def test_the_addon_gets_a_token_of_thirty_minutes(simulator: Simulator) -> None:
    given = renewed(simulator)
    assert given.status == 200
    assert given.json["expires_in"] == 1800
    token = given.json["access_token"]
    assert token.startswith(f"{simulator.shops[0].eshop_id}-a-1-")
    assert 38 <= len(token) <= 60
    headers = {"Content-Type": "application/json", ADDON: token}
    assert ask(simulator.base_url, "/api/eshop", headers).status == 200
    simulator.clock.advance(minutes=29)
    assert ask(simulator.base_url, "/api/eshop", headers).status == 200
    simulator.clock.advance(minutes=1)
    ended = ask(simulator.base_url, "/api/eshop", headers)
    assert (ended.status, ended.error) == (401, "expired-token")
    assert simulator.counts.token_refreshes == 1


def test_a_sixth_valid_token_is_refused_outside_the_envelope(simulator: Simulator) -> None:
    tokens = {renewed(simulator).json["access_token"] for _ in range(MOST_VALID)}
    assert len(tokens) == 5
    refused = renewed(simulator)
    assert (refused.status, refused.json) == (429, {"error": "maximum_tokens_reached"})
    simulator.clock.advance(minutes=30)
    assert renewed(simulator).status == 200


def test_a_wrong_oauth_token_is_refused(simulator: Simulator) -> None:
    assert len(simulator.shops[0].oauth_token) == 255
    assert renewed(simulator, "wrong").status == 401


def test_revoked_tokens_end_at_once(simulator: Simulator) -> None:
    headers = {"Content-Type": "application/json", ADDON: renewed(simulator).json["access_token"]}
    simulator.shops[0].tokens.revoke()
    assert ask(simulator.base_url, "/api/eshop", headers).error == "expired-token"


def test_a_call_without_content_type_is_refused(client: Client) -> None:
    del client.headers["Content-Type"]
    assert (client.get("/api/eshop").status, client.get("/api/eshop").error) == (400, "invalid-content-type")
    client.headers["Content-Type"] = "application/vnd.shoptet.v1.0"
    assert client.get("/api/eshop").status == 200
