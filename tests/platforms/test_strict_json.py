"""The fast way of reading a line and the careful one agree, whatever stands in it."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shop.platforms.json_tree import walk
from shop.platforms.records import BadRecord
from shop.platforms.shoptet.payloads import Order
from shop.platforms.strict_json import LineDecoder, is_unusual
from tests.platforms.lines import a_price, an_item, an_order, raw, read_order

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1.00", "NaN", "1,5"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "code", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def an_order_with_anything_somewhere(draw: st.DrawFn) -> dict[str, Any]:
    """A good order in which one value, anywhere, became another."""
    order = json.loads(
        raw(an_order(items=[an_item(), an_item(purchasePrice=a_price())], notes={"customerRemark": "x"}))
    )
    holders = [value for _, value in walk(order) if isinstance(value, dict | list) and value]
    holder = draw(st.sampled_from(holders))
    key = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[key] = draw(ANYTHING)
    return order


def outcome(line: bytes, *, carefully: bool) -> object:
    decoder = LineDecoder(Order, ("order",))
    try:
        return decoder.read_carefully(line) if carefully else decoder.read(line)
    except BadRecord as bad:
        return bad.code, bad.path, bad.reason


@settings(deadline=None, max_examples=300)
@given(order=an_order_with_anything_somewhere(), ascii_only=st.booleans(), spaced=st.booleans())
def test_both_ways_give_the_same_order_or_the_same_refusal(order: Any, ascii_only: bool, spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    line = json.dumps(order, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")
    assert outcome(line, carefully=False) == outcome(line, carefully=True)


@settings(deadline=None, max_examples=200)
@given(line=st.binary(max_size=40) | st.binary(max_size=6).map(lambda noise: raw(an_order())[:-20] + noise))
@example(line=raw(an_order()))
def test_no_bytes_do_anything_but_read_or_be_refused(line: bytes) -> None:
    assert outcome(line, carefully=False) == outcome(line, carefully=True)


@settings(deadline=None, max_examples=150)
@given(name=TEXT, email=TEXT, ascii_only=st.booleans())
def test_text_comes_back_as_it_went_in_but_for_controls(name: str, email: str, ascii_only: bool) -> None:
    order = read_order(
        json.dumps(an_order(items=[an_item(name=name or "x")], email=email), ensure_ascii=ascii_only).encode()
    )
    clean = "".join("�" if ord(letter) < 32 and letter not in "\t\n\r" else letter for letter in name)
    assert order.lines[0].name == (clean or "x")
    assert bool(order.changes) == any(ord(letter) < 32 and letter not in "\t\n\r" for letter in name + email)


@settings(deadline=None, max_examples=150)
@given(
    cents=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6),
    thousandths=st.lists(st.integers(-(10**8), 10**8), min_size=6, max_size=6),
    as_number=st.booleans(),
)
def test_money_and_amounts_come_back_to_the_last_digit(
    cents: list[int], thousandths: list[int], as_number: bool
) -> None:
    def money(hundredths: int) -> Any:
        written = f"{'-' if hundredths < 0 else ''}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"
        return float(written) if as_number else written

    items = [
        an_item(amount=count / 1000, itemPrice=a_price(money(total), money(total)))
        for total, count in zip(cents, thousandths, strict=False)
    ]
    lines = read_order(an_order(items=items)).lines
    assert [int(line.total * 100) for line in lines] == cents
    assert [int(line.quantity * 1000) for line in lines] == thousandths[: len(cents)]
    assert sum(line.total for line in lines) * 100 == sum(cents)


def test_the_ordinary_line_goes_the_fast_way() -> None:
    for order in (
        an_order(),
        an_order(email="žofie@example.cz"),
        an_order(url="https:\\/\\/x", note="line\nfeed\ttab é"),
    ):
        assert not is_unusual(raw(order))
        assert not is_unusual(json.dumps(order).encode())


def test_what_was_learnt_about_shapes_is_bounded() -> None:
    decoder = LineDecoder(Order, ("order",))
    for index in range(9_000):
        decoder.read(raw(an_order(items=[], note=":" * (index % 90) + '"' * (index // 90))))
    assert len(decoder.known_shapes) < 9_000
