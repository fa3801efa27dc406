"""Refusals a person may see, and the pages that show them."""

import secrets
from http import HTTPStatus
from types import TracebackType

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from shop.languages import N_, said
from shop.languages import gettext as _

log = structlog.get_logger()
ExceptionDetails = tuple[type, BaseException, TracebackType | None] | tuple[None, None, None]


class ShopError(Exception):
    """An expected refusal. The message is a full sentence: what happened, what was kept, what to do."""

    status = HTTPStatus.BAD_REQUEST

    @property
    def message(self) -> str:
        return str(self)


class Conflict(ShopError):
    """Somebody else is already doing this."""

    status = HTTPStatus.CONFLICT


WORDS: dict[int, tuple[str, str, str]] = {  # status: title, what happened, what to do
    400: (
        N_("This address cannot be read"),
        N_("A part of the address is not one that Pult knows."),
        N_("Remove the part named here, or start from the list again."),
    ),
    401: (
        N_("Please sign in"),
        N_("This address needs a person or a token."),
        N_("Sign in, or send a personal token as a Bearer header."),
    ),
    403: (
        N_("This is not yours to open"),
        N_("Your role does not include this page."),
        N_("Ask an owner of this installation; owners give roles and shops."),
    ),
    404: (
        N_("Nothing is here"),
        N_("The address is wrong, or what it named is not among your shops."),
        N_("Go back to the list, or search with Ctrl K."),
    ),
    405: (
        N_("This address does not take that"),
        N_("The page was asked for in a way it does not answer."),
        N_("Open it from its list."),
    ),
    409: (
        N_("This cannot be done now"),
        N_("It was done already, or something else is under way."),
        N_("Go back and look at the page again: it shows how things stand now."),
    ),
    413: (
        N_("This file is too large"),
        N_("The upload is larger than this installation takes in the browser."),
        N_("Load it with `flask snapshots run SLUG --file FILE` on the server."),
    ),
    429: (
        N_("Too many tries"),
        N_("There were too many tries in a short time. Nothing was changed."),
        N_("Wait a few minutes and try again."),
    ),
    500: (
        N_("This page could not be finished"),
        N_("Something in Pult failed. Nothing was changed and nothing was lost."),
        N_("Try again; if it stays, give the reference to whoever looks after this installation."),
    ),
    503: (
        N_("The database does not answer"),
        N_("Pult cannot reach its database. Nothing was changed and nothing was lost."),
        N_("Try again in a minute; operators find the cause with `flask doctor`."),
    ),
}


class Application(Flask):
    """Flask, except that it logs a failed page as everything else is logged here, and only once."""

    def log_exception(self, exc_info: ExceptionDetails) -> None:
        """Log before any handler runs, so that a page of failure that fails itself hides nothing."""
        log.error("page_failed", method=request.method, path=request.path, exc_info=exc_info)


def reference() -> str:
    """Return the id that joins this page, its log lines and its SQL."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


def wants_json() -> bool:
    return request.path.endswith(".json") or request.headers.get("Authorization", "").startswith("Bearer ")


def failure_page(code: int, message: str | None = None) -> Response:
    """Render the page (or JSON) for a status; `message` replaces the stock sentence about what happened."""
    title, happened, advice = WORDS.get(code, WORDS[500] if code >= 500 else WORDS[400])
    title, happened, advice = said(title), message or said(happened), said(advice)
    if wants_json():
        response = jsonify(error=happened, advice=advice, reference=reference(), status=code)
    else:
        template = f"errors/{code if code in (400, 403, 404, 409, 413, 429) else 500 if code >= 500 else 400}.html"
        response = make_response(
            render_template(template, code=code, title=title, message=happened, advice=advice, reference=reference())
        )
    response.status_code = code
    return response


def register(app: Flask) -> None:
    """Answer every failure of a request with a page that says what to do next."""

    @app.errorhandler(ShopError)
    def refused(error: ShopError) -> Response:
        return failure_page(int(error.status), error.message)

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        return failure_page(
            400,
            _(
                "This form was open for too long or came from another site. Nothing was changed; open the page again and repeat it."
            ),
        )

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> Response:
        log.error("database_away", error=str(error.orig))
        g.is_database_away = True  # nobody asks it again for this answer
        return failure_page(503)

    @app.errorhandler(HTTPException)
    def answered(error: HTTPException) -> Response:
        if isinstance(error, InternalServerError) and error.original_exception is None:  # else it is logged already
            log.error("page_failed", method=request.method, path=request.path, exc_info=error)
        code = error.code or 500
        if error.response is not None or code < 400:
            return make_response(error.get_response())
        return failure_page(
            code, error.description if code == 400 and error.description != type(error).description else None
        )
