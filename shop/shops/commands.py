"""`flask shops`: connect shops, list them, check, pause and resume them."""

import json

import click
from flask import current_app

from shop.commands import ShopGroup, one_line_from_stdin
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.shops.connecting import Connection, connect, pause, resume
from shop.shops.models import Shop
from shop.shops.queries import all_shops, shop_by_slug
from shop.shops.secrets import unseal

group = ShopGroup("shops", help="The e-shops: connect, list, check, pause, resume.")


@group.command("add")
@click.argument("slug")
@click.option("--platform", required=True, help="Whose software the shop runs on, as in shoptet.")
@click.option("--name", default="", help="How pages call the shop; without it, made from the slug.")
@click.option("--base-url", help="Where the shop answers, as in https://www.example.com.")
@click.option("--token", help="The platform's token. Others on this machine can see it; prefer --token-stdin.")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input's first line.")
@click.option("--currency", required=True, help="What the shop keeps its books in, as in CZK.")
@click.option("--timezone", required=True, help="Whose days its days are, as in Europe/Prague.")
def add(token: str | None, token_stdin: bool, **words: str) -> None:
    """Connect the shop SLUG. Its token is kept sealed and never shown again."""
    if token and token_stdin:
        raise ShopError("The token comes either with --token or with --token-stdin. No shop was added.")
    if token_stdin:
        token = one_line_from_stdin("token")
    shop = connect(Connection(token=token, **words), secret_key())
    db.session.commit()
    click.echo(f"{shop.name} is connected as {shop.slug}: {shop.platform}, {shop.currency}, {shop.timezone}.")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def everything(as_json: bool) -> None:
    """Print every shop."""
    shops = all_shops()
    if as_json:
        click.echo(json.dumps([as_values(shop) for shop in shops], ensure_ascii=False, indent=2))
        return
    if not shops:
        click.echo(
            "No shop yet. Connect one: flask shops add SLUG --platform shoptet --currency CZK --timezone Europe/Prague"
        )
    for shop in shops:
        address = shop.base_url or "no address"
        click.echo(
            f"{shop.slug}  {shop.name}  {shop.platform}  {shop.currency}  {shop.timezone}  {shop.state}  {address}"
        )


@group.command("check")
@click.argument("slug")
def check(slug: str) -> None:
    """Check what is known of SLUG, and that its platform answers for the same shop."""
    shop = known(slug)
    token = unseal(shop, secret_key()).get("token")
    click.echo(f"✓ {shop.name}: {shop.platform}, {shop.currency}, {shop.timezone}, {shop.state}")
    click.echo("✓ its token can be read" if token else "· it has no token")
    if not token or not shop.base_url:
        raise ShopError(
            f"{shop.slug} has no connection yet: {missing(shop, token)}. Stored snapshot files can be loaded."
        )
    raise ShopError(
        f"{shop.platform} was not asked: this version of Pult loads stored snapshot files and does not call the platform. "
        "Nothing is wrong with what is known of the shop."
    )


@group.command("pause")
@click.argument("slug")
def pause_shop(slug: str) -> None:
    """Stop fetching from SLUG; its numbers stay."""
    shop = known(slug)
    pause(shop)
    db.session.commit()
    click.echo(f"{shop.name} is paused.")


@group.command("resume")
@click.argument("slug")
def resume_shop(slug: str) -> None:
    """Fetch from SLUG again."""
    shop = known(slug)
    resume(shop)
    db.session.commit()
    click.echo(f"{shop.name} is active again.")


def known(slug: str) -> Shop:
    shop = shop_by_slug(slug)
    if shop is None:
        raise ShopError(f"There is no shop {slug}. Nothing was changed; `flask shops list` shows which there are.")
    return shop


def missing(shop: Shop, token: str | None) -> str:
    return " and ".join(words for words, there in (("no token", token), ("no base URL", shop.base_url)) if not there)


def secret_key() -> str:
    config: Config = current_app.extensions["pult"]
    return config.secret_key


def as_values(shop: Shop) -> dict[str, object]:
    return {
        "slug": shop.slug,
        "name": shop.name,
        "platform": shop.platform,
        "base_url": shop.base_url,
        "currency": shop.currency,
        "timezone": shop.timezone,
        "state": shop.state,
        "has_token": shop.credentials is not None,
        "created_at": shop.created_at.isoformat(),
    }
