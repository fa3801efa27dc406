"""Values as other processes read them."""

import contextvars
from typing import TypeVar

from flask import Flask

from shop.db import db
from shop.settings.changing import change
from shop.settings.copies import OWN
from shop.settings.options import Option
from shop.settings.values import value
from shop.shops.models import Shop

T = TypeVar("T")


def elsewhere(app: Flask, option: Option[T], shop_id: int | None = None, *, fresh: bool = True) -> T:
    """Read in a context of its own; `fresh`: as a process that knows nothing yet."""
    if fresh:
        OWN.clear()

    def read() -> T:
        with app.app_context():
            return value(option, shop_id)

    return contextvars.Context().run(read)


def changed(option: Option[T], given: T, shop: Shop | None = None) -> None:
    change(option, given, shop)
    db.session.commit()
