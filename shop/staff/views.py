"""Signing in and out, and the page of the people."""

from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, session
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response as Answer

from shop.audit.recording import Action, address, record
from shop.db import db
from shop.shops.queries import home_zone, shop_numbers
from shop.staff.access import Visitor, person, public, requires, signed_in
from shop.staff.forms import SignInForm, local_path
from shop.staff.models import Person
from shop.staff.permissions import Permission
from shop.staff.queries import anybody_exists, colleagues
from shop.staff.sessions import end_session, open_session
from shop.staff.signing_in import SignInRefused, TooManyTries, whose

bp = Blueprint("staff", __name__)


@bp.get("/sign-in")
@public
def sign_in() -> Answer:
    after = local_path(request.args.get("next", ""))
    if signed_in():
        return redirect(after, HTTPStatus.SEE_OTHER)
    return sign_in_page(SignInForm(email="", password="", after=after))


@bp.post("/sign-in")
@public
def enter() -> Answer:
    form = SignInForm.of(request.form)
    browser = request.user_agent.string
    try:
        known = whose(form.email, form.password, address() or "this machine", browser)
    except (SignInRefused, TooManyTries) as refusal:
        db.session.commit()
        answer = sign_in_page(form, refusal.message)
        answer.status_code = refusal.status
        if isinstance(refusal, TooManyTries):
            answer.headers["Retry-After"] = str(refusal.pause)
        return answer
    remember(known, browser)
    db.session.commit()
    return redirect(form.after, HTTPStatus.SEE_OTHER)


@bp.post("/sign-out")
@requires()
def leave() -> Answer:
    visitor = signed_in()
    record(Action.SIGNED_OUT, person().email)
    if visitor and visitor.secret:
        end_session(visitor.secret)
    db.session.commit()
    logout_user()
    session.clear()
    flash("You are signed out.", "good")
    return redirect("/sign-in", HTTPStatus.SEE_OTHER)


@bp.get("/staff/")
@requires(Permission.MANAGE_STAFF)
def index() -> str:
    return render_template("staff/index.html", colleagues=colleagues(), numbers=shop_numbers(), zone=home_zone())


def sign_in_page(form: SignInForm, error: str = "") -> Response:
    """Render the page again as it was filled in, but for the password."""
    return make_response(
        render_template(
            "staff/sign-in.html", error=error, email=form.email, next=form.after, first_run=not anybody_exists()
        )
    )


def remember(known: Person, browser: str) -> None:
    """Give this browser a new session; whatever it carried before the sign-in is worth nothing after it."""
    before = signed_in()
    if before and before.secret:
        end_session(before.secret)
    session.clear()
    session.permanent = True
    login_user(Visitor(known, open_session(known, address(), browser)))
