"""`flask privacy`: people erased on request, and kept erased."""

import json

import click
from flask import current_app

from shop.audit.recording import Action, record
from shop.commands import ShopGroup
from shop.config import Config
from shop.customers import erasure_keys
from shop.customers.queries import customer_of
from shop.customers.sheet import called
from shop.db import db
from shop.errors import ShopError
from shop.formatting import plural
from shop.privacy import applying, erasing, rewriting
from shop.privacy.queries import erasures, preview_of
from shop.shops.queries import shop_by_slug

group = ShopGroup("privacy", help="People erased on request, and kept erased.")


def settings() -> Config:
    config: Config = current_app.extensions["pult"]
    return config


@group.command("erase")
@click.argument("slug")
@click.argument("customer_id", type=click.IntRange(1, 2**63 - 1))
@click.option("--confirm", "typed", type=int, help="The customer's number once more, instead of being asked for it.")
def erase(slug: str, customer_id: int, typed: int | None) -> None:
    """Erase the customer with this number from the shop SLUG: every attribute goes, the amounts stay."""
    shop = shop_by_slug(slug)
    if shop is None:
        raise ShopError(f"There is no shop {slug}. Nothing was changed; `flask shops list` shows them.")
    customer = customer_of(shop.id, customer_id)
    if customer is None:
        raise ShopError(
            f"{slug} has no customer {customer_id}. Nothing was changed; the number stands in the page's address."
        )
    if customer.erased_at is not None:
        raise ShopError(f"Customer {customer_id} of {slug} was erased already. Nothing was changed.")
    told = preview_of(customer)
    click.echo(
        f"{called(customer)}, customer {customer_id} of {slug}: {plural(told.orders, 'order', 'orders')}, {told.spent} {shop.currency}."
    )
    click.echo(
        f"Name, e-mail, phone, addresses and notes go for good. {plural(told.files, 'stored file', 'stored files')} will be looked through."
    )
    if typed is None:
        typed = click.prompt("To erase, type the customer's number", type=int)
    if typed != customer_id:
        raise ShopError("That is not the number of this customer. Nothing was changed.")
    done = erasing.erase(shop, customer_id, settings())
    click.echo(
        f"Erased. {plural(done.orders, 'order keeps its', 'orders keep their')} amounts; {plural(done.files, 'stored file waits', 'stored files wait')} to be written anew."
    )


@group.command("apply")
def apply() -> None:
    """Erase again whoever was erased before, after an older copy was restored."""
    done = applying.apply(settings())
    click.echo(
        f"{plural(len(done), 'person was', 'people were')} erased again." if done else "Everybody who was erased is."
    )


@group.command("rewrite")
def rewrite() -> None:
    """Write stored snapshot files anew without the people who were erased, now."""
    done = rewriting.rewrite(settings())
    click.echo(
        f"{plural(done.files, 'file', 'files')} looked through, {plural(done.lines, 'line', 'lines')} without their person now."
    )
    if done.busy:
        click.echo(f"{plural(done.busy, 'file is', 'files are')} being loaded, and will be next time.")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(as_json: bool) -> None:
    """Every erasure; it names nobody."""
    found = erasures()
    if as_json:
        rows = [
            {"shop": one.shop, "guid": one.guid, "erased_at": one.erased_at.isoformat(), "marks": one.marks}
            for one in found
        ]
        click.echo(json.dumps({"erasures": rows}, indent=2))
        return
    for one in found:
        click.echo(f"{one.erased_at:%Y-%m-%d %H:%M} UTC  {one.shop}  {one.guid}  {plural(one.marks, 'mark', 'marks')}")


@group.command("reseal")
def reseal() -> None:
    """Seal the key of the marks under a changed SECRET_KEY."""
    count = erasure_keys.reseal()
    if count:
        record(Action.ERASURE_KEY_RESEALED, "erasures", values=count)
    db.session.commit()
    click.echo(f"{plural(count, 'key', 'keys')} sealed anew." if count else "Nothing was under the key before.")
