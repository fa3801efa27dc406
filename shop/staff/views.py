"""Signing in and out, choosing a password by a link, and giving the password again."""

from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, session
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response as Answer

from shop.audit.recording import Action, address, record
from shop.db import db
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.staff import confirmation, language_choice, links
from shop.staff.access import Visitor, kept_secret, person, public, requires, signed_in
from shop.staff.forms import PasswordForm, SignInForm, local_path
from shop.staff.models import Person
from shop.staff.queries import anybody_exists
from shop.staff.sessions import end_session, open_session
from shop.staff.signing_in import SignInRefused, TooManyTries, halfway, who_is_halfway, whose, with_code

bp = Blueprint("staff", __name__)

HALFWAY = "halfway"


@bp.get("/sign-in")
@public
def sign_in() -> Answer:
    after = local_path(request.args.get("next", ""))
    if signed_in():
        return redirect(after, HTTPStatus.SEE_OTHER)
    language_choice.keep_for_browser(request.args.get("language", ""))
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
        return refused(sign_in_page(form, refusal.message), refusal)
    if known.factor_since is None:
        remember(known, browser)
        db.session.commit()
        return redirect(form.after, HTTPStatus.SEE_OTHER)
    db.session.commit()
    spoken = session.get(language_choice.KEPT, "")
    session.clear()
    language_choice.keep_for_browser(spoken)
    session[HALFWAY] = halfway(known)
    return redirect(f"/sign-in/code?{urlencode({'next': form.after})}", HTTPStatus.SEE_OTHER)


@bp.get("/sign-in/code")
@public
def code() -> Answer:
    after = local_path(request.args.get("next", ""))
    if who_is_halfway(session.get(HALFWAY)) is None:
        return redirect(f"/sign-in?{urlencode({'next': after})}", HTTPStatus.SEE_OTHER)
    return code_page(after)


@bp.post("/sign-in/code")
@public
def enter_code() -> Answer:
    """Let in who has given the password a moment ago and now a code, of a device or for recovery."""
    after, browser = local_path(request.form.get("next", "")), request.user_agent.string
    known = who_is_halfway(session.get(HALFWAY))
    if known is None:
        flash(_("Too much time has passed since the password. Nothing was changed; sign in again."), "warn")
        return redirect(f"/sign-in?{urlencode({'next': after})}", HTTPStatus.SEE_OTHER)
    try:
        with_code(known, request.form.get("code", ""), address() or "this machine", browser)
    except (SignInRefused, TooManyTries) as refusal:
        db.session.commit()
        return refused(code_page(after, refusal.message), refusal)
    remember(known, browser)
    db.session.commit()
    return redirect(after, HTTPStatus.SEE_OTHER)


@bp.post("/sign-out")
@requires()
def leave() -> Answer:
    record(Action.SIGNED_OUT, person().email)
    end_session(kept_secret())
    db.session.commit()
    logout_user()
    session.clear()
    flash(_("You are signed out."), "good")
    return redirect("/sign-in", HTTPStatus.SEE_OTHER)


@bp.get("/choose-password")
@public
def choice() -> Answer:
    """Show whose password the link chooses. Looking uses nothing up: mail programs look at links before people do."""
    return choice_page(request.args.get("link", ""))


@bp.post("/choose-password")
@public
def choose() -> Answer:
    """Use the link up; who has chosen a password signs in with it, and with a second factor if they have one."""
    link = request.form.get("link", "")
    try:
        chosen = links.choose_password(link, PasswordForm.of(request.form).chosen)
    except ShopError as refusal:
        db.session.rollback()
        return choice_page(link, refusal.message)
    db.session.commit()
    session.clear()
    flash(_("The password of %(email)s is set. Sign in with it.", email=chosen.email), "good")
    return redirect("/sign-in", HTTPStatus.SEE_OTHER)


@bp.get("/confirm")
@requires()
def confirmation_page() -> Answer:
    after = local_path(request.args.get("next", ""))
    return make_response(confirmation.page(person(), "/confirm", [("next", after)]))


@bp.post("/confirm")
@requires()
def confirm() -> Answer:
    """Note that the password was given again, and go on to what asked for it."""
    after = local_path(request.form.get("next", ""))
    try:
        confirmation.confirm(person(), kept_secret(), request.form.get(confirmation.FIELD, ""))
    except (confirmation.NotConfirmed, TooManyTries) as refusal:
        db.session.commit()
        return refused(make_response(confirmation.page(person(), "/confirm", [("next", after)], refusal)), refusal)
    db.session.commit()
    return redirect(after, HTTPStatus.SEE_OTHER)


def sign_in_page(form: SignInForm, error: str = "") -> Response:
    """Render the page again as it was filled in, but for the password."""
    return make_response(
        render_template(
            "staff/sign-in.html", error=error, email=form.email, next=form.after, first_run=not anybody_exists()
        )
    )


def code_page(after: str, error: str = "") -> Response:
    return make_response(render_template("staff/code.html", error=error, next=after))


def choice_page(link: str, error: str = "") -> Response:
    """Render the form as long as the link can be used, and otherwise say that it cannot."""
    try:
        opened = links.opened(link)
    except links.DeadLink as dead:
        db.session.commit()
        page = render_template("staff/choose-password.html", link="", email="", purpose="", error=dead.message)
        return make_response(page, HTTPStatus.GONE)
    page = render_template(
        "staff/choose-password.html", link=link, email=opened.person.email, purpose=opened.link.purpose, error=error
    )
    return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK)


def refused(answer: Response, refusal: ShopError) -> Response:
    answer.status_code = refusal.status
    if isinstance(refusal, TooManyTries):
        answer.headers["Retry-After"] = str(refusal.pause)
    return answer


def remember(known: Person, browser: str) -> None:
    """Give this browser a new session; whatever it carried before the sign-in is worth nothing after it."""
    before = signed_in()
    if before and before.secret:
        end_session(before.secret)
    session.clear()
    session.permanent = True
    login_user(Visitor(known, open_session(known, address(), browser)))
