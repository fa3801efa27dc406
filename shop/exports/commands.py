"""`flask exports`: what was taken away, and whether a file is still what was sent."""

import json
from pathlib import Path

import click
from sqlalchemy import select

from shop.commands import Refusal, ShopGroup
from shop.db import db
from shop.errors import ShopError
from shop.exports.checking import compared, sha256_of
from shop.exports.models import Export
from shop.exports.queries import export_numbered, export_of_file
from shop.formatting import number

group = ShopGroup("exports", help="What was taken away, and whether a file is still what was sent.")
MOST = 50


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(as_json: bool) -> None:
    """The newest exports."""
    found = db.session.scalars(select(Export).order_by(Export.at.desc(), Export.id.desc()).limit(MOST)).all()
    if as_json:
        click.echo(json.dumps({"exports": [one.as_manifest() for one in found]}, indent=2))
        return
    for one in found:
        held = f"{number(one.rows)} rows" if one.state == "whole" else one.state
        click.echo(f"{one.id}  {one.at:%Y-%m-%d %H:%M} UTC  {one.actor}  {one.query}  {held}  {one.file_name}")


@group.command("check")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--export", "export_id", type=click.IntRange(1, 2**63 - 1), help="Compare with this one.")
def check(path: Path, export_id: int | None) -> None:
    """Compare FILE with the manifest it belongs to; exit code 1 if it is not what was sent."""
    with path.open("rb") as stream:
        sha256 = sha256_of(stream)
        export = export_numbered(export_id) if export_id else export_of_file(sha256, path.name)
        if export is None:
            raise ShopError(f"No export is known with the bytes or the name of {path.name}. Name one: `--export ID`.")
        verdict = compared(stream, sha256, export)
    if not verdict.is_same:
        raise Refusal(f"{path.name} is not what was sent as export {export.id}. {' '.join(verdict.differences)}")
    click.echo(
        f"{path.name} is byte for byte what was sent as export {export.id}: {number(export.rows)} rows, {export.query}."
    )
