"""`flask shops`: connect shops, list them, check, register webhooks, replace tokens, pause and resume them."""

import json
from collections.abc import Callable
from typing import Any

import click
from flask import current_app

from shop.commands import ShopGroup, one_line_from_stdin
from shop.config import Config
from shop.db import db
from shop.errors import ShopError
from shop.platforms.remote import Outcome, Step
from shop.settings import resealing as settings
from shop.shops import checking, webhook_registration
from shop.shops.connecting import Connection, connect, pause, replace_token, resume
from shop.shops.credentials import Credentials
from shop.shops.models import Shop
from shop.shops.queries import all_shops, locked_shop, shop_by_slug
from shop.shops.resealing import reseal, unreadable
from shop.shops.telling import as_values, learned_lines, report_values

group = ShopGroup("shops", help="The e-shops: connect, list, check, replace tokens, register webhooks, pause, resume.")
SIGNS = {Outcome.OK: "✓", Outcome.WARNING: "·", Outcome.FAILED: "✗"}
TOKEN_OPTIONS = (
    click.option("--token", help="The shop's private token. Others on this machine can see it; prefer --token-stdin."),
    click.option("--token-stdin", is_flag=True, help="Read the private token from standard input's first line."),
    click.option("--oauth-token-stdin", is_flag=True, help="Read an addon's OAuth token from there instead."),
    click.option("--token-url", help="Where the addon's token is exchanged for access tokens."),
)


def with_token(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(TOKEN_OPTIONS):
        command = option(command)
    return command


@group.command("add")
@click.argument("slug")
@click.option("--platform", required=True, help="Whose software the shop runs on, as in shoptet.")
@click.option("--name", default="", help="How pages call the shop; without it, made from the slug.")
@click.option("--base-url", help="The address of the API: only for the simulator. Without it, the platform's own.")
@with_token
@click.option("--currency", required=True, help="What the shop keeps its books in, as in CZK.")
@click.option("--timezone", required=True, help="Whose days its days are, as in Europe/Prague.")
def add(
    token: str | None, token_stdin: bool, oauth_token_stdin: bool, token_url: str | None, **words: Any
) -> None:  # fmt: skip
    """Connect the shop SLUG. Its token is kept sealed and never shown again; its platform is not called yet."""
    credentials = handed_in(token, token_stdin, oauth_token_stdin, token_url, "No shop was added.")
    shop = connect(Connection(credentials=credentials, **words), config().secret_key)
    db.session.commit()
    click.echo(f"{shop.name} is connected as {shop.slug}: {shop.platform}, {shop.currency}, {shop.timezone}.")
    if shop.credentials:
        click.echo(f"Its platform was not asked yet. Do so with: flask shops check {shop.slug}")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def everything(as_json: bool) -> None:
    """Print every shop, and what is wrong with it."""
    shops = all_shops()
    if as_json:
        click.echo(json.dumps([as_values(shop) for shop in shops], ensure_ascii=False, indent=2))
        return
    if not shops:
        click.echo(
            "No shop yet. Connect one: flask shops add SLUG --platform shoptet --currency CZK --timezone Europe/Prague"
        )
    for shop in shops:
        token = "token" if shop.credentials else "no token"
        click.echo(
            f"{shop.slug}  {shop.name}  {shop.platform}  {shop.currency}  {shop.timezone}  {shop.state}  {token}"
        )
        if shop.problem:
            click.echo(f"  ✗ {shop.problem}")


@group.command("check")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(slug: str, as_json: bool) -> None:
    """Ask the platform of SLUG step by step whether all is well, and keep what it says of the shop."""
    shop = known(slug)
    report = checking.ask(shop, config(), db.session.commit)
    checking.keep(shop, report)
    db.session.commit()
    if as_json:
        click.echo(json.dumps(report_values(shop, report), ensure_ascii=False, indent=2))
    else:
        for step in report.steps:
            tell(step)
        for line in learned_lines(report.learned or {}):
            click.echo(line)
    if report.failed:
        raise SystemExit(1)


@group.command("webhook")
@click.argument("slug")
@click.option("--url", default="", help="Another address than this installation's own (PULT_BASE_URL).")
@click.option("--replace", is_flag=True, help="Take away the address that is registered now, whosever it is.")
def webhook(slug: str, url: str, replace: bool) -> None:
    """Let the platform tell Pult of finished exports, and renew the key of its signatures."""
    shop = known(slug)
    registered = webhook_registration.register(shop, config(), url, replace=replace, let_go=db.session.commit)
    webhook_registration.keep(shop, registered, config().secret_key)
    db.session.commit()
    click.echo(registered.in_words(shop))


@group.command("token")
@click.argument("slug")
@with_token
def token(
    slug: str, token: str | None, token_stdin: bool, oauth_token_stdin: bool, token_url: str | None
) -> None:  # fmt: skip
    """Replace the token of SLUG. No token is ever shown."""
    shop = known(slug)
    credentials = handed_in(token, token_stdin, oauth_token_stdin, token_url, "Nothing was changed.")
    replace_token(shop, credentials, config().secret_key)
    db.session.commit()
    click.echo(f"{shop.name} has a new token. Check it with: flask shops check {shop.slug}")


@group.command("reseal")
def reseal_all() -> None:
    """Seal every secret under SECRET_KEY that is sealed under SECRET_KEY_BEFORE; may be stopped and run again."""
    values, lost = 0, []
    for id_ in [shop.id for shop in all_shops()]:
        shop = locked_shop(id_)
        values += reseal(shop, config().secret_key)
        lost += [f"the {noun} of {shop.slug}" for noun in unreadable(shop, config().secret_key)]
        db.session.commit()
    values += settings.reseal(config().secret_key)
    db.session.commit()
    lost += settings.unreadable(config().secret_key)
    click.echo(f"{values} sealed anew.")
    if lost:
        raise ShopError(
            f"No key opens {', '.join(lost)}. They were left as they are; bring their key back as SECRET_KEY_BEFORE and "
            "run this again, or hand the token in again and register the webhook; a secret setting is set again."
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


def handed_in(
    token: str | None, token_stdin: bool, oauth_token_stdin: bool, token_url: str | None, kept: str
) -> Credentials:  # fmt: skip
    """Return what the options bring. Standard input has one first line, so one token comes from there at most."""
    if bool(token) + token_stdin + oauth_token_stdin > 1:
        raise ShopError(
            f"The token comes either with --token or with --token-stdin or with --oauth-token-stdin. {kept}"
        )
    if oauth_token_stdin:
        return Credentials(oauth_token=one_line_from_stdin("token").strip(), token_url=token_url or "")
    private = one_line_from_stdin("token") if token_stdin else token or ""
    return Credentials(token=private.strip(), token_url=token_url or "")


def tell(step: Step) -> None:
    click.echo(f"{SIGNS[step.outcome]} {step.name}: {step.sentence}")
    if step.mend:
        click.echo(f"  → {step.mend}")


def config() -> Config:
    found: Config = current_app.extensions["pult"]
    return found
