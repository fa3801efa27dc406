"""Who asks, what they may open and which shops they see. Every address is closed unless it says otherwise."""

import hmac
from collections.abc import Callable
from http import HTTPStatus
from typing import NoReturn, TypeVar
from urllib.parse import urlencode

import structlog
from flask import Flask, abort, current_app, g, redirect, request
from flask_login import LoginManager, current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from shop.audit.recording import Action, Actor, act_as, record
from shop.db import db
from shop.errors import failure_page, wants_json
from shop.shops.models import Shop
from shop.staff import sessions, throttle
from shop.staff.models import Person
from shop.staff.permissions import ALLOWED, Permission, Role
from shop.staff.queries import shops_of

View = TypeVar("View", bound=Callable[..., object])

OPEN = "is_public"
NEEDED = "permissions"
TOKEN_PATHS = (".json", ".csv")


class Visitor:
    """A person as Flask-Login knows them: by the secret of this browser, or by their token, never by their id."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, person: Person, secret: str | None = None) -> None:
        self.person = person
        self.secret = secret

    def get_id(self) -> str | None:
        return self.secret


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Let in those who have every one of the permissions. Stands below the route."""

    def mark(view: View) -> View:
        vars(view)[NEEDED] = frozenset(permissions)
        return view

    return mark


def public(view: View) -> View:
    """Let in everybody, signed in or not. Stands below the route."""
    vars(view)[OPEN] = True
    return view


def register(app: Flask) -> None:
    """Ask for a person and a permission before every view; an address that names neither is closed."""
    manager = LoginManager()
    manager.session_protection = None  # sessions are rows of ours: rotated at sign-in, ended at sign-out
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(by_cookie)
    manager.request_loader(by_token)
    throttle.register(app, app.extensions["pult"].redis_url)
    app.config["PERMANENT_SESSION_LIFETIME"] = sessions.LONGEST
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    app.before_request(admit)
    app.teardown_request(forget)


def admit() -> Response | None:
    """Decide about one request; None lets it through."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == "static" or hasattr(view, OPEN):
        return None  # an address that does not exist has its 404 a moment later
    visitor = signed_in()
    if visitor is None:
        return sign_in_first()
    act_as(Actor(visitor.person.email, visitor.person.id))
    structlog.contextvars.bind_contextvars(actor=visitor.person.id)
    if visitor.secret and sessions.note_use(visitor.secret):
        db.session.commit()
    needed = getattr(view, NEEDED, None)
    if needed is None or not needed <= ALLOWED[Role(visitor.person.role)]:
        refuse(HTTPStatus.FORBIDDEN, needs=" and ".join(sorted(needed or ["an address that is open to somebody"])))
    return None


def forget(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("actor")


def by_cookie(secret: str) -> Visitor | None:
    """Return whose live session the cookie opens."""
    person = sessions.person_of(secret)
    return Visitor(person, secret) if person else None


def by_token(_request: object) -> Visitor | None:
    """Return whose personal token the request carries; tokens only read, and only what is made for programs."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or request.method not in {"GET", "HEAD"} or not request.path.endswith(TOKEN_PATHS):
        return None
    wanted = sessions.hashed(token.strip())
    person = db.session.scalar(select(Person).where(Person.token_hash == wanted, Person.state == "active"))
    if person is None or not hmac.compare_digest(person.token_hash or b"", wanted):
        return None
    return Visitor(person)


def sign_in_first() -> Response:
    """Send a browser to the sign-in page and back again; tell a program that it needs a token."""
    if wants_json():
        answer = failure_page(HTTPStatus.UNAUTHORIZED)
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Pult"'
        return answer
    if request.method != "GET" or request.full_path == "/?":
        return redirect("/sign-in", HTTPStatus.SEE_OTHER)
    wanted = request.full_path.removesuffix("?")
    return redirect(f"/sign-in?{urlencode({'next': wanted})}", HTTPStatus.SEE_OTHER)


def refuse(status: HTTPStatus, needs: str) -> NoReturn:
    """Answer with an error page, and leave an entry that somebody tried a door that is not theirs."""
    db.session.rollback()
    record(Action.ACCESS_REFUSED, request.path, method=request.method, needs=needs)
    db.session.commit()
    abort(status)


def signed_in() -> Visitor | None:
    """Return who is signed in, by cookie or by token, or None."""
    return current_user if isinstance(current_user, Visitor) else None


def person() -> Person:
    """Return who is signed in. Only for views that are not public."""
    visitor = signed_in()
    if visitor is None:
        abort(HTTPStatus.UNAUTHORIZED)
    return visitor.person


def may(permission: Permission) -> bool:
    """Tell whether the signed-in person has this permission, for what a page offers."""
    return permission in ALLOWED[Role(person().role)]


def visible_shops() -> list[Shop]:
    """Return the shops of the signed-in person, in the order they were connected; asked for once a request."""
    if "visible_shops" not in g:
        g.visible_shops = shops_of(person())
    shops: list[Shop] = g.visible_shops
    return shops


def chosen_shops() -> list[Shop]:
    """Return the shops that `?shop=` names (repeated or with commas), all visible ones without it.

    A slug that does not exist or is not theirs is a 404: what one may not see does not exist.
    """
    slugs = [slug for given in request.args.getlist("shop") for slug in given.split(",") if slug]
    if not slugs:
        return visible_shops()
    return sorted({shop_or_404(slug) for slug in slugs}, key=lambda shop: shop.id)


def shop_or_404(slug: str) -> Shop:
    """Return the visible shop with this slug."""
    for shop in visible_shops():
        if shop.slug == slug:
            return shop
    refuse(HTTPStatus.NOT_FOUND, needs=f"shop {slug[:63]}")
