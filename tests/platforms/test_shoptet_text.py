"""Faults of text, F9 to F11 of the matrix: depth, encodings, control characters, and what is legal."""

import json

import pytest

from tests.platforms.lines import an_item, an_order, raw, read_order, refusal, with_value


# Faults of F9 in the matrix: depth and size.
@pytest.mark.parametrize("depth", [65, 500, 100_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_f9_nesting_without_end_is_refused(depth: int, brackets: str) -> None:
    opening, closing = ("[", "]") if brackets == "[]" else ('{"a":', "}")
    deep = opening * depth + "1" + closing * depth
    assert refusal(raw(an_order(x="HERE")).replace(b'"HERE"', deep.encode())) == ("too_deep", "$")


def test_reasonable_nesting_passes() -> None:
    deep = b"[" * 60 + b"]" * 60
    assert read_order(raw(an_order(x="HERE")).replace(b'"HERE"', deep)) == read_order(an_order())


@pytest.mark.parametrize("path", ["items.0.amount", "items.0.itemId", "unheard_of"])
def test_f9_a_number_of_five_thousand_digits_is_refused(path: str) -> None:
    line = raw(with_value(path, "HERE")).replace(b'"HERE"', b"1" * 5000)
    assert refusal(line) == ("bad_number", "$." + path.replace("items.0", "items[0]"))


def test_f9_an_object_of_a_hundred_thousand_keys_is_refused() -> None:
    assert refusal(an_order(x=dict.fromkeys(map(str, range(100_000)), 1))) == ("too_many_keys", "$.x")


# Faults of F10 in the matrix: encodings.
def test_f10_a_line_in_another_encoding_is_refused() -> None:
    text = json.dumps(an_order(), ensure_ascii=False)
    assert refusal(text.encode("iso8859-2")) == ("not_utf8", "$")
    assert refusal(text.encode("utf-16")) == ("not_utf8", "$")


def test_bytes_that_are_no_utf8_are_refused_also_where_nothing_is_read() -> None:
    assert refusal(raw(an_order(unread="HERE")).replace(b"HERE", b"\xff")) == ("not_utf8", "$")


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"5", b'"x"', b"{", b'{"code":', b"{}x", b"\x00"])
def test_what_is_no_object_is_refused(line: bytes) -> None:
    code, _ = refusal(line)
    assert code in ("not_json", "bad_value")


def test_a_line_cut_inside_a_letter_is_no_json() -> None:
    line = raw(an_order())
    assert refusal(line[: line.index("ř".encode()) + 1]) == ("not_json", "$")
    assert refusal(line[:-1]) == ("not_json", "$")


# Faults of F11 in the matrix: text.
@pytest.mark.parametrize(
    "text",
    [
        "😀 emoji 👩‍👩‍👧",
        "\u05e2\u05d1\u05e8\u05d9\u05ea \u200f RTL \u202e",
        "e\u0301 NFD",
        "a\u2028b\u2029c\x85d",
        "\x7f\x80\x9f C1",
        "tab\tline\nfeed\r",
        "\ufffe\uffff",
        "'\"\\/",
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
def test_f11_legal_text_is_kept_to_the_letter(text: str, escaped: bool) -> None:
    order = read_order(json.dumps(an_order(items=[an_item(name=text)]), ensure_ascii=escaped).encode())
    assert (order.lines[0].name, order.changes) == (text, [])


def test_f11_controls_are_replaced_and_noted_never_dropped() -> None:
    order = read_order(an_order(items=[an_item(), an_item(name="a\0b", variantName="x\x1f\b\f")], email="a\x01@b.cz"))
    assert (order.lines[1].name, order.lines[1].variant_name) == ("a�b", "x���")
    assert order.email == "a�@b.cz"
    assert sorted(order.changes) == [
        "email: control character replaced", "items[1].name: NUL replaced", "items[1].variantName: control character replaced",
    ]  # fmt: skip


def test_a_control_character_that_is_not_escaped_is_no_json() -> None:
    assert refusal(raw(an_order(email="HERE")).replace(b"HERE", b"a\x01b")) == ("not_json", "$")


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "\\ud800\\u0041", "\\uD83D"])
def test_f11_half_a_character_is_refused(half: str) -> None:
    assert refusal(raw(an_order(email="HERE")).replace(b"HERE", half.encode())) == ("lone_surrogate", "$.email")
