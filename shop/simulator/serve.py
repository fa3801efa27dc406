"""Serves made-up shops: `python -m shop.simulator.serve --port 8900 --shop demo-cz:cz:5000:1`, until SIGTERM or Ctrl-C.

It is bound to 127.0.0.1 and prints one line of JSON for each shop, with the tokens that a client needs. Besides the
shops' own paths there are /simulator/faults and /simulator/counts, a control on loopback without secrets.
"""

import json
import re
import signal
from pathlib import Path
from threading import Event
from typing import Any

import click

from shop.simulator.faults import FaultName, Faults, UnknownFault
from shop.simulator.jobs import JobTimes
from shop.simulator.online import SimulatedShop
from shop.simulator.profiles import PROFILES
from shop.simulator.simulator import Simulator

SHOP = re.compile(r"([a-z0-9][a-z0-9-]{0,62}):([a-z]+):([0-9]{1,9}):([0-9]{1,9})")
FAULT = re.compile(r"([a-z0-9-]+)(?:=(-?[0-9]+))?(?::([0-9]*))?(?::(.+))?")


def shop_of(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[SimulatedShop]:
    shops = []
    for value in values:
        match = SHOP.fullmatch(value)
        if not match or match[2] not in PROFILES:
            known = ", ".join(sorted(PROFILES))
            raise click.BadParameter(f"{value!r} is not slug:profile:orders:seed with a profile of {known}.")
        shops.append(SimulatedShop(match[2], int(match[3]), int(match[4]), slug=match[1]))
    return shops


def fault_of(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[dict[str, Any]]:
    """Read `name[=amount][:times[:path]]`."""
    faults = []
    for value in values:
        match = FAULT.fullmatch(value)
        if not match:
            raise click.BadParameter(f"{value!r} is not name[=amount][:times[:path]].")
        amount, times = (int(word) if word else None for word in (match[2], match[3]))
        asked: dict[str, Any] = {"name": match[1], "amount": amount, "times": times, "path": match[4]}
        try:
            Faults().switch_on(**asked)
        except (UnknownFault, ValueError) as error:
            raise click.BadParameter(str(error)) from error
        faults.append(asked)
    return faults


@click.command(epilog="Faults: " + " ".join(f"{name}: {name.sentence}" for name in FaultName))
@click.option("--port", type=click.IntRange(0, 65535), default=8900, show_default=True, help="0 picks a free one.")
@click.option("--shop", "shops", multiple=True, required=True, callback=shop_of, help="slug:profile:orders:seed")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="File that keeps what happened.")
@click.option("--trickle", type=click.FloatRange(min=0.05), help="Seconds between two steps of each shop's life.")
@click.option("--fault", "faults", multiple=True, callback=fault_of, help="name[=amount][:times[:path]]")
@click.option("--job-waits", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Seconds of pending.")
@click.option("--job-runs", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Seconds, at least.")
def serve(
    *, port: int, shops: list[SimulatedShop], state: Path | None, trickle: float | None, faults: list[dict[str, Any]],
    job_waits: float, job_runs: float,
) -> None:  # fmt: skip
    """Serve made-up shops on 127.0.0.1 as Shoptet does, until SIGTERM or Ctrl-C."""
    if state is not None:
        state.parent.mkdir(parents=True, exist_ok=True)
    try:
        simulator = Simulator(
            shops, port=port, state=state, trickle=trickle, job_times=JobTimes(job_waits, job_runs)
        )  # fmt: skip
    except OSError as error:
        raise click.ClickException(f"Port {port} cannot be had: {error.strerror}. Nothing was started.") from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for fault in faults:
        simulator.faults.switch_on(**fault)
    run(simulator)


def run(simulator: Simulator) -> None:
    """Serve until a signal comes."""
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with simulator:
        for shop in simulator.shops:
            line = {
                "slug": shop.slug, "base_url": simulator.base_url, "private_token": shop.private_token,
                "oauth_token": shop.oauth_token, "token_url": simulator.token_url, "eshop_id": shop.eshop_id,
            }  # fmt: skip
            click.echo(json.dumps(line))
        ended.wait()


if __name__ == "__main__":
    serve()
