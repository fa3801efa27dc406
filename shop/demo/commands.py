"""`flask demo`: a living Pult in one terminal, over two invented shops."""

import os
from contextlib import closing
from dataclasses import replace

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from rich.console import Console
from sqlalchemy.exc import OperationalError

from shop.commands import first_line
from shop.config import Config
from shop.db import db
from shop.demo.connecting import refuse_other_shops
from shop.demo.memory import Memory
from shop.demo.simulation import Simulation
from shop.demo.story import Story
from shop.errors import ShopError
from shop.local.commands import HOST, as_it_is, environment, in_short, port_is_free, processes, reviving
from shop.supervision import Hear, supervise


def register(app: Flask) -> None:
    app.cli.add_command(demo)


@click.command("demo")
@click.option("--verbose", is_flag=True, help="Show every line that the processes write, as they write it.")
@with_appcontext
def demo(verbose: bool) -> None:
    """Show Pult alive: two invented shops, their snapshots, web and workers, until Ctrl-C.

    DEMO_ORDERS is how many orders the shops begin with, PORT where the pages answer.
    """
    config: Config = current_app.extensions["pult"]
    config = replace(config, base_url=config.base_url or f"http://{HOST}:{config.port}")
    console = Console(stderr=True, highlight=False)
    try:
        memory, simulation = prepared(config)
        play(config, memory, simulation, console, as_it_is if verbose else in_short)
    except ShopError as error:
        raise click.ClickException(error.message) from error
    except OperationalError as error:
        words = f"The database does not answer ({first_line(error.orig)}). What was loaded is kept; start again."
        raise click.ClickException(words) from error


def prepared(config: Config) -> tuple[Memory, Simulation]:
    """See that everything may start, and migrate. Raises ShopError before anything was changed."""
    memory = Memory(config.data_dir)
    orders = memory.orders(os.environ)
    port_is_free(config.port, "make demo")
    refuse_other_shops(memory)
    say(f"The demo is starting; its files are in {config.data_dir}")
    upgrade()
    db.engine.dispose()
    return memory, Simulation(orders, config.port, memory.journal)


def play(config: Config, memory: Memory, simulation: Simulation, console: Console, hear: Hear) -> None:
    story, look_after = Story(config, simulation, memory, console, say), reviving(say)

    def watch() -> None:
        look_after()
        story()

    children = [simulation.process(), *processes(config, workers=2)]
    with closing(story.course):
        supervise(children, environment(config), say, listening(simulation, hear), watch)
    say("Stopped. Everything is kept; `make demo` goes on from here.")


def listening(simulation: Simulation, hear: Hear) -> Hear:
    def listen(name: str, line: str) -> None:
        if not simulation.hears(name, line):
            hear(name, line)

    return listen


def say(line: str) -> None:
    click.echo(line, err=True)
