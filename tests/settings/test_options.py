"""Every option is declared once and well, means something to the code, and refuses with a sentence what it cannot be."""

import re
from pathlib import Path
from typing import Any

import pytest

from shop.settings import options
from shop.settings.kinds import Codes, Hidden, Unfit
from shop.settings.options import BY_KEY, OPTIONS, Option

ROOT = Path(__file__).parents[2]
NAMES = {id(found): name for name, found in vars(options).items() if isinstance(found, Option)}
every_option = pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)


def test_every_option_is_on_the_list_once() -> None:
    assert len(BY_KEY) == len(OPTIONS) == len(NAMES)


@every_option
def test_it_is_named_and_explained(option: Option[Any]) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z][a-z_]*", option.key)
    assert option.title[0].isupper()
    for sentence in (option.help, option.effect):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


@every_option
def test_its_default_fits_and_every_way_there_comes_back(option: Option[Any]) -> None:
    if option.is_secret or (option.default is None and isinstance(option.kind, Codes)):
        return
    assert option.kind.fit(option.kind.stored(option.default)) == option.default
    assert option.kind.read(option.kind.written(option.default)) == option.default
    assert option.kind.words(option.default)


@every_option
def test_something_in_the_code_asks_for_it(option: Option[Any]) -> None:
    name = re.compile(rf"\b{NAMES[id(option)]}\b")
    users = [path for path in (ROOT / "shop").rglob("*.py") if name.search(path.read_text()) and path.stem != "options"]
    consumers = [path for path in users if path.stem not in ("setting_effects", "setting_views")]
    assert consumers, f"{option.key} steers nothing"


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("partitions.retention_years", "0", "“0” is neither never nor a whole number from 1 to 100."),
        ("partitions.retention_years", "Never", "“Never” is neither never nor a whole number from 1 to 100."),
        ("partitions.retention_years", "2.5", "“2.5” is neither never nor a whole number from 1 to 100."),
        ("snapshots.max_retries", "-1", "“-1” is not a whole number from 0 to 10."),
        ("snapshots.max_retries", "٣", "“٣” is not a whole number from 0 to 10."),
        ("snapshots.max_retries", "9" * 30, "is not a whole number from 0 to 10."),
        ("lists.per_page", "", "“” is not a whole number from 15 to 100."),
        ("lists.per_page", "200", "“200” is not a whole number from 15 to 100."),
        ("mail.security", "ssl", "“ssl” is not one of starttls, tls, none."),
        ("mail.host", "mail server", "“mail server” is not the name or address of a server."),
        ("mail.sender", "pult", "“pult” is not an e-mail address."),
        ("mail.sender", "a@b\nBcc: c@d", "is not an e-mail address."),
        ("mail.password", "", "A secret is one line of 1 to 1 000 characters."),
        ("mail.password", "two\nlines", "A secret is one line"),
        ("sales.excluded_statuses", "a" * 201, "is not the code of a status."),
        ("sales.excluded_statuses", "-4,a\x00b", "is not the code of a status."),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(key: str, text: str, sentence: str) -> None:
    with pytest.raises(Unfit) as refused:
        BY_KEY[key].kind.read(text)
    assert sentence in refused.value.message.replace("\u00a0", " ")
    assert len(refused.value.message) < 200


@pytest.mark.parametrize("stored", [True, 2.0, None, [], {}, "two", 0, 101, "3"])
def test_what_no_version_has_stored_is_refused_too(stored: object) -> None:
    with pytest.raises(Unfit):
        options.RETENTION_YEARS.kind.fit(stored)


def test_a_secret_has_no_other_form() -> None:
    kind = Hidden()
    assert kind.written("canary-61") == ""
    assert "canary" not in kind.words("canary-61")
    with pytest.raises(TypeError):
        kind.stored("canary-61")


def test_codes_are_a_set_in_one_order() -> None:
    kind = options.EXCLUDED_STATUSES.kind
    assert kind.read(" -4, 12 ,-4,") == ("-4", "12")
    assert kind.read("") == ()
    assert (kind.words(()), kind.words(None)) == ("none", "as the platform proposes")


@every_option
def test_the_documentation_knows_its_default(option: Option[Any]) -> None:
    rows = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    row = next((row for row in rows if row.startswith(f"| `{option.key}` |")), "")
    _, _, whose, default, _, _ = row.split("|")
    assert whose.strip() == ("each shop" if option.per_shop else "all")
    shown = option.kind.written(option.default) or option.kind.words(option.default)
    assert default.strip() == (option.kind.words(None) if option.default is None and option.per_shop else shown)
