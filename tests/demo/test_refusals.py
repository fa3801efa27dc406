"""What the demo refuses, each in a sentence and with nothing changed."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner
from flask_sqlalchemy import SQLAlchemy

from shop.config import Config
from shop.demo.cast import PEOPLE
from shop.demo.commands import prepared
from shop.demo.connecting import refuse_other_shops
from shop.demo.memory import Memory
from shop.demo.sign_ins import ready
from shop.demo.simulation import Simulation
from shop.demo.summary import FAULTS, summary
from shop.errors import ShopError
from shop.simulator.faults import Faults
from shop.staff.passwords import is_password
from shop.staff.queries import person_by_email
from tests.builders import a_shop

HERE = "http://127.0.0.1:8900"


@pytest.mark.parametrize("given", ["4999", "0", "-1", "many", "", "6e3", "1000001", "٦٠٠٠"])
def test_a_number_of_orders_that_will_not_do_is_named(given: str, tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=r"DEMO_ORDERS is .* whole number from 5000 to 1000000"):
        Memory(tmp_path).orders({"DEMO_ORDERS": given})
    assert not (tmp_path / "demo" / "demo.json").exists()


def test_the_command_says_it_and_exits_with_one(
    runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEMO_ORDERS", "7")
    result = runner.invoke(args=["demo"])
    assert result.exit_code == 1
    assert "DEMO_ORDERS is '7'" in result.stderr
    assert "Traceback" not in result.stderr


def test_another_number_than_before_is_not_passed_over(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    assert memory.orders({}) == 6_000
    assert memory.orders({"DEMO_ORDERS": "7000"}) == 7_000, "nothing was made up yet"
    memory.journal.touch()
    assert memory.orders({}) == 7_000
    with pytest.raises(ShopError, match="began with 7000 orders, and DEMO_ORDERS is 8000"):
        memory.orders({"DEMO_ORDERS": "8000"})


def test_a_second_demo_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    Memory(tmp_path)
    with pytest.raises(ShopError, match="Another demo runs"):
        Memory(tmp_path)


def test_a_file_that_cannot_be_read_is_named_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir(mode=0o700)
    (tmp_path / "demo" / "demo.json").write_text("{")
    with pytest.raises(ShopError, match=r"demo\.json cannot be read .* delete that file"):
        Memory(tmp_path)


def test_a_port_in_use_is_a_sentence(config: Config, db: SQLAlchemy, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ShopError, match=rf"Port {port} is in use .* make demo"):
            prepared(replace(config, data_dir=tmp_path, port=port))


@pytest.mark.parametrize(
    ("slug", "base_url"),
    [("my-shop", None), ("my-shop", HERE), ("demo-cz", None), ("demo-cz", "https://api.example.com")],
)
def test_an_installation_with_shops_of_its_own_is_left_alone(
    slug: str, base_url: str | None, db: SQLAlchemy, tmp_path: Path
) -> None:
    a_shop("demo-ie", base_url=HERE)
    a_shop(slug, base_url=base_url)
    db.session.commit()
    with pytest.raises(ShopError, match=rf"has shops of its own \({slug}\)\. Nothing was changed"):
        refuse_other_shops(Memory(tmp_path))


def test_the_demos_own_shops_are_gone_on_with_while_their_story_is_there(db: SQLAlchemy, tmp_path: Path) -> None:
    a_shop("demo-cz", base_url=HERE)
    db.session.commit()
    memory = Memory(tmp_path)
    with pytest.raises(ShopError, match=r"shops\.jsonl.* is gone"):
        refuse_other_shops(memory)
    memory.journal.touch()
    refuse_other_shops(memory)


def test_passwords_stay_and_are_made_true_again(db: SQLAlchemy, tmp_path: Path) -> None:
    for slug in ("demo-cz", "demo-ie"):
        a_shop(slug, base_url=HERE)
    memory = Memory(tmp_path)
    memory.kept["passwords"] = {}
    first = ready(memory)
    person = person_by_email(PEOPLE[0].email)
    assert person is not None
    person.password_hash = "changed"
    assert ready(memory) == first
    assert is_password(person.password_hash, first[person.email])
    assert json.loads(memory.file.read_text())["passwords"] == first


def test_every_printed_fault_is_one_that_the_simulator_knows() -> None:
    for _, fault in FAULTS:
        Faults().switch_on(**fault)  # type: ignore[arg-type]
    told = summary("http://127.0.0.1:8000", {person.email: "secret" for person in PEOPLE}, HERE)
    assert all(fault["name"] in told for _, fault in FAULTS)  # type: ignore[operator]


def test_tokens_of_the_shops_stay_out_of_the_terminal(tmp_path: Path) -> None:
    simulation = Simulation(6_000, 8_000, tmp_path / "shops.jsonl")
    line = json.dumps({"slug": "demo-cz", "private_token": "secret", "base_url": HERE})
    assert simulation.hears("shops", line)
    assert not simulation.is_ready, "one shop is missing yet"
    assert not simulation.hears("shops", "Traceback"), "what else it says is for the terminal"
    assert not simulation.hears("web", line)
