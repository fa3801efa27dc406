"""The ground of every command: a refusal is one sentence and exit code 1, never a traceback."""

import sys
from typing import Any

import click
from flask.cli import AppGroup
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import OperationalError, ProgrammingError

from shop.errors import ShopError


class Refusal(click.ClickException):
    """A sentence on standard error, and exit code 1."""


class Misuse(click.UsageError):
    """A wrong option or value. Scripts look for one code of failure, so it is 1 as well."""

    exit_code = 1


class ShopGroup(AppGroup):
    """A group of commands that tell expected failures in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; what a person can mend reads as a sentence."""
        try:
            return super().invoke(ctx)
        except ShopError as error:
            raise Refusal(error.message) from error
        except OperationalError as error:
            raise Refusal(
                f"The database does not answer ({first_line(error.orig)}). `flask doctor` finds the cause."
            ) from error
        except ProgrammingError as error:
            if not isinstance(error.orig, UndefinedTable | UndefinedColumn):
                raise
            raise Refusal("The database is not at this version of Pult. Run `flask db upgrade` first.") from error
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise Misuse(error.format_message(), error.ctx) from error


def first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def one_line_from_stdin(what: str) -> str:
    """Return the first line of standard input without its end. Raises ShopError where there is none."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise ShopError(f"Standard input holds no {what}. Nothing was changed; write it on the first line.")
    return line
