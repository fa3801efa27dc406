"""Customer records as staged rows."""

from hashlib import blake2b

from shop.platforms.records import CustomerRecord
from shop.search import fold, vector, words
from shop.snapshots.copying import binary, flag, json, moment, number, text

CUSTOMER_COLUMNS = (
    "line", "source_hash", "content_hash", "guid", "changed_at", "created_at", "email", "name", "company", "phone",
    "city", "country", "group_name", "price_ratio", "remark", "addresses", "search",
)  # fmt: skip


class CustomerMapper:
    """Turns customers into rows of COPY text."""

    def rows(self, customer: CustomerRecord, line: int, source_hash: bytes, *, plain: bool) -> tuple[str, str]:  # noqa: ARG002 - small files; the escape check costs nothing here
        billing = customer.billing_address or {}
        body = "\t".join((
            text(customer.guid), moment(customer.changed_at), moment(customer.created_at), text(customer.email),
            text(customer.name), text(customer.company), text(customer.phone), text(billing.get("city")),
            text(customer.country), text(customer.group), number(customer.price_ratio), text(customer.remark),
            json(addresses(customer)), text(vector(lexemes(customer))),
        )) + "\n"  # fmt: skip
        content = blake2b(body.encode(), digest_size=16).digest()
        return f"{line}\t{binary(source_hash)}\t{binary(content)}\t{body}", ""


def addresses(customer: CustomerRecord) -> dict[str, object]:
    kept = {
        "billing": customer.billing_address,
        "delivery": customer.delivery_addresses or None,
        "emails": [account.email for account in customer.emails if account.email] or None,
        "price_list": customer.price_list,
        "birth_date": customer.birth_date,
        "orders_disabled": flag(customer.orders_disabled) == "t" or None,
        "changes": customer.changes or None,
    }
    return {key: value for key, value in kept.items() if value is not None}


def lexemes(customer: CustomerRecord) -> set[str]:
    found = {fold(account.email) for account in customer.emails if account.email}
    for name in (customer.name, customer.company):
        found.update(words(name or ""))
    if customer.phone:
        found.add("".join(letter for letter in customer.phone if letter.isdigit()))
    return found - {""}
