"""`flask staff`: the people who sign in, from the server's own command line."""

import json
import sys
from collections.abc import Sequence

import click
from flask import current_app

from shop.commands import ShopGroup, one_line_from_stdin
from shop.db import db
from shop.formatting import plural
from shop.staff import links, people
from shop.staff import second_factor as factors
from shop.staff.passwords import invented
from shop.staff.permissions import Role
from shop.staff.queries import Colleague, colleagues
from shop.staff.sealing import reseal_factor

group = ShopGroup("staff", help="The people who sign in: roles, shops, passwords, tokens.")

role_option = click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
shop_option = click.option("--shop", "slugs", multiple=True, metavar="SLUG", help="A shop they see; repeat for more.")
stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input's first line."
)


@group.command("add")
@click.argument("email")
@role_option
@click.option("--name", default="", help="How pages call the person; without it, made from the e-mail.")
@shop_option
@stdin_option
def add(email: str, role: str, name: str, slugs: Sequence[str], password_stdin: bool) -> None:
    """Let EMAIL sign in. Owners see every shop, managers and operators those given."""
    password, was_invented = chosen_password(password_stdin)
    person = people.add_person(email, name, Role(role), slugs, password)
    db.session.commit()
    click.echo(f"{person.email} can sign in as {person.role} and sees {shops_in_words(person.role, slugs)}.")
    tell_password(password, was_invented)


@group.command("shops")
@click.argument("email")
@shop_option
def shops(email: str, slugs: Sequence[str]) -> None:
    """Let EMAIL see exactly the shops given."""
    person = people.known_person(email)
    people.give_shops(person, slugs)
    db.session.commit()
    click.echo(f"{person.email}, {person.role}, sees {shops_in_words(person.role, slugs)}.")


@group.command("personal")
@click.argument("email")
@click.option("--shown/--masked", "shown", required=True, help="Whether EMAIL sees customers' personal data.")
def personal(email: str, shown: bool) -> None:  # click hands it in
    """Show EMAIL customers' names, e-mails, phones and addresses, or mask them. An owner always sees them."""
    person = people.known_person(email)
    people.show_personal(person, shown)
    db.session.commit()
    seen = person.role == Role.OWNER or person.sees_personal
    click.echo(f"{person.email}, {person.role}, sees personal data {'plainly' if seen else 'masked'}.")


@group.command("password")
@click.argument("email")
@stdin_option
def password(email: str, password_stdin: bool) -> None:
    """Change EMAIL's password. Every browser signed in with the old one is signed out."""
    people.known_person(email)
    new, was_invented = chosen_password(password_stdin)
    person = people.set_password(email, new)
    db.session.commit()
    click.echo(f"{person.email} has a new password and is signed out everywhere.")
    tell_password(new, was_invented)


@group.command("token")
@click.argument("email")
def token(email: str) -> None:
    """Print a new personal read-only token for EMAIL. The one before it stops working."""
    made = people.make_token(email)
    db.session.commit()
    click.echo(made)
    click.echo("Shown only now. Send it to .json and .csv addresses as `Authorization: Bearer TOKEN`.", err=True)


@group.command("remove")
@click.argument("email")
def remove(email: str) -> None:
    """Deactivate EMAIL. They are signed out everywhere, their token is dead; the audit trail keeps what they did."""
    person = people.known_person(email)
    people.deactivate(person)
    db.session.commit()
    click.echo(f"{person.email} can no longer sign in. `flask staff add` brings the person back.")


@group.command("link")
@click.argument("email")
def link(email: str) -> None:
    """Print a one-time link with which EMAIL chooses a password. Links made before it stop working."""
    path = people.invite(people.known_person(email))
    db.session.commit()
    click.echo(f"{links.base(current_app.extensions['pult'])}{path}")
    click.echo("Shown only now, and used once. Hand it over in a way that nobody else reads.", err=True)


@group.command("second-factor")
@click.argument("email")
def second_factor(email: str) -> None:
    """Take EMAIL's second factor away, for somebody who lost it and is the only owner."""
    person = people.known_person(email)
    factors.remove(person)
    db.session.commit()
    click.echo(f"{person.email} signs in with the password alone from now on.")


@group.command("reseal")
def reseal() -> None:
    """Seal every second factor under SECRET_KEY that is sealed under SECRET_KEY_BEFORE; may be run again."""
    count = sum(reseal_factor(one.person) for one in colleagues())
    db.session.commit()
    click.echo(f"{plural(count, 'second factor', 'second factors')} sealed anew.")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def everybody(as_json: bool) -> None:
    """Print everybody with role, shops and when they were last seen."""
    known = colleagues()
    if as_json:
        click.echo(json.dumps([as_values(one) for one in known], ensure_ascii=False, indent=2))
        return
    if not known:
        click.echo("Nobody yet. Make the first owner with `flask staff add EMAIL --role owner`.")
    for one in known:
        click.echo(in_words(one))


def chosen_password(from_stdin: bool) -> tuple[str, bool]:
    """Return a password and whether Pult invented it: from standard input, asked for, or made here."""
    if from_stdin:
        return one_line_from_stdin("password"), False
    if sys.stdin.isatty():
        typed: str = click.prompt("Password (empty: Pult makes one)", default="", hide_input=True, show_default=False)
        if typed and click.prompt("Once more", hide_input=True) != typed:
            raise click.UsageError("The two passwords differ. Nothing was changed.")
        return (typed, False) if typed else (invented(), True)
    return invented(), True


def tell_password(made: str, was_invented: bool) -> None:
    if was_invented:
        click.echo(f"Password, shown only now: {made}")


def shops_in_words(role: str, slugs: Sequence[str]) -> str:
    if role == Role.OWNER:
        return "every shop"
    return ", ".join(slugs) or "no shop yet; give some with `flask staff shops EMAIL --shop SLUG`"


def as_values(one: Colleague) -> dict[str, object]:
    seen = one.person.last_seen_at
    return {
        "email": one.person.email,
        "name": one.person.name,
        "role": one.person.role,
        "state": one.person.state,
        "shops": None if one.shops is None else [shop.slug for shop in one.shops],
        "sees_personal": one.person.role == Role.OWNER or one.person.sees_personal,
        "tokens": one.tokens,
        "second_factor": one.person.factor_since is not None,
        "last_seen_at": seen.isoformat() if seen else None,
    }


def in_words(one: Colleague) -> str:
    shops_seen = "every shop" if one.shops is None else ", ".join(shop.slug for shop in one.shops) or "no shop"
    seen = one.person.last_seen_at
    last = f"last seen {seen:%Y-%m-%d %H:%M} UTC" if seen else "not seen yet"
    return f"{one.person.email}  {one.person.name}  {one.person.role}, {one.person.state}  {shops_seen}  {last}"
