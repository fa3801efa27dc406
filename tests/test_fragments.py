"""What is kept of pages: nothing of one person or of another moment is ever shown, and a kept page is the page."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from markupsafe import Markup

from shop.config import Config
from shop.fragments import Frames, remembered
from shop.glances import Glance
from shop.staff.permissions import Role
from tests.builders import a_failure, a_manager, a_shop, an_operator, an_order, an_owner, another_app, signed_in

PAGES = ("/", "/orders/", "/orders/?shop=linen&status=paid", "/customers/", "/products/?shop=wool", "/recovery/")
DIFFERS = re.compile(
    r'name="csrf_token" value="[^"]+"|[\d\xa0]+ ms on the server, \d+.(query|queries)|<time[^>]*>[^<]*</time>'
)


def plain(html: str) -> str:
    return DIFFERS.sub("", html)


def test_nothing_of_one_person_appears_for_another(app: Flask, db: SQLAlchemy) -> None:
    """People with other names, rights and shops look in turns, so that each finds the other's frame just kept."""
    linen, wool = a_shop("linen"), a_shop("wool")
    cast = {
        "olga@example.com": an_owner(),
        "adam@example.com": a_manager([linen]),
        "alice@example.com": a_manager([linen], "alice@example.com"),
        "ota@example.com": an_operator([linen, wool]),
    }
    clients = {email: signed_in(app.test_client(), person) for email, person in cast.items()}
    seen: dict[str, list[str]] = {email: [] for email in cast}
    for _ in range(2):
        for path in ("/account/", "/orders/", "/"):
            for email, client in clients.items():
                answer = client.get(path)
                if answer.status_code == 200:
                    seen[email].append(answer.text)
    for email, pages in seen.items():
        assert pages
        for text in pages:
            assert email in text
            assert not [other for other in cast if other != email and other in text]
            assert ("Wool" in text) == (email in ("olga@example.com", "ota@example.com"))
            assert ('href="/staff/"' in text) == (email == "olga@example.com")
            assert ('href="/recovery/"' in text) == (email in ("olga@example.com", "ota@example.com"))
    tokens = {
        email: re.findall(r'action="/sign-out"><input type="hidden" name="csrf_token" value="([^"]+)"', pages[-1])
        for email, pages in seen.items()
    }
    assert all(len(found) == 1 for found in tokens.values())
    stolen = clients["adam@example.com"].post("/sign-out", data={"csrf_token": tokens["olga@example.com"][0]})
    assert stolen.status_code == 400, "the token of a form is never kept for somebody else"
    assert (
        clients["adam@example.com"].post("/sign-out", data={"csrf_token": tokens["adam@example.com"][0]}).status_code
        == 303
    )


def test_what_the_frame_tells_changes_at_once(app: Flask, db: SQLAlchemy) -> None:
    linen = a_shop("linen")
    adam = a_manager([linen])
    client = signed_in(app.test_client(), adam)
    assert "Adam" in client.get("/account/").text
    adam.name = "Adéla <b>Nová"
    linen.name = "Flax"
    db.session.commit()
    text = client.get("/account/").text
    assert "Adéla &lt;b&gt;Nová" in text
    assert "Flax" in text
    assert "Linen" not in text
    a_shop("wool")
    adam.role = Role.OWNER.value
    db.session.commit()
    text = client.get("/account/").text
    assert "Wool" in text
    assert 'href="/staff/"' in text
    assert "failed snapshots wait" not in text
    a_failure(linen)
    assert "failed snapshots wait" in client.get("/account/").text
    client.set_cookie("theme", "dark")
    assert 'value="dark" aria-pressed="true"' in client.get("/account/").text


def test_a_kept_page_is_the_page(app: Flask, config: Config, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pages by an application that keeps nothing, as while templates are worked on."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    linen, wool = a_shop("linen"), a_shop("wool", currency="EUR")
    for number in range(3):
        an_order(linen, f"L{number}", email=f"<i>{number}@example.com")
        an_order(wool, f"W{number}")
    olga = an_owner()
    with another_app(config) as other:
        kept, made = (signed_in(each.test_client(), olga) for each in (app, other))
        for _ in range(2):
            for path in PAGES:
                assert plain(kept.get(path).text) == plain(made.get(path).text), path


def test_a_component_tells_safe_text_from_a_strangers() -> None:
    """Both are equal as texts, and have one hash."""
    made: list[object] = []

    def component(text: object, more: object = None) -> Markup:
        made.append(text)
        return Markup("<b>{}</b>").format(text)

    known = remembered(component)
    for _ in range(2):
        assert known(Markup("<i>")) == "<b><i></b>"
        assert known("<i>") == "<b>&lt;i&gt;</b>"
        assert known(1) == "<b>1</b>"
        assert known(True) == "<b>True</b>"
        assert known(text="<i>") == "<b>&lt;i&gt;</b>"
    assert len(made) == 5
    for _ in range(2):
        known(["<i>"])
        known("x", more=(Markup("<i>"),))
    assert len(made) == 9, "what holds other values is made each time"


def test_no_more_is_kept_than_said() -> None:
    frames = Frames(most=3)
    made: list[int] = []

    def drawn(number: int) -> Callable[[], Markup]:
        def caller() -> Markup:
            made.append(number)
            return Markup(number)

        return caller

    for number in (0, 1, 2, 0, 1, 2, 3):
        assert frames.kept("part", number, caller=drawn(number)) == str(number)
        assert len(frames.found) <= 3
    assert made == [0, 1, 2, 3]
    frames.kept("other part", 3, caller=drawn(4))
    assert made[-1] == 4, "each part has its name"


def test_a_glance_lasts_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("shop.glances.time.monotonic", lambda: clock[0])
    asked: list[str] = []

    def ask(about: str) -> int:
        asked.append(about)
        return len(asked)

    glance, always = Glance(5.0, ask), Glance(0, ask)
    assert [glance.told("a"), glance.told("b"), glance.told("a")] == [1, 2, 1]
    clock[0] += 4.9
    assert glance.told("a") == 1
    clock[0] += 0.1
    assert glance.told("a") == 3
    assert always.told("a") != always.told("a")
