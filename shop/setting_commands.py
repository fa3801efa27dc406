"""`flask settings`: list the run-time options, read one, change one, bring one back to its default."""

import json
from typing import Any

import click
from flask import Flask

from shop import setting_effects
from shop.commands import ShopGroup, one_line_from_stdin
from shop.db import db
from shop.errors import ShopError
from shop.settings.changing import Change, change, check_scope, option_named, restore_default
from shop.settings.options import Option
from shop.settings.standing import Standing, as_fields, standings
from shop.shops.models import Shop
from shop.shops.queries import all_shops, shop_by_slug

group = ShopGroup("settings", help="Run-time options: list, read, change, bring back to the default.")
OF_SHOP = click.option("--shop", "slug", help="Whose, for an option that has a value for each shop.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
VALUES_MAY_BEGIN_WITH_A_MINUS = {"ignore_unknown_options": True}


@group.command("list")
@OF_SHOP
@AS_JSON
def everything(slug: str | None, as_json: bool) -> None:
    """Print every option with its value; what was changed has a star."""
    shops = [known(slug)] if slug else all_shops()
    found: list[tuple[Shop | None, Standing]] = [] if slug else [(None, one) for one in standings()]
    found += [(shop, one) for shop in shops for one in standings(shop)]
    if as_json:
        click.echo(
            json.dumps(
                [as_fields(one, shop.slug if shop else None) for shop, one in found], ensure_ascii=False, indent=2
            )
        )
        return
    for shop, one in found:
        star = " " if one.is_default else "*"
        click.echo(f"{star} {one.option.key:<32} {shop.slug if shop else '—':<16} {shown(one)}")
        if one.problem:
            click.echo(f"  ✗ {one.problem} The default holds.")


@group.command("get")
@click.argument("key")
@OF_SHOP
@AS_JSON
def get(key: str, slug: str | None, as_json: bool) -> None:
    """Print the value of KEY as `set` takes it; of a secret only whether it is set."""
    option, shop = asked(key, slug)
    one = next(one for one in standings(shop) if one.option is option)
    if as_json:
        click.echo(json.dumps(as_fields(one, shop.slug if shop else None), ensure_ascii=False, indent=2))
    else:
        click.echo(one.words if option.is_secret or one.written == "" else one.written)


@group.command("set", context_settings=VALUES_MAY_BEGIN_WITH_A_MINUS)
@click.argument("key")
@click.argument("value", required=False)
@OF_SHOP
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the value from standard input's first line.")
@AS_JSON
def put(key: str, value: str | None, slug: str | None, from_stdin: bool, as_json: bool) -> None:
    """Give KEY the VALUE. A secret comes on standard input, as others can see what stands on a command line."""
    option, shop = asked(key, slug)
    if from_stdin and value is None:
        value = one_line_from_stdin("value")
    elif option.is_secret:
        raise ShopError(f"{key} is a secret. Nothing was changed; hand it in with --stdin.")
    if value is None:
        raise ShopError(
            f"No value was given. Nothing was changed; `flask settings reset {key}` brings the default back."
        )
    given = option.kind.read(value)
    setting_effects.check(option, given, shop)
    carry_out(option, shop, change(option, given, shop), as_json)


@group.command("reset")
@click.argument("key")
@OF_SHOP
@AS_JSON
def reset(key: str, slug: str | None, as_json: bool) -> None:
    """Bring KEY back to its default."""
    option, shop = asked(key, slug)
    carry_out(option, shop, restore_default(option, shop), as_json)


def carry_out(option: Option[Any], shop: Shop | None, changed: Change, as_json: bool) -> None:
    run_id = setting_effects.ask_for_followers(option, shop)
    db.session.commit()
    setting_effects.wake(run_id)
    if as_json:
        one = next(one for one in standings(shop) if one.option is option)
        click.echo(
            json.dumps(
                as_fields(one, shop.slug if shop else None) | {"before": changed.before, "after": changed.after},
                indent=2,
            )
        )
    elif changed.is_none:
        click.echo(f"{option.key} is {changed.after} already.")
    else:
        click.echo(f"{option.key}: {changed.before} → {changed.after}. {option.effect}")


def asked(key: str, slug: str | None) -> tuple[Option[Any], Shop | None]:
    option, shop = option_named(key), known(slug) if slug else None
    check_scope(option, shop)
    return option, shop


def known(slug: str) -> Shop:
    shop = shop_by_slug(slug)
    if shop is None:
        raise ShopError(f"There is no shop {slug}. Nothing was changed; `flask shops list` shows which there are.")
    return shop


def shown(one: Standing) -> str:
    return (
        one.words
        if one.is_default or not one.changed_by
        else f"{one.words}  (default {one.default_words}; {one.changed_by})"
    )


def register(app: Flask) -> None:
    app.cli.add_command(group)
