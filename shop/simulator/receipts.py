"""Writes a whole order as one line of a snapshot file."""

from functools import cache
from zlib import crc32

import msgspec

from shop.simulator.baskets import CANCELLED, Draft
from shop.simulator.dice import guid
from shop.simulator.profiles import ShopProfile
from shop.simulator.writing import moment, money, text

METHOD = 31  # kind of guids
FIRST_ITEM = 1_000_000  # the shop's numbers of lines; sixteen are kept free for each order

NO_ADDRESS = (
    '{"company":null,"fullName":null,"street":null,"houseNumber":null,"city":null,"zip":null,"countryCode":null}'
)


def order_line(draft: Draft, profile: ShopProfile, *, notes: bool = True) -> bytes:
    """Return the order with its line feed. A cancelled one has a header of zeros; its lines keep their prices."""
    words, person = profile.language, draft.person
    gross = draft.gross
    net = 0 if draft.status == CANCELLED else sum(row.net for row in draft.rows)
    first = FIRST_ITEM + draft.index * 16
    status = f'{{"id":{draft.status},"name":{text(words.statuses[draft.status])}}}'
    items = ",".join(f'{row.head}{first + at}{row.tail}"status":{status}}}' for at, row in enumerate(draft.rows))
    return (
        f'{{"code":"{draft.code}","guid":{text(draft.guid)},"externalCode":null,'
        f'"creationTime":"{moment(draft.placed_at)}","changeTime":"{moment(draft.changed_at)}",'
        f'"email":{text(draft.email)},"phone":{text(person.phone if person else None)},"birthDate":null,'
        f'"clientIPAddress":null,"customerGuid":{text(draft.customer_guid)},'
        f'"cashDeskOrder":{"true" if draft.cash_desk else "false"},"stockId":1,"addressesEqual":true,"vatPayer":true,'
        f'"vatMode":"Normal","billingMethod":{{"id":{draft.billing_id},"name":{text(draft.payment)}}},'
        f'"paymentMethod":{named(draft.payment)},"shipping":{named(draft.shipping)},'
        f'"adminUrl":"https://{profile.name}.shop.example/admin/order/{draft.index}","status":{status},'
        f'"source":{{"id":{1000 if draft.cash_desk else -1},"name":{text(words.counter if draft.cash_desk else words.web)}}},'
        f'"price":{{"vat":"{money(gross - net)}","toPay":"{money(to_pay(gross, draft.currency))}",'
        f'"currencyCode":"{draft.currency}","withoutVat":"{money(net)}","withVat":"{money(gross)}",'
        f'"exchangeRate":"{draft.rate}"}},"paid":{draft.paid},"billingAddress":{address(draft)},"deliveryAddress":null,'
        f'"onlinePaymentLink":null,"language":"{words.code}","referer":null,"items":[{items}],'
        f'{noted(draft) if notes else ""}"completion":[{",".join(completion(draft, first))}]}}\n'
    ).encode()


def to_pay(gross: int, currency: str) -> int:
    """Return what is asked for: crowns are rounded to whole ones, the header's total is not."""
    return (gross + 50) // 100 * 100 if currency == "CZK" else gross


def noted(draft: Draft) -> str:
    return (
        f'"notes":{{"customerRemark":{text(draft.remark)},"eshopRemark":null,"trackingNumber":{text(draft.tracking)},'
        f'"trackingUrl":null,"additionalFields":[]}},'
    )


def named(name: str | None) -> str:
    return f'{{"guid":"{method_guid(name)}","name":{text(name)}}}' if name else "null"


@cache
def method_guid(name: str) -> str:
    """Return the guid of a way to ship or to pay, which follows from its name."""
    return guid(crc32(name.encode()), METHOD, 0)


def address(draft: Draft) -> str:
    if draft.person is None:
        return NO_ADDRESS
    return msgspec.json.encode(draft.person.address | {"countryCode": draft.country}).decode()


def completion(draft: Draft, first: int) -> list[str]:
    """Return the rows of completion[]: every line of goods again, and under a set its parts, which stand nowhere else."""
    rows = []
    for at, row in enumerate(draft.rows):
        if row.repeated:
            rows.append(f'{row.repeated}{first + at},"amountCompleted":null}}')
            rows.extend(f"{part}{first + at}}}" for part in row.parts)
    return rows
