"""One line of Shoptet's customer files as a CustomerRecord."""

from datetime import date
from decimal import Decimal

from shop.languages import gettext as _
from shop.platforms.numbers import Numbers
from shop.platforms.records import AccountEmail, CustomerRecord
from shop.platforms.shoptet.fields import (
    LONGEST_NAME,
    changed_time,
    email_of,
    filled,
    key_of,
    name_of,
    number_of,
)
from shop.platforms.shoptet.payloads import Account, Customer
from shop.platforms.strict_json import LineDecoder
from shop.platforms.times import BadTime, read_date


class CustomerReader:
    """Reads lines of one file; one for each run, in one thread at a time."""

    def __init__(self) -> None:
        self.decoder = LineDecoder(Customer, ("customer",))
        self.ratio = Numbers(places=4, below=10_000, rounds=True)

    def __call__(self, raw: bytes) -> CustomerRecord:
        """Return the customer; raises BadRecord."""
        customer, changes = self.decoder.read(raw)
        accounts = customer.accounts or []
        emails = [email_account(account, index) for index, account in enumerate(accounts)]
        billing = filled(customer.billing_address)
        deliveries = [kept for address in customer.delivery_address or () if (kept := filled(address))]
        where = billing or (deliveries[0] if deliveries else {})
        main = next((account for account in accounts if account.main_account), accounts[0] if accounts else None)
        name = where.get("fullName") or (main and main.full_name) or where.get("company")
        return CustomerRecord(
            guid=key_of(customer.guid, "$.guid"),
            created_at=changed_time(customer.creation_time, "$.creationTime", changes),
            changed_at=changed_time(customer.change_time, "$.changeTime", changes),
            name=name[:LONGEST_NAME] if name else None,
            company=where.get("company", "")[:LONGEST_NAME] or None,
            email=leading_email(emails),
            emails=emails,
            phone=next((account.phone for account in [main, *accounts] if account and account.phone), None),
            country=where.get("countryCode", "").upper() or None,
            city=where.get("city"),
            billing_address=billing,
            delivery_addresses=deliveries,
            group=name_of(customer.customer_group),
            price_list=name_of(customer.price_list),
            price_ratio=self.price_ratio(customer, changes),
            remark=customer.remark or None,
            birth_date=birth_date(customer.birth_date, changes),
            orders_disabled=customer.disabled_orders,
            changes=changes,
        )

    def price_ratio(self, customer: Customer, changes: list[str]) -> Decimal | None:
        ratio = number_of(customer.price_ratio, self.ratio, "$.priceRatio")
        if self.ratio.rounded:
            self.ratio.rounded = False
            changes.append(
                _(
                    "%(place)s: %(given)s rounded to %(kept)s",
                    place="priceRatio",
                    given=customer.price_ratio,
                    kept=ratio,
                )
            )
        return ratio


def email_account(account: Account, index: int) -> AccountEmail:
    path = f"$.accounts[{index}]"
    return AccountEmail(
        key_of(account.guid, f"{path}.guid"), email_of(account.email, f"{path}.email"), bool(account.main_account)
    )


def birth_date(given: str | None, changes: list[str]) -> date | None:
    """Return the day; an impossible one (0000-00-00) is left out and noted, it decides nothing."""
    if not given:
        return None
    try:
        return read_date(given)
    except BadTime:
        changes.append(_("%(place)s: %(given)s left out, it is not a date", place="birthDate", given=given[:40]))
        return None


def leading_email(accounts: list[AccountEmail]) -> str | None:
    """Return the e-mail of the main account, else the first there is: Shoptet has none at the top."""
    by_rank = sorted(accounts, key=lambda account: not account.main)
    return next((account.email for account in by_rank if account.email), None)
