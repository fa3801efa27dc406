"""A shop that lives: the same life for the same seed, seen alike in every answer, and kept over a restart."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shop.simulator.clock import Clock
from shop.simulator.happenings import What
from shop.simulator.online import SimulatedShop
from shop.simulator.simulator import Simulator
from tests.simulator.asking import Client, download

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SHOP = SimulatedShop("cz", orders=150, seed=8, end=date(2026, 3, 9))


def simulated(state: Path | None = None, shop: SimulatedShop = SHOP) -> Simulator:
    return Simulator(shops=[shop], clock=Clock(NOON, running=False), state=state)


def files(client: Client) -> dict[str, bytes]:
    if not client.shop.webhooks.has("job:finished"):
        client.hook("job:finished")
    kinds = ("orders", "customers", "products")
    return {kind: download(client.finished(f"/api/{kind}/snapshot")["resultUrl"]).body for kind in kinds}


def lived(steps: int) -> dict[str, bytes]:
    with simulated() as simulator:
        client = Client(simulator)
        for _ in range(steps):
            simulator.clock.advance(minutes=1)
            client.shop.step()
        return files(client)


def changes(client: Client, kind: str, since: datetime) -> list[Any]:
    return client.all(f"/api/{kind}/changes", "changes", **{"from": client.shop.text(since)})


def test_the_same_steps_give_the_same_shop_to_the_byte() -> None:
    once = lived(30)
    assert lived(30) == once
    assert lived(31)["orders"] != once["orders"]


def test_a_day_of_life_has_everything() -> None:
    with simulated() as simulator:
        shop = simulator.shops[0]
        kinds = Counter(happening.what for happening in shop.step(100))
        assert kinds == {
            What.ORDER_PLACED: 100, What.ORDER_MOVED: 100, What.CUSTOMER_EDITED: 20, What.PRODUCT_EDITED: 10,
            What.ORDER_DELETED: 4,
        }  # fmt: skip
        assert shop.expected.orders == 150 + 100 - 4
        statuses = Counter(shop.living.order(index).status for index in shop.living.moves if shop.living.order(index))
        assert {-3, -4} <= set(statuses), "some were finished, some cancelled"


def test_what_changed_is_in_every_answer(client: Client) -> None:
    client.hook("job:finished")
    client.simulator.clock.advance(minutes=10)
    since = client.simulator.clock.now()
    happened = client.shop.step(25)
    placed = {client.shop.code_of(one.index) for one in happened if one.what is What.ORDER_PLACED}
    deleted = {client.shop.code_of(one.index) for one in happened if one.what is What.ORDER_DELETED}
    moved = {client.shop.code_of(one.index) for one in happened if one.what is What.ORDER_MOVED}
    alive = (placed | moved) - deleted
    feed = changes(client, "orders", since)
    assert {row["code"] for row in feed if row["changeType"] == "edit"} == alive
    assert {row["code"] for row in feed if row["changeType"] == "delete"} == deleted
    assert len(feed) == len({row["code"] for row in feed}), "only the last change of each"
    window = {"changeTimeFrom": client.shop.text(since)}
    assert {row["code"] for row in client.all("/api/orders", "orders", **window)} == alive
    lines = {line["code"]: line for line in client.snapshot("/api/orders/snapshot", include="notes")}
    assert {line["code"] for line in client.snapshot("/api/orders/snapshot", **window)} == alive
    assert deleted.isdisjoint(lines)
    assert placed - deleted <= set(lines)
    for code in alive:
        assert client.get(f"/api/orders/{code.replace('/', '%2F')}", include="notes").data["order"] == lines[code]
    for code in deleted:
        assert client.get(f"/api/orders/{code.replace('/', '%2F')}").error == "order-not-found"


def test_customers_and_products_that_change_are_in_their_feeds(client: Client) -> None:
    client.simulator.clock.advance(minutes=10)
    since = client.simulator.clock.now()
    customer, product = client.shop.edit_customer(), client.shop.edit_product()
    assert [row["guid"] for row in changes(client, "customers", since)] == [customer]
    assert [row["guid"] for row in changes(client, "products", since)] == [product]
    [row] = [row for row in client.all("/api/customers", "customers") if row["guid"] == customer]
    assert datetime.fromisoformat(row["changeTime"]) >= since.replace(microsecond=0)


def test_a_deleted_order_is_only_deleted_in_the_feed(client: Client) -> None:
    since = client.simulator.clock.now() - timedelta(minutes=1)
    code = client.shop.place_order()
    client.shop.move_order(code)
    assert [row["changeType"] for row in changes(client, "orders", since)] == ["edit"]
    client.shop.delete_order(code)
    assert [(row["code"], row["changeType"]) for row in changes(client, "orders", since)] == [(code, "delete")]
    query = {"from": client.shop.text(since), "changeType": "edit"}
    assert client.get("/api/orders/changes", **query).data["changes"] == []


def test_feeds_forget_after_thirty_days(client: Client) -> None:
    code = client.shop.move_order()
    long_ago = client.simulator.clock.now() - timedelta(days=400)
    found = changes(client, "orders", long_ago)
    assert code in {row["code"] for row in found}
    month = client.simulator.clock.now() - timedelta(days=30)
    assert all(datetime.fromisoformat(row["changeTime"]) >= month for row in found)
    client.simulator.clock.advance(hours=24 * 31)
    assert changes(client, "orders", long_ago) == []


def test_an_order_moves_on_and_its_figures_agree(client: Client) -> None:
    code = client.shop.place_order()
    key = code.replace("/", "%2F")
    first = client.get(f"/api/orders/{key}").data["order"]
    assert first["status"]["id"] == -1
    assert first["creationTime"] == first["changeTime"]
    client.simulator.clock.advance(minutes=5)
    assert client.shop.move_order(code) == code
    second = client.get(f"/api/orders/{key}").data["order"]
    assert second["changeTime"] > first["changeTime"]
    assert second["creationTime"] == first["creationTime"]
    assert {**second, "changeTime": None} != {**first, "changeTime": None}


def test_a_restart_goes_on_with_the_same_shop(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    with simulated(state) as simulator:
        client = Client(simulator)
        client.shop.step(40)
        client.hook("job:finished", url="https://client.example/hook")
        key = client.send("POST", "/api/webhooks/renew-signature-key").data["signatureKey"]
        before, token = files(client), client.shop.private_token
    state.write_bytes(state.read_bytes() + b'{"shop": "cz", "what": "order-pl')
    later = Clock(NOON + timedelta(days=40), running=False)
    unsaid = SimulatedShop("cz", orders=150, seed=8)
    with Simulator(shops=[unsaid], clock=later, state=state) as simulator:
        client = Client(simulator)
        assert client.shop.private_token == token
        assert client.shop.webhooks.key == key
        assert files(client) == before, "also on another day, and after a line that a kill has cut"
        assert client.shop.living.steps == 40
        client.shop.step()
        assert files(client) != before


def test_another_shop_under_the_same_name_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    with simulated(state):
        pass
    with pytest.raises(ValueError, match="knows shop cz as cz:150:8"):
        simulated(state, SimulatedShop("cz", orders=151, seed=8, end=date(2026, 3, 9)))
    state.write_text(state.read_text() + "not json\n")
    with pytest.raises(ValueError, match=r"Line 2 of .* is no JSON"):
        simulated(state)
    assert json.loads(state.read_text().splitlines()[0])["end"] == "2026-03-09"


def test_two_shops_of_one_name_and_a_day_that_is_not_over_are_refused() -> None:
    with pytest.raises(ValueError, match="Two shops have one name"):
        Simulator(shops=[SHOP, SHOP])
    with pytest.raises(ValueError, match="is not over yet"):
        simulated(shop=SimulatedShop("cz", 5, end=date(2026, 3, 10)))


def test_what_cannot_happen_is_told() -> None:
    with simulated(shop=SimulatedShop("cz", 0, end=date(2026, 3, 9))) as simulator:
        shop = simulator.shops[0]
        with pytest.raises(LookupError, match="nothing that this could happen to"):
            shop.move_order()
        with pytest.raises(LookupError, match="Shop cz has no order 260100001"):
            shop.delete_order("260100001")
        assert shop.living.version == 0


def test_a_trickle_lets_every_shop_live() -> None:
    shops = [SimulatedShop("cz", 20), SimulatedShop("eu", 20)]
    with Simulator(shops=shops, clock=Clock(running=False), trickle=30) as simulator:
        for steps in range(1, 4):
            simulator.clock.advance(seconds=30)
            simulator.settle()
            assert [shop.living.steps for shop in simulator.shops] == [steps, steps]
        assert [Client(simulator, place).get("/api/orders").data["paginator"]["totalCount"] for place in (0, 1)] == [
            23,
            23,
        ]


def test_any_order_is_the_same_whatever_was_drawn_before(client: Client) -> None:
    shop = client.shop.living
    forward = [shop.order(index) for index in range(200)]
    backward = [shop.order(index) for index in reversed(range(200))]
    assert forward == backward[::-1]
    assert all(draft is not None and shop.index_of(draft.code) == draft.index for draft in forward)
