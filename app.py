"""The web's entry: gunicorn and Flask find the application here."""

import click

from shop.errors import ShopError
from shop.factory import create_app

try:
    app = create_app()
except ShopError as error:
    if click.get_current_context(silent=True) is None:
        raise  # gunicorn stops at it, where it would start over and over after an exit
    raise SystemExit(f"Error: {error.message}") from None
