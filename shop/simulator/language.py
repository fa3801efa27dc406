"""What a made-up shop needs of a language: people, places, things to sell and the words on its receipts."""

from dataclasses import dataclass
from typing import Literal

Gender = Literal["m", "f", "n"]


@dataclass(frozen=True)
class Noun:
    """A thing to sell: the price of a plain one in the shop's currency, how it is varied, and its VAT class."""

    name: str
    gender: Gender
    category: str
    price: int
    axis: Literal["", "colour", "size", "volume"] = ""
    reduced: bool = False  # sold with the lower VAT: books, food


@dataclass(frozen=True)
class Method:
    """A way to ship or to pay; the price in the shop's currency."""

    name: str
    price: int


@dataclass(frozen=True)
class Language:
    """All texts are without quotes, backslashes and control characters: they go into JSON as they are."""

    code: str
    men: tuple[str, ...]
    women: tuple[str, ...]
    surnames: tuple[tuple[str, str], ...]  # of men, of women
    streets: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]  # city, postcode
    firms: tuple[str, ...]  # how companies end
    nouns: tuple[Noun, ...]
    adjectives: tuple[tuple[str, str, str], ...]  # masculine, feminine, neuter
    models: tuple[str, ...]  # proper names of products
    brands: tuple[str, ...]
    axes: dict[str, tuple[str, tuple[str, ...]]]  # colour: its word, its values
    shipping: tuple[Method, ...]
    payment: tuple[Method, ...]  # the first is cash on delivery
    statuses: dict[int, str]
    open_statuses: tuple[int, ...]  # made up by the shop
    remarks: tuple[str, ...]  # of customers, most orders have none
    groups: tuple[str, ...]
    coupon: str
    volume_discount: str
    set_word: str
    piece: str
    web: str
    counter: str  # the shop with a door
    cash: str
