"""Who asks, what they may open and which shops they see. Every address is closed unless it says otherwise."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NoReturn, TypeVar
from urllib.parse import urlencode

import structlog
from flask import Flask, abort, current_app, g, redirect, request
from flask_login import LoginManager, current_user, login_user
from werkzeug.wrappers import Response

from shop import boundaries, personal
from shop.audit.recording import Action, Actor, act_as, address, record
from shop.db import db
from shop.errors import failure_page, wants_json
from shop.shops.models import Shop
from shop.staff import confirmation, revealing, sessions, throttle, tokens
from shop.staff.models import Person
from shop.staff.permissions import ALLOWED, Permission, Role
from shop.staff.queries import numbered_shops_of

View = TypeVar("View", bound=Callable[..., object])

OPEN = "is_public"
NEEDED = "permissions"


class Visitor:
    """A person as Flask-Login knows them: by the secret of this browser, or by their token, never by their id."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(
        self,
        person: Person,
        secret: str | None = None,
        *,
        is_due: bool = False,
        is_proved: bool = False,
        shops: dict[Shop, int] | None = None,
    ) -> None:
        self.person = person
        self.secret = secret  # None: it is a token
        self.is_due = is_due  # the use of this session or token is to be noted
        self.is_proved = is_proved  # the password was given a short while ago
        self.shops = shops  # with their numbers, where they came along with the person

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
    if request.endpoint == "static" or hasattr(view, OPEN):
        return None
    visitor = signed_in()
    if visitor is not None:
        if visitor.is_due:
            note_use(visitor)  # commits, so that it comes before anything is read for the page
        boundaries.enter([shop.id for shop in visible_shops()])
    if view is None:
        return None  # an address that does not exist has its 404 a moment later
    if visitor is None:
        return sign_in_first()
    personal.let_see(plainly=sees_personal(visitor))
    act_as(Actor(visitor.person.email, visitor.person.id))
    structlog.contextvars.bind_contextvars(actor=visitor.person.id)
    needed = getattr(view, NEEDED, None)
    if needed is None or not needed <= ALLOWED[Role(visitor.person.role)]:
        refuse(HTTPStatus.FORBIDDEN, needs=" and ".join(sorted(needed or ["an address that is open to somebody"])))
    if confirmation.needs_confirming(view) and not visitor.is_proved:
        answer = confirmation.step(visitor.person, visitor.secret)
        db.session.commit()
        return answer
    return None


def sees_personal(visitor: Visitor) -> bool:
    """Tell whether somebody sees customers' personal data here: by right, or because this very page is revealed to them."""
    known = visitor.person
    return known.role == Role.OWNER or known.sees_personal or revealing.is_revealed(request.path, visitor.secret)


def note_use(visitor: Visitor) -> None:
    """Write down that a session or a token is in use; now and then, not with each request."""
    visitor.shops = None  # the commit would let each of them be read anew by itself
    noted = sessions.note_use(visitor.secret) if visitor.secret else tokens.note_use(tokens.carried())
    if noted:
        db.session.commit()


def forget(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("actor")


def by_cookie(secret: str) -> Visitor | None:
    """Return whose live session the cookie opens."""
    found = sessions.found(secret)
    if found is None:
        return None
    return Visitor(found.person, secret, is_due=found.is_due, is_proved=found.is_proved, shops=found.shops)


def by_token(_request: object) -> Visitor | None:
    """Return whose personal token the request carries; tokens only read, and only what is made for programs."""
    given = tokens.carried()
    if given is None:
        return None
    found = tokens.found(given)
    if isinstance(found, tokens.Refused):
        g.token_refused = found
        return None
    return Visitor(found.person, is_due=found.is_due)


def note_program(path: str, query: str, rows: int) -> None:
    """Write down that a program has read a list with somebody's token. A person who looks at a page has taken nothing away."""
    visitor = signed_in()
    if visitor is not None and visitor.secret is None:
        record(Action.EXPORTED, path, query=query, rows=rows)
        db.session.commit()


def sign_in_first() -> Response:
    """Send a browser to the sign-in page and back again; tell a program that it needs a token."""
    write_down_refused_token()
    if wants_json():
        answer = failure_page(HTTPStatus.UNAUTHORIZED)
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Pult"'
        return answer
    if request.method != "GET" or request.full_path == "/?":
        return redirect("/sign-in", HTTPStatus.SEE_OTHER)
    wanted = request.full_path.removesuffix("?")
    return redirect(f"/sign-in?{urlencode({'next': wanted})}", HTTPStatus.SEE_OTHER)


def write_down_refused_token() -> None:
    """Leave an entry of a token that was refused; of made-up ones no more than a few from one address."""
    refused: tokens.Refused | None = g.get("token_refused")
    if refused and (refused.person or throttle.throttle().is_worth_an_entry(address() or "")):
        if refused.person:
            act_as(Actor(refused.person.email, refused.person.id))
        record(Action.TOKEN_REFUSED, request.path, method=request.method, reason=refused.reason, prefix=refused.prefix)
        db.session.commit()


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


def kept_secret() -> str:
    """Return the secret of this browser's session. Only for views that no token opens."""
    visitor = signed_in()
    if visitor is None or visitor.secret is None:
        abort(HTTPStatus.UNAUTHORIZED)
    return visitor.secret


def renew_session() -> None:
    """Give this browser's session another secret, because what its person may do has changed."""
    login_user(Visitor(person(), sessions.rotated(kept_secret()), is_proved=True))


def may(permission: Permission) -> bool:
    """Tell whether the signed-in person has this permission, for what a page offers."""
    return permission in ALLOWED[Role(person().role)]


def visible_shops() -> list[Shop]:
    """Return the shops of the signed-in person, in the order they were connected; asked for once a request.

    Their numbers come along: they count shops that the person may not see, and are the same for everybody.
    """
    if "visible_shops" not in g:
        visitor = signed_in()
        numbered = visitor.shops if visitor and visitor.shops is not None else numbered_shops_of(person())
        g.visible_shops = list(numbered)
        g.shop_numbers = {shop.id: number for shop, number in numbered.items()}
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
