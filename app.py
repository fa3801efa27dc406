"""The web's entry: gunicorn and Flask find the application here."""

import gc

gc.disable()  # nothing that the imports build is garbage: looking for it all the while is a third of the time to start

import click  # noqa: E402 what comes before is about the imports

from shop import languages  # noqa: E402
from shop.errors import ShopError  # noqa: E402
from shop.factory import create_app  # noqa: E402

try:
    app = create_app()
except ShopError as error:
    if click.get_current_context(silent=True) is None:
        raise  # gunicorn stops at it, where it would start over and over after an exit
    raise SystemExit(f"Error: {error.message}") from None
if click.get_current_context(silent=True) is None:
    languages.read_ahead()  # half a second that the first Czech page of the process would take
gc.freeze()  # it stays for the life of the process, and in the pages that forked children share
gc.enable()
