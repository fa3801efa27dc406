"""Confirming: the password once more, within the last ten minutes, before what cannot be taken back.

A view says so with `@confirmed` below its `@requires(...)`; nothing else is needed. Whoever was asked for the password a
short while ago is not asked again. Otherwise a page asks, and carries the form that was handed in, so that nothing typed
is lost: with the right password it goes on to the view as if it had been asked before.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from flask import current_app, redirect, render_template, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from shop.audit.recording import Action, address, record
from shop.errors import ShopError, failure_page
from shop.languages import gettext as _
from shop.staff.models import Person
from shop.staff.passwords import is_password
from shop.staff.sessions import note_proof
from shop.staff.signing_in import TooManyTries, what_is_left
from shop.staff.throttle import throttle

View = TypeVar("View", bound=Callable[..., object])

MARK = "is_confirmed"
FIELD = "password_again"
NOT_CARRIED = {FIELD, "csrf_token"}


class NotConfirmed(ShopError):
    """The password is wrong."""

    status = HTTPStatus.FORBIDDEN


def confirmed(view: View) -> View:
    """Ask for the password again unless it was given within the last ten minutes. Stands below the route."""
    vars(view)[MARK] = True
    return view


def needs_confirming(view: object) -> bool:
    return hasattr(view, MARK)


def step(person: Person, secret: str | None) -> Response | None:
    """Decide about a request that must be confirmed; None lets it through. The caller commits what was recorded."""
    if secret is None:  # a token; it has no password to give
        return failure_page(HTTPStatus.FORBIDDEN, _("This is only shown to a person who gives their password again."))
    if request.method != "POST":
        wanted = request.full_path.removesuffix("?")
        return redirect(f"/confirm?{urlencode({'next': wanted})}", HTTPStatus.SEE_OTHER)
    given = request.form.get(FIELD)
    if given is None:
        return asked_again(person)
    forms: CSRFProtect = current_app.extensions["csrf"]
    forms.protect()
    try:
        confirm(person, secret, given)
    except (NotConfirmed, TooManyTries) as refusal:
        return asked_again(person, refusal)
    return None


def confirm(person: Person, secret: str, password: str) -> None:
    """Note that the password was given again. Raises NotConfirmed or TooManyTries, both recorded; the caller commits."""
    allowance = throttle().take(person.email, address() or "this machine")
    if allowance.pause:
        raise TooManyTries(allowance.pause)
    if not is_password(person.password_hash, password):
        record(Action.CONFIRMATION_REFUSED, request.path, tries_left=allowance.tries_left)
        raise NotConfirmed(
            _("The password is not right. Nothing was changed. %(what_is_left)s", what_is_left=what_is_left(allowance))
        )
    throttle().forgive(person.email)
    note_proof(secret)
    record(Action.CONFIRMED, request.path)


def asked_again(person: Person, refusal: NotConfirmed | TooManyTries | None = None) -> Response:
    """Return the page that asks for the password and carries the form on."""
    answer = current_app.make_response(page(person, request.path, carried(), refusal))
    answer.status_code = refusal.status if refusal else HTTPStatus.FORBIDDEN
    return answer


def page(person: Person, action: str, fields: list[tuple[str, str]], refusal: ShopError | None = None) -> str:
    return render_template(
        "staff/confirm.html",
        action=f"{action}?{request.query_string.decode()}" if action != "/confirm" and request.query_string else action,
        email=person.email,
        fields=fields,
        files=sorted(request.files),
        error=refusal.message if refusal else "",
    )


def carried() -> list[tuple[str, str]]:
    """Return the fields that were handed in, in their order; files cannot be carried and are chosen again."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_CARRIED]
