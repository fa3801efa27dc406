"""What a customer of Shoptet means: accounts, e-mails, addresses."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from shop.platforms.records import AccountEmail, BadRecord
from tests.platforms.lines import a_customer, an_account, read_customer


def test_a_customer_is_read_with_everything_that_is_kept() -> None:
    customer = read_customer(
        a_customer(customerGroup={"id": 1, "name": "VIP"}, priceList={"id": 1, "name": "Ceník"}, remark="kind",
                   birthDate="2017-04-04", disabledOrders=True)
    )  # fmt: skip
    assert (customer.name, customer.company, customer.city, customer.country) == ("Jana Testová", None, "Brno", "CZ")
    assert (customer.group, customer.price_list, customer.remark, customer.orders_disabled) == (
        "VIP",
        "Ceník",
        "kind",
        True,
    )
    assert (customer.price_ratio, customer.birth_date) == (Decimal("0.7800"), date(2017, 4, 4))
    assert customer.changed_at == datetime(2025, 5, 29, 7, 2, 27, tzinfo=UTC)
    assert (customer.phone, customer.changes) == ("+420777888999", [])


def test_the_main_accounts_email_leads_wherever_it_stands() -> None:
    accounts = [an_account("a@example.com", main=False, guid="1"), an_account(" B@Example.com ", guid="2")]
    customer = read_customer(a_customer(accounts=accounts))
    assert customer.email == "b@example.com"
    assert customer.emails == [
        AccountEmail("1", "a@example.com", main=False),
        AccountEmail("2", "b@example.com", main=True),
    ]


@pytest.mark.parametrize(
    ("accounts", "email"),
    [
        ([], None),
        (None, None),
        (
            [an_account("first@example.com", main=False), an_account("second@example.com", main=False, guid="b")],
            "first@example.com",
        ),
        ([an_account(None), an_account("second@example.com", main=False, guid="b")], "second@example.com"),
        ([an_account("  ")], None),
    ],
)
def test_without_a_main_account_the_first_email_leads(accounts: list[dict[str, Any]] | None, email: str | None) -> None:
    assert read_customer(a_customer(accounts=accounts)).email == email


def test_delivery_addresses_are_many_and_keep_what_is_filled() -> None:
    addresses = [{"guid": "x", "street": "Dlouhá", "city": None, "isDefault": True}, {"guid": "y", "city": "Zlín"}, {}]
    assert read_customer(a_customer(deliveryAddress=addresses)).delivery_addresses == [
        {"street": "Dlouhá"},
        {"city": "Zlín"},
    ]


def test_what_shoptet_may_leave_null_or_out_is_null() -> None:
    for customer in (read_customer({"guid": "g"}), read_customer(dict.fromkeys(a_customer()) | {"guid": "g"})):
        assert (customer.name, customer.email, customer.price_ratio, customer.orders_disabled) == (None,) * 4
        assert (customer.emails, customer.delivery_addresses, customer.changes) == ([], [], [])


def test_a_customer_without_a_name_has_the_accounts_or_the_companys() -> None:
    assert read_customer(a_customer(billingAddress=None)).name == "Jana"
    assert read_customer(a_customer(billingAddress={"company": "Firma a.s."}, accounts=[])).name == "Firma a.s."


@pytest.mark.parametrize("birth", ["0000-00-00", "soon", "1980-02-30"])
def test_an_impossible_birthday_is_left_out_and_noted(birth: str) -> None:
    customer = read_customer(a_customer(birthDate=birth))
    assert (customer.birth_date, customer.changes) == (None, [f"birthDate: {birth} left out, it is not a date"])


def test_an_impossible_time_of_registration_is_left_out_and_noted() -> None:
    customer = read_customer(a_customer(creationTime="1970-01-01T01:00:00+0100"))
    assert customer.created_at is None
    assert customer.changes == ["creationTime: 1970-01-01T01:00:00+0100 left out, it cannot be true"]


@pytest.mark.parametrize(
    ("more", "code", "path"),
    [
        ({"guid": None}, "missing_field", "$.guid"),
        ({"guid": " "}, "missing_field", "$.guid"),
        ({"accounts": [an_account(), an_account(guid="")]}, "missing_field", "$.accounts[1].guid"),
        ({"accounts": [an_account(), {"email": "x"}]}, "missing_field", "$.accounts[1].guid"),
        ({"priceRatio": "a lot"}, "bad_number", "$.priceRatio"),
        ({"deliveryAddress": {"city": "Brno"}}, "bad_value", "$.deliveryAddress"),
        ({"accounts": [an_account("x" * 321 + "@example.com")]}, "too_long", "$.accounts[0].email"),
    ],
)
def test_a_bad_customer_is_refused_where_it_is_bad(more: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(BadRecord) as bad:
        read_customer(a_customer(**more))
    assert (bad.value.code, bad.value.path) == (code, path)
