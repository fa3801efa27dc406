"""`flask shops check` against the simulator: each failure a sentence and exit code 1, nothing else changed."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from shop.audit.models import AuditEntry
from shop.audit.recording import Action
from shop.config import Config
from shop.errors import ShopError
from shop.shops import checking
from shop.shops.connecting import replace_token
from shop.shops.credentials import Credentials
from shop.shops.models import Shop
from shop.shops.reaching import reached
from shop.simulator.simulator import Simulator
from tests.builders import a_connected_shop, a_shop
from tests.servers import SECRET_KEY

STEPS = ["reachable", "token", "rights", "identity", "currency", "timezone", "webhook"]


def check(runner: FlaskCliRunner, *words: str) -> Result:
    return runner.invoke(args=["shops", "check", "praha", *words])


def hooked(simulator: Simulator) -> None:
    """Somebody has registered a webhook, so that exports can be made."""
    simulator.shops[0].webhooks.register("job:finished", "https://elsewhere.example/hook", None)


def test_a_good_connection_is_told_step_by_step_and_what_was_said_is_kept(
    runner: FlaskCliRunner, db: SQLAlchemy, simulator: Simulator
) -> None:
    shop = a_connected_shop(simulator, "praha")
    hooked(simulator)
    told = check(runner)
    assert told.exit_code == 0, told.output
    assert told.output.startswith(
        f"✓ reachable: Shoptet answers at {simulator.base_url}.\n✓ token: The token is accepted."
    )
    assert "· webhook: The webhook for finished exports leads to another address" in told.output
    assert (
        f"  cz, number {simulator.shops[0].eshop_id}, https://cz.shop.example\n  currencies: CZK, EUR\n" in told.output
    )
    assert shop.platform_shop_id == str(simulator.shops[0].eshop_id)
    assert shop.learned is not None
    assert [(one["code"], one["marks_paid"]) for one in shop.learned["statuses"] if one["marks_paid"]] == [("-3", True)]
    assert (shop.learned["timezone"], shop.learned["language"]) == ("Europe/Prague", "cs")
    assert shop.learned["rights"][0] == {"endpoint": "eshop", "access": "read", "group": "Eshop"}
    assert len(shop.learned["sources"]) == 2
    assert [step["name"] for step in shop.checked or ()] == STEPS
    assert shop.problem is None
    (entry,) = db.session.scalars(select(AuditEntry))
    assert (entry.action, entry.details) == (Action.SHOP_CHECKED, {"failed": []})


def test_the_same_as_a_document(runner: FlaskCliRunner, simulator: Simulator) -> None:
    a_connected_shop(simulator, "praha")
    told = check(runner, "--json")
    assert told.exit_code == 1, "no webhook is registered, and so no export can be made"
    document = json.loads(told.stdout)
    assert (document["slug"], document["ok"]) == ("praha", False)
    assert [step["name"] for step in document["steps"]] == STEPS
    assert document["steps"][-1]["outcome"] == "failed"
    assert document["learned"]["shop_id"] == str(simulator.shops[0].eshop_id)


def test_an_addons_token_is_exchanged_and_checked(runner: FlaskCliRunner, simulator: Simulator) -> None:
    hooked(simulator)
    added = runner.invoke(
        args=["shops", "add", "praha", "--platform", "shoptet", "--base-url", simulator.base_url, "--currency", "CZK",
              "--timezone", "Europe/Prague", "--oauth-token-stdin", "--token-url", simulator.token_url],
        input=f"{simulator.shops[0].oauth_token}\n",
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    assert added.output.endswith("Do so with: flask shops check praha\n")
    assert check(runner).exit_code == 0
    assert simulator.counts.token_refreshes == 1


WRONG: dict[str, tuple[Callable[[Simulator, Shop], object], str, str, str | None]] = {
    "wrong token": (
        lambda _simulator, shop: replace_token(shop, Credentials(token="nobodys-token"), SECRET_KEY),
        "✗ token: ", "Make a new token in the shop's administration", "bad_credentials",
    ),
    "wrong shop": (
        lambda simulator, shop: replace_token(shop, Credentials(token=simulator.shops[1].private_token), SECRET_KEY),
        "✗ identity: The token belongs to another shop: other is number", "Hand in the token of the right shop", "wrong_shop",
    ),
    "missing right": (
        lambda simulator, _shop: simulator.faults.switch_on("missing-right", path="/api/customers"),
        "✗ rights: The token may not read customers.", "Give it the right to read customers", "no_rights",
    ),
    "suspended addon": (
        lambda simulator, _shop: simulator.faults.switch_on("addon-suspended"),
        "✗ token: ", "Have the addon approved again", None,
    ),
    "other currency": (
        lambda simulator, shop: replace_token(shop, Credentials(token=simulator.shops[2].private_token), SECRET_KEY),
        "✗ currency: The shop's default currency is EUR, and Pult was told CZK.", "Connect the shop again", "wrong_shop",
    ),
    "unreachable platform": (
        lambda _simulator, shop: setattr(shop, "base_url", "http://127.0.0.1:9"),
        "✗ reachable: 127.0.0.1 could not be reached: nobody listens there.", "check the shop's base URL", None,
    ),
    "not a platform": (
        lambda _simulator, shop: setattr(shop, "base_url", "https://www.example.com"),
        "✗ reachable: Shoptet's API does not answer at www.example.com.", "", None,
    ),
    "failing platform": (
        lambda simulator, _shop: simulator.faults.switch_on("error-503"), "✗ reachable: ", "tries again by itself", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_a_sentence_with_a_mend_and_changes_nothing(
    runner: FlaskCliRunner, db: SQLAlchemy, simulator: Simulator, case: str
) -> None:
    shop = a_connected_shop(simulator, "praha")
    hooked(simulator)
    assert check(runner).exit_code == 0
    before = known_of(db)
    make_wrong, sentence, mend, code = WRONG[case]
    make_wrong(simulator, shop)
    db.session.commit()
    told = check(runner)
    assert told.exit_code == 1
    assert sentence in told.output
    assert mend in told.output
    assert "Traceback" not in told.output
    assert known_of(db) == before
    if code:
        assert shop.problem_code == code
        assert f"  ✗ {shop.problem}\n" in runner.invoke(args=["shops", "list"]).output


def known_of(db: SQLAlchemy) -> tuple[object, ...]:
    """What is known of the shop, and how much there is of anything else."""
    db.session.commit()
    row = db.session.execute(
        text(
            "SELECT platform_shop_id, learned, learned_at, currency, timezone, state, (SELECT count(*) FROM snapshots), "
            "(SELECT count(*) FROM order_statuses) FROM shops"
        )
    ).one()
    return tuple(row)


def test_a_first_check_that_fails_binds_the_shop_to_nothing(
    runner: FlaskCliRunner, db: SQLAlchemy, simulator: Simulator
) -> None:
    shop = a_connected_shop(simulator, "praha", token=simulator.shops[2].private_token)
    assert check(runner).exit_code == 1
    assert (shop.platform_shop_id, shop.learned, shop.problem_code) == (None, None, "other_currency")


def test_a_problem_stays_while_the_platform_is_away_and_goes_with_a_good_check(
    runner: FlaskCliRunner, db: SQLAlchemy, simulator: Simulator
) -> None:
    shop = a_connected_shop(simulator, "praha")
    hooked(simulator)
    simulator.faults.switch_on("token-revoked")
    check(runner)
    since = shop.problem_at
    simulator.faults.switch_off()
    simulator.faults.switch_on("error-503")
    assert check(runner).exit_code == 1
    assert (shop.problem_code, shop.problem_at) == ("bad_credentials", since)
    simulator.faults.switch_off()
    assert check(runner).exit_code == 0
    assert (shop.problem, shop.problem_code, shop.problem_at) == (None, None, None)


def test_a_paused_shop_can_be_checked_and_is_not_fetched_from(
    runner: FlaskCliRunner, config: Config, simulator: Simulator
) -> None:
    shop = a_connected_shop(simulator, "praha")
    hooked(simulator)
    runner.invoke(args=["shops", "pause", "praha"])
    assert check(runner).exit_code == 0
    with pytest.raises(ShopError, match="Praha is paused, so nothing is fetched from it"), reached(shop, config):
        pass


def test_a_shop_without_a_token_is_told_so(runner: FlaskCliRunner, db: SQLAlchemy) -> None:
    a_shop("praha")
    told = check(runner)
    assert told.exit_code == 1
    assert "✗ token: praha has no token yet" in told.output
    assert runner.invoke(args=["shops", "check", "nowhere"]).exit_code == 1


def test_a_token_that_was_replaced_meanwhile_is_not_judged_by_the_old_ones_check(
    db: SQLAlchemy, config: Config, simulator: Simulator
) -> None:
    shop = a_connected_shop(simulator, "praha")
    report = checking.ask(shop, config, db.session.commit)
    replace_token(shop, Credentials(token="another-token"), SECRET_KEY)
    db.session.commit()
    with pytest.raises(ShopError, match="was replaced while it was checked"):
        checking.keep(shop, report)
