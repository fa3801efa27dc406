"""Rotation of SECRET_KEY: both keys open, the new one seals, and sealing anew may be killed anywhere."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.fernet import InvalidToken
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shop import sealing
from shop.audit.models import AuditEntry
from shop.config import Config, SecretKey
from shop.doctor import State, sealed_secrets
from shop.shops import commands
from shop.shops.models import Shop
from shop.shops.secrets import is_current, opened, purpose, seal, unseal
from shop.shops.webhook_keys import keep_key, keys_of
from tests.builders import a_shop, an_owner, another_app, signed_in
from tests.servers import SECRET_KEY

NEW = SecretKey("a new key that only the tests know", SECRET_KEY)


@pytest.fixture
def rotated(config: Config, db: SQLAlchemy) -> Iterator[Flask]:
    """The installation after SECRET_KEY has changed, with the old one as SECRET_KEY_BEFORE."""
    with another_app(replace(config, secret_key=NEW)) as made:
        yield made


def three_shops(db: SQLAlchemy) -> list[Shop]:
    shops = [a_shop("praha"), a_shop("brno"), a_shop("plzen")]
    for shop in shops:
        shop.credentials = seal(shop.id, {"token": f"token of {shop.slug}"}, SECRET_KEY)
        shop.access_token = seal(shop.id, {"access_token": "short-lived"}, SECRET_KEY)
        shop.access_token_expires_at = datetime.now(UTC)
        keep_key(shop, f"key of {shop.slug}", SECRET_KEY)
    db.session.commit()
    return shops


def reseal(app: Flask) -> tuple[int, str]:
    told = app.test_cli_runner().invoke(args=["shops", "reseal"])
    return told.exit_code, told.output


def test_both_keys_open_and_the_new_one_seals() -> None:
    old, new = seal(1, {"token": "t"}, SECRET_KEY), seal(1, {"token": "t"}, NEW)
    assert opened(1, old, NEW) == opened(1, new, NEW) == {"token": "t"}
    assert opened(1, new, str(NEW)) == {"token": "t"}, "the new key alone"
    assert (is_current(old, NEW), is_current(new, NEW)) == (False, True)
    for shop_id, sealed, key in ((2, new, NEW), (1, new, SECRET_KEY), (1, old, str(NEW)), (1, b"nothing", NEW)):
        with pytest.raises(InvalidToken):
            opened(shop_id, sealed, key)


def test_what_was_sealed_before_keys_had_ids_still_opens() -> None:
    sealed = sealing.box(purpose(1), SECRET_KEY).encrypt(b'{"token": "t"}')
    assert opened(1, sealed, SECRET_KEY) == opened(1, sealed, NEW) == {"token": "t"}
    assert not is_current(sealed, SECRET_KEY)


def test_every_sealed_column_is_sealed_anew_once(rotated: Flask, db: SQLAlchemy) -> None:
    shops = three_shops(db)
    assert reseal(rotated) == (0, "9 sealed anew.\n")
    db.session.expire_all()
    for shop in shops:
        assert unseal(shop, str(NEW)) == {"token": f"token of {shop.slug}"}
        assert unseal(shop, str(NEW), "access_token") == {"access_token": "short-lived"}
        assert keys_of(shop, str(NEW)) == [f"key of {shop.slug}"]
    assert [entry.details for entry in db.session.scalars(select(AuditEntry))] == [{"values": 3}] * 3
    before = [bytes(shop.credentials or b"") for shop in shops]
    assert reseal(rotated) == (0, "0 sealed anew.\n")
    db.session.expire_all()
    assert [bytes(shop.credentials or b"") for shop in shops] == before


def test_a_resealing_that_was_killed_goes_on_where_it_was(
    rotated: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops = three_shops(db)
    real = commands.reseal

    def dying(shop: Shop, secret_key: str) -> int:
        done = real(shop, secret_key)
        if shop.slug == "brno":
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(commands, "reseal", dying)
    assert reseal(rotated)[0] != 0
    db.session.expire_all()
    assert [is_current(shop.credentials or b"", NEW) for shop in shops] == [True, False, False]
    assert [unseal(shop, NEW)["token"] for shop in shops] == ["token of praha", "token of brno", "token of plzen"]
    monkeypatch.undo()
    assert reseal(rotated) == (0, "6 sealed anew.\n")


def test_whoever_is_signed_in_stays_so(app: Flask, rotated: Flask, db: SQLAlchemy) -> None:
    cookie = signed_in(app.test_client(), an_owner()).get_cookie("pult")
    assert cookie is not None
    for made, status in ((rotated, 200), (app, 200)):
        client = made.test_client()
        client.set_cookie("pult", cookie.value)
        assert client.get("/shops/").status_code == status


def test_what_no_key_opens_is_named_and_left(rotated: Flask, db: SQLAlchemy) -> None:
    praha, brno, plzen = three_shops(db)
    lost = "a key that nobody has any more"
    brno.credentials = before = seal(brno.id, {"token": "lost"}, lost)
    plzen.access_token = seal(plzen.id, {"access_token": "lost"}, lost)
    db.session.commit()
    code, told = reseal(rotated)
    assert code == 1
    assert "7 sealed anew." in told
    assert "No key opens the token of brno." in told
    db.session.expire_all()
    assert bytes(brno.credentials or b"") == before
    assert plzen.access_token is None, "it is fetched anew"
    assert praha.access_token is not None


def test_the_doctor_names_what_is_behind_and_what_is_lost(app: Flask, rotated: Flask, db: SQLAlchemy) -> None:
    shops = three_shops(db)
    assert sealed_secrets(shops).state == State.GOOD
    ids = [shop.id for shop in shops]
    with rotated.app_context():
        found = sealed_secrets([commands.locked_shop(id_) for id_ in ids])
        commands.db.session.rollback()
        assert (found.state, found.found) == (State.NOTE, "still under the key before: praha, brno, plzen")
        assert "flask shops reseal" in found.mend
    reseal(rotated)
    db.session.expire_all()
    lost = sealed_secrets(shops)
    assert lost.state == State.BAD
    assert "the token of praha, the signature key of praha" in lost.found
    assert "SECRET_KEY_BEFORE" in lost.mend


def test_the_keys_name_tells_nothing_of_the_key() -> None:
    assert sealing.key_id(SECRET_KEY) != sealing.key_id(NEW)
    assert len(sealing.key_id(SECRET_KEY)) == 8
