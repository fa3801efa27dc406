"""What a customer's page says besides their numbers: how they are called, where they live, why they are one person."""

from collections.abc import Sequence
from datetime import datetime

from shop.customers.models import Customer, CustomerAccount, CustomerMerge
from shop.formatting import moment, plural
from shop.languages import gettext as _
from shop.languages import retold

Happening = tuple[str, str, str, str]  # tone, what, from where it is known, when


def called(customer: Customer) -> str:
    """Return what to call somebody; a guest may have left nothing at all."""
    return customer.name or customer.company or customer.email or numbered(customer)


def numbered(customer: Customer) -> str:
    if customer.erased_at:
        return _("Erased customer %(number)s", number=customer.id)
    return _("Customer %(number)s", number=customer.id)


def identity_title(accounts: Sequence[CustomerAccount], merges: Sequence[CustomerMerge]) -> str:
    """Say how many records of the platform this person was made of."""
    count = len(accounts) + len([merge for merge in merges if merge.undone_at is None and not merge.guids])
    if count <= 1:
        return _("One person")
    return _("One person from %(records)s", records=plural(count, "record", "records"))


def identity(
    customer: Customer, accounts: Sequence[CustomerAccount], merges: Sequence[CustomerMerge], zone: str, now: datetime
) -> list[Happening]:
    """Return the evidence, newest first: merges, then the accounts, then the e-mail that guest orders are known by."""
    found: list[Happening] = []
    for merge in merges:
        source = _("%(accounts)s moved here", accounts=plural(len(merge.guids), "account", "accounts"))
        tone = "good" if merge.undone_at is None else ""
        found.append((tone, merged(merge), source, moment(merge.merged_at, zone, now)))
    for account in accounts if customer.erased_at is None else ():
        gone = account.deleted_at is not None
        words = _("Account that the shop has deleted") if gone else _("Account in the shop")
        found.append(("warn" if gone else "good", words, account.guid, moment(account.changed_at, zone, now)))
    if customer.email:
        found.append(("good" if accounts else "", _("Orders with this e-mail"), customer.email, ""))
    return found


def merged(merge: CustomerMerge) -> str:
    """Say with whom and why; the evidence is a sentence that a run has stored."""
    values = {"customer": merge.from_customer_id, "evidence": retold(merge.evidence)}
    if merge.undone_at is None:
        return _("Merged with customer %(customer)s: %(evidence)s", **values)
    return _("Merged with customer %(customer)s: %(evidence)s, undone", **values)


def where(customer: Customer) -> str:
    return ", ".join(filter(None, (customer.city, customer.country)))


def particulars(customer: Customer) -> list[tuple[str, str]]:
    """Return what else the shop says of the person."""
    ratio = customer.price_ratio
    pays = None if ratio in (None, 1) else _("%(percent)s %% of the price", percent=f"{(ratio or 0) * 100:.0f}")
    known = (
        (_("Company"), customer.company if customer.company != called(customer) else None),
        (_("Phone"), customer.phone),
        (_("Town"), where(customer)),
        (_("Group"), customer.group_name),
        (_("Pays"), pays),
        (_("Remark"), customer.remark),
    )
    return [(label, text) for label, text in known if text]
