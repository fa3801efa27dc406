"""What a customer's page says besides their numbers: how they are called, where they live, why they are one person."""

from collections.abc import Sequence
from datetime import datetime

from shop.customers.models import Customer, CustomerAccount, CustomerMerge
from shop.formatting import moment, plural

Happening = tuple[str, str, str, str]  # tone, what, from where it is known, when


def called(customer: Customer) -> str:
    """Return what to call somebody; a guest may have left nothing at all."""
    return customer.name or customer.company or customer.email or numbered(customer)


def numbered(customer: Customer) -> str:
    return f"Erased customer {customer.id}" if customer.erased_at else f"Customer {customer.id}"


def identity_title(accounts: Sequence[CustomerAccount], merges: Sequence[CustomerMerge]) -> str:
    """Say how many records of the platform this person was made of."""
    count = len(accounts) + len([merge for merge in merges if merge.undone_at is None and not merge.guids])
    return f"One person from {plural(count, 'record', 'records')}" if count > 1 else "One person"


def identity(
    customer: Customer, accounts: Sequence[CustomerAccount], merges: Sequence[CustomerMerge], zone: str, now: datetime
) -> list[Happening]:
    """Return the evidence, newest first: merges, then the accounts, then the e-mail that guest orders are known by."""
    found: list[Happening] = []
    for merge in merges:
        told = f"Merged with customer {merge.from_customer_id}: {merge.evidence}"
        source = f"{plural(len(merge.guids), 'account', 'accounts')} moved here"
        tone = "good" if merge.undone_at is None else ""
        found.append(
            (tone, told if merge.undone_at is None else f"{told}, undone", source, moment(merge.merged_at, zone, now))
        )
    for account in accounts if customer.erased_at is None else ():
        gone = account.deleted_at is not None
        words = "Account that the shop has deleted" if gone else "Account in the shop"
        found.append(("warn" if gone else "good", words, account.guid, moment(account.changed_at, zone, now)))
    if customer.email:
        found.append(("good" if accounts else "", "Orders with this e-mail", customer.email, ""))
    return found


def where(customer: Customer) -> str:
    return ", ".join(filter(None, (customer.city, customer.country)))


def particulars(customer: Customer) -> list[tuple[str, str]]:
    """Return what else the shop says of the person."""
    said = (
        ("Company", customer.company if customer.company != called(customer) else None),
        ("Phone", customer.phone),
        ("Town", where(customer)),
        ("Group", customer.group_name),
        (
            "Pays",
            None if customer.price_ratio in (None, 1) else f"{(customer.price_ratio or 0) * 100:.0f} % of the price",
        ),
        ("Remark", customer.remark),
    )
    return [(label, text) for label, text in said if text]
