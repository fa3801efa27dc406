"""How the recovery page answers what was pressed: back to its groups, with a sentence why nothing was begun."""

from http import HTTPStatus

from flask import flash, redirect
from werkzeug.wrappers import Response

from shop.db import db
from shop.errors import ShopError
from shop.recovery.addressed import query


def to_groups() -> Response:
    return redirect(f"/recovery/{query()}", HTTPStatus.SEE_OTHER)


def turned_away(error: ShopError, to: str) -> Response:
    """Say why nothing was begun where the person pressed: there also stands what can be done about it."""
    db.session.rollback()
    flash(error.message, "warn")
    return redirect(to, HTTPStatus.SEE_OTHER)
