"""Components: each one is shown in a specimen, and every specimen is a page that is well written."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.browser.specimens import ADDRESSES, PAGES, specimens
from tests.page import Page

COMPONENTS = Path(__file__).parents[1] / "templates" / "components"


@pytest.fixture(scope="module")
def shown() -> FlaskClient:
    return specimens().test_client()


@pytest.mark.parametrize("address", [*ADDRESSES, "/orders/?rows=0", "/?shop=kolo-a-kopec", "/error/403?alone=1"])
def test_every_specimen_is_well_written(shown: FlaskClient, address: str) -> None:
    Page(shown.get(address).text)


@pytest.mark.parametrize("code", [400, 403, 404, 409, 413, 429, 500])
@pytest.mark.parametrize("who", ["", "?alone=1"])
def test_a_failure_says_what_happened_what_to_do_and_its_reference(shown: FlaskClient, code: int, who: str) -> None:
    page = Page(shown.get(f"/error/{code}{who}").text)
    assert page.heading == "Nothing is here"
    for words in ("The address is wrong.", "Go back to the list.", "8f31c20e4471", f"/error/{code}"):
        assert page.has(words)
    assert ("Orders" in page.links) == (not who), "only who is signed in is shown where to go"


def test_every_component_is_shown() -> None:
    text = "".join(path.read_text() for path in PAGES.glob("*.html"))
    inside = "".join(path.read_text() for path in COMPONENTS.parent.rglob("*.html"))
    for component in COMPONENTS.glob("*.html"):
        assert f'"components/{component.name}"' in text + inside, f"{component.name} is shown nowhere"


def test_a_partial_of_its_own_is_well_written_too(shown: FlaskClient) -> None:
    page = Page(shown.get("/progress").text, fragment=True)
    assert page.has("reading 1")


def test_navigation_marks_the_page_and_carries_the_shop(shown: FlaskClient) -> None:
    page = Page(shown.get("/orders/?shop=kolo-a-kopec").text)
    here = [link for link in page.root.all("a") if link.get("aria-current") == "page" and "nav__link" in link.classes]
    assert [link.text for link in here] == ["Orders"]
    assert page.link("Customers") == "/customers/?shop=kolo-a-kopec"
    assert page.link("Shops") == "/shops/"
    assert page.link("Nordlicht Wolle 3") == "/orders/?shop=nordlicht-wolle"
    assert page.link("All shops 0") == "/orders/"


def test_a_message_is_shown_once(shown: FlaskClient) -> None:
    token = Page(shown.get("/snapshots/").text).form("/sign-out")["csrf_token"]
    answer = shown.post("/snapshots/", data={"csrf_token": token}, follow_redirects=True)
    assert Page(answer.text).has("Snapshot 12 is queued.")
    assert not Page(shown.get("/snapshots/").text).has("Snapshot 12 is queued.")


def test_the_theme_is_printed_by_the_server(shown: FlaskClient) -> None:
    assert Page(shown.get("/").text).root.all("html")[0]["data-theme"] == "system"
    shown.set_cookie("theme", "dark")
    assert Page(shown.get("/").text).root.all("html")[0]["data-theme"] == "dark"
    shown.delete_cookie("theme")


def test_a_field_joins_label_help_and_error(shown: FlaskClient) -> None:
    page = Page(shown.get("/snapshots/").text)
    email = next(node for node in page.root.all("input") if node.get("name") == "email")
    assert email["aria-invalid"] == "true"
    told = next(node for node in page.root.all("p") if node.get("id") == email["aria-describedby"])
    assert told.text == "That is not an address."


def test_a_list_is_read_by_its_heads(shown: FlaskClient) -> None:
    page = Page(shown.get("/orders/?rows=2").text)
    assert page.column("Total") == ["123 456,78 Kč", "246 913,56 €"]
    assert page.column("Payment") == ["Paid", "Unpaid"]
    assert page.column("Status") == ["Nevyřízená", "Vyřizuje se"]
    assert page.rows("Orders, newest first")[0][0] == "2026004127"
    times = [node for node in page.root.all("time") if node.text == "17 min ago"]
    assert times[0]["datetime"] == "2026-03-19T13:15:00+00:00"
    assert re.fullmatch(r"Thursday 19\.\s3\.\s2026 14:15:00 Europe/Prague \(CET\)", times[0]["title"])


def test_a_pager_offers_only_what_there_is(shown: FlaskClient) -> None:
    page = Page(shown.get("/orders/").text)
    assert page.link("Next") == "?after=x"
    assert "Previous" not in page.links
    jump = [form for form in page.root.all("form") if "pager__day" in form.classes]
    assert {node["name"]: node["value"] for node in jump[0].all("input")} == {"sort": "-total", "at": "14. 3. 2026"}


def test_a_source_is_shown_and_never_interpreted(shown: FlaskClient) -> None:
    assert Page(shown.get("/order").text).has('{"code": "<b>2026003874</b>"}')
