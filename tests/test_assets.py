"""Static files: addresses that change with the content, one style sheet, and nothing from elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, current_app, url_for
from flask.testing import FlaskClient

from shop import assets

SHEETS = sorted((assets.STATIC / "css").rglob("*.css"))
SCRIPTS = sorted((assets.STATIC / "js").glob("*.js"))
ROOT = Path(__file__).parents[1]
TEMPLATES = sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "tests" / "browser").rglob("*.html")])


@pytest.fixture
def served() -> Iterator[FlaskClient]:
    app = Flask("shop", root_path=str(assets.STATIC.parent))
    assets.register(app)
    with app.test_request_context():
        yield app.test_client()


def address(filename: str) -> str:
    return current_app.jinja_env.from_string("{{ asset(filename) }}").render(filename=filename)


def test_a_file_is_kept_for_a_year_under_its_fingerprint(served: FlaskClient) -> None:
    with served.get(address("img/pult.svg")) as response:
        assert response.mimetype == "image/svg+xml"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_plain_or_an_old_address_still_answers_but_is_not_kept(served: FlaskClient) -> None:
    for filename in ("js/main.js", "0123456789ab/js/main.js"):
        with served.get(url_for("static", filename=filename)) as response:
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "public, max-age=0"


def test_the_style_sheet_comes_whole_in_one_answer(served: FlaskClient) -> None:
    sheet = served.get(address("css/main.css")).text
    assert "@import" not in sheet
    assert sheet.count("{") == sheet.count("}")
    for path in SHEETS:
        last = [line for line in path.read_text().splitlines() if line and not line.startswith("@import")]
        assert not last or last[-1] in sheet, f"{path.name} is imported by nobody"


def test_s12_nothing_outside_the_folder_is_served(served: FlaskClient) -> None:
    version = address("").split("/")[2]
    for filename in ("../config.py", f"{version}/../config.py", f"{version}/..%2fconfig.py", "nothing.css"):
        assert served.get(f"/static/{filename}").status_code == 404


def test_the_fingerprint_follows_names_and_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("one")
    first = assets.fingerprint(tmp_path)
    (tmp_path / "a.css").write_text("two")
    second = assets.fingerprint(tmp_path)
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    assert len({first, second, assets.fingerprint(tmp_path)}) == 3


@pytest.mark.parametrize("path", SHEETS + SCRIPTS, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere_and_files_stay_small(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|//cdn|url\(", text)
    assert text.count("\n") <= (150 if path.suffix == ".css" else 100)


def test_all_style_and_script_stay_within_their_budget() -> None:
    assert sum(path.stat().st_size for path in SHEETS) <= 48_000
    assert sum(path.stat().st_size for path in SCRIPTS) <= 16_000


def test_every_behaviour_that_a_page_asks_for_exists() -> None:
    asked = {
        name
        for path in TEMPLATES
        for names in re.findall(r'data-behaviour="([^"]+)"', path.read_text())
        for name in names.split()
    }
    assert asked == {path.stem for path in SCRIPTS} - {"main"}


def test_colours_are_named_once_and_every_name_exists() -> None:
    """Only the tokens and the sign itself, whose colours never change, write a colour as a number."""
    sheets = {path: path.read_text() for path in SHEETS}
    for path, text in sheets.items():
        colours = re.findall(r"#[0-9a-f]{3,8}\b(?<!#0000)", text)
        assert path.stem in ("tokens", "mark") or not colours, f"{path.name} has {colours}"
    everything = "".join(sheets.values())
    defined = set(re.findall(r"(--[\w-]+):", everything))
    used = set(re.findall(r"var\((--[\w-]+)\)", everything))
    assert used <= defined, f"never defined: {sorted(used - defined)}"
    tokens = set(re.findall(r"(--[\w-]+):", sheets[assets.STATIC / "css" / "tokens.css"]))
    mentioned = set(re.findall(r"var\((--[\w-]+)", everything))
    assert tokens <= mentioned, f"never used: {sorted(tokens - mentioned)}"
