"""`flask boundaries`: the role of pages and what it may do, made again where something of it is missing."""

import click
from flask import Flask

from shop import granting
from shop.boundary_findings import drift
from shop.commands import ShopGroup
from shop.db import raw_connection
from shop.errors import ShopError

group = ShopGroup("boundaries", help="What PostgreSQL itself lets pages see.")


@group.command("renew")
def renew() -> None:
    """Make the role of pages, its rights, policies and views as this version wants them."""
    with raw_connection(autocommit=True) as connection:
        granting.renew(connection)
        left = list(drift(connection))
    if left:
        raise ShopError(
            f"{left[0]} It was not mended by this: run `flask db upgrade`, or ask whoever changed it by hand."
        )
    click.echo("Pages see their shops alone.")


def register(app: Flask) -> None:
    app.cli.add_command(group)
