"""Writes a made-up shop's files: `python -m shop.simulator.write --profile cz --orders 10000 --seed 1 --out DIR`."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from shop.simulator.generator import generate
from shop.simulator.profiles import PROFILES

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="cz", show_default=True, help="Kind of shop.")
@click.option("--orders", type=click.IntRange(min=0), default=10_000, show_default=True, help="How many orders.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same shop.")
@click.option("--start", type=DAY, default="2024-01-01", show_default=True, help="First day.")
@click.option("--end", type=DAY, default="2025-12-31", show_default=True, help="Last day.")
@click.option("--untidy", is_flag=True, help="Repeat some orders and shuffle the lines.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files.")
def write(*, profile: str, orders: int, seed: int, start: datetime, end: datetime, untidy: bool, out: Path) -> None:
    """Write orders, customers and products of a made-up shop, and beside them the figures they must give."""
    if end < start:
        raise click.BadParameter("The last day lies before the first.", param_hint="--end")
    kind_of_shop = PROFILES[profile].untidy() if untidy else PROFILES[profile]
    shop = generate(kind_of_shop, orders, seed, start.date(), end.date())
    for path in shop.write(out).values():
        click.echo(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    figures = out / "expected.json"
    figures.write_text(json.dumps(asdict(shop.expected), indent=1, default=str) + "\n")
    click.echo(f"{figures}  {shop.expected.orders} orders, {shop.expected.lines} lines")


if __name__ == "__main__":
    write()
