"""Who buys: a person follows from a number, so a million of them need no memory."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from shop.simulator.dice import guid, share, throw
from shop.simulator.profiles import ShopProfile

PERSON, ACCOUNT, SECOND_ACCOUNT, DELIVERY = 1, 2, 3, 4  # kinds of guids
LOYALTY = 2.2  # the higher, the more of the returning orders come from the earliest customers
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address and an e-mail, with or without an account."""

    index: int
    registered: bool
    name: str
    company: str | None
    email: str
    phone: str
    address: dict[str, str | None]
    guid: str


class People:
    """The people of one shop. Every so many orders bring a new one; the others are placed by those who were here."""

    def __init__(self, profile: ShopProfile, seed: int) -> None:
        self.profile = profile
        self.seed = seed

    def count(self, orders: int) -> int:
        """Return how many people have come with this many orders; the first order brings the first."""
        return 1 + int((orders - 1) * self.profile.new_people) if orders else 0

    def buyer(self, order: int, dice: Random) -> int:
        """Return whose order it is, a person's number; the first come most often again."""
        here, after = self.count(order), self.count(order + 1)
        if after > here:
            return here
        return int(here * dice.random() ** LOYALTY)

    def first_order(self, person: int) -> int:
        """Return the order that brought the person."""
        order = max(int(person / self.profile.new_people) - 1, 0)
        while self.count(order + 1) <= person:
            order += 1
        return order

    def is_registered(self, index: int) -> bool:
        return share(throw(self.seed, PERSON, index)) < self.profile.registered

    def guid(self, index: int) -> str:
        return guid(self.seed, PERSON, index)

    def person(self, index: int) -> Person:
        words, bits = self.profile.language, throw(self.seed, PERSON, index, 7)
        woman = bits & 1
        first = (words.women if woman else words.men)[(bits >> 1) % len(words.women if woman else words.men)]
        last = words.surnames[(bits >> 8) % len(words.surnames)][woman]
        name = f"{first} {last}"
        company = f"{last} {words.firms[(bits >> 20) % len(words.firms)]}" if (bits >> 24) % 100 < 9 else None
        city, postcode = words.cities[(bits >> 30) % len(words.cities)]
        address: dict[str, str | None] = {
            "company": company, "fullName": name, "street": words.streets[(bits >> 36) % len(words.streets)],
            "houseNumber": str((bits >> 42) % 180 + 1), "city": city, "district": None, "additional": None, "zip": postcode,
            "countryCode": self.profile.country, "regionName": None, "regionShortcut": None,
            "companyId": f"{10_000_000 + (bits >> 4) % 89_999_999}" if company else None,
            "vatId": f"{self.profile.country}{10_000_000 + (bits >> 4) % 89_999_999}" if company else None, "taxId": None,
        }  # fmt: skip
        phone = f"{self.profile.phone_prefix}{600_000_000 + (bits >> 12) % 199_999_999}"
        email = f"{plain(first)}.{plain(last)}{index}@{('post', 'mail', 'box')[(bits >> 50) % 3]}.example"
        return Person(
            index, self.is_registered(index), name, company, email, phone, address, guid(self.seed, PERSON, index)
        )


def plain(name: str) -> str:
    """Return a name as it stands in e-mail addresses."""
    letters = str.maketrans("áäčďéěíĺľňóôöřšťúůüýžßæ", "aacdeeillnooorstuuuyzsa")
    return name.lower().translate(letters).replace(" ", "")


def customer_entity(person: Person, profile: ShopProfile, seed: int, since: datetime) -> dict[str, Any]:
    """Return a registered person as a line of the customers file: some with two accounts, a few with none."""
    bits = throw(seed, ACCOUNT, person.index)
    accounts = [an_account(guid(seed, ACCOUNT, person.index), person.name, person.email, person.phone, main=True)]
    if bits % 100 < 4:
        other = f"nakup{person.index}@firm.example"
        accounts.insert(0, an_account(guid(seed, SECOND_ACCOUNT, person.index), person.name, other, None, main=False))
    elif bits % 100 == 99:
        accounts = []
    deliveries = []
    if (bits >> 8) % 5 == 0:
        kept = {key: value for key, value in person.address.items() if key not in ("companyId", "vatId", "taxId")}
        street = profile.language.streets[(bits >> 16) % len(profile.language.streets)]
        deliveries.append({"guid": guid(seed, DELIVERY, person.index), **kept, "street": street, "isDefault": True})
    group = profile.language.groups[(bits >> 24) % len(profile.language.groups)] if (bits >> 32) % 12 == 0 else None
    moment = since.strftime("%Y-%m-%dT%H:%M:%S%z")
    return {
        "guid": person.guid, "billingAddress": person.address, "deliveryAddress": deliveries, "creationTime": moment,
        "changeTime": moment, "customerGroup": {"id": 1, "name": group} if group else None, "priceList": None, "remark": None,
        "priceRatio": "0.9000" if group else "1.0000", "birthDate": f"19{50 + bits % 50}-0{bits % 9 + 1}-1{bits % 10}"
        if bits % 7 == 0 else None,
        "accounts": accounts, "disabledOrders": False, "remarks": [],
        "adminUrl": f"https://{profile.name}.shop.example/admin/customer/{person.index}",
    }  # fmt: skip


def an_account(account: str, name: str, email: str, phone: str | None, *, main: bool) -> dict[str, Any]:
    return {
        "guid": account, "fullName": name, "email": email, "phone": phone, "mainAccount": main, "authorized": True,
        "emailVerified": True,
    }  # fmt: skip
