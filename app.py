"""The web's entry: gunicorn and Flask find the application here."""

from shop.factory import create_app

app = create_app()
