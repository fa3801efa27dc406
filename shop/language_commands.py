"""`flask languages`: for whoever translates. It brings the catalogues up to the sources and tells what lacks."""

import click
from flask import Flask
from flask.cli import AppGroup

from shop import sentences

group = AppGroup("languages", help="Catalogues of translated sentences.")


@group.command("update")
def update() -> None:
    """Write the catalogues anew from the sources: translations stay, what nobody says any more goes."""
    found = sentences.everything()
    for code in sentences.TRANSLATED:
        lacking = {part: count for part, count in sentences.update(code, found).items() if count}
        click.echo(f"{code}: {len(found.messages)} sentences, {sum(lacking.values())} of them not translated yet.")
        for part, count in sorted(lacking.items()):
            click.echo(f"  {part}.po: {count}")


def register(app: Flask) -> None:
    app.cli.add_command(group)
