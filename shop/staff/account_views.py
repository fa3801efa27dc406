"""The page of one's own account: where one is signed in, the password, the second factor, and tokens for programs."""

from http import HTTPStatus

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from sqlalchemy import func
from werkzeug.wrappers import Response

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import ShopError
from shop.languages import AT_WORK, ngettext, spoken
from shop.languages import gettext as _
from shop.shops.queries import home_zone
from shop.staff import language_choice, people, second_factor, tokens
from shop.staff.access import kept_secret, person, renew_session, requires
from shop.staff.confirmation import confirmed
from shop.staff.devices import device
from shop.staff.forms import PasswordForm
from shop.staff.sealing import show_once, shown_once
from shop.staff.sessions import end_sessions, hashed, live_sessions

bp = Blueprint("account", __name__, url_prefix="/account")

TOKEN, CODES = "token", "codes"


@bp.get("/")
@requires()
def index() -> str:
    return page()


@bp.post("/sessions/<int:session_id>/end")
@requires()
def end(session_id: int) -> Response:
    """Sign one device out. One's own is signed out by its own button."""
    ended = next((each for each in live_sessions(person()) if each.id == session_id), None)
    if ended is None:
        abort(HTTPStatus.NOT_FOUND)
    ended.ended_at = func.now()
    with spoken(AT_WORK.code):  # the trail is read by others
        record(Action.STAFF_SESSION_ENDED, person().email, device=device(ended.browser))
    db.session.commit()
    return told(_("%(device)s is signed out.", device=device(ended.browser)))


@bp.post("/sessions/end")
@requires()
def end_others() -> Response:
    ended = people.sign_out_everywhere(person(), but=kept_secret())
    renew_session()
    db.session.commit()
    return told(
        ngettext(
            "%(num)s\u00a0other device is signed out. You stay signed in here.",
            "%(num)s\u00a0other devices are signed out. You stay signed in here.",
            ended,
        )
    )


@bp.post("/password")
@requires()
def password() -> Response:
    """Change one's own password, with the present one; every other device is signed out."""
    try:
        people.change_own_password(
            person(), request.form.get("present", ""), PasswordForm.of(request.form).chosen, kept_secret()
        )
    except ShopError as error:
        db.session.rollback()
        return again(password_error=error.message)
    renew_session()
    db.session.commit()
    return told(_("Your password is changed. Every other device is signed out."))


@bp.post("/language")
@requires()
def language() -> Response:
    """Be written to in another language from the next page on."""
    language_choice.choose(person(), request.form.get("language", ""))
    db.session.commit()
    return redirect("/account/#language", HTTPStatus.SEE_OTHER)


@bp.post("/tokens")
@requires()
@confirmed
def make_token() -> Response:
    days = request.form.get("days", "")
    try:
        made = tokens.make(person(), request.form.get("name", ""), int(days) if days.isdecimal() else 0)
    except ShopError as error:
        db.session.rollback()
        return again(token_error=error.message)
    db.session.commit()
    show_once(TOKEN, made)
    return redirect("/account/", HTTPStatus.SEE_OTHER)


@bp.post("/tokens/<int:token_id>/revocation")
@requires()
def revoke_token(token_id: int) -> Response:
    token = tokens.token_of(person(), token_id)
    if token is None:
        abort(HTTPStatus.NOT_FOUND)
    tokens.revoke(person(), token)
    db.session.commit()
    return told(_("The token %(name)s is revoked. Programs that send it are refused from now on.", name=token.name))


@bp.get("/second-factor")
@requires()
def factor() -> str:
    return factor_page()


@bp.post("/second-factor")
@requires()
@confirmed
def begin_factor() -> Response:
    second_factor.begin(person())
    db.session.commit()
    return to_factor()


@bp.post("/second-factor/activation")
@requires()
@confirmed
def activate_factor() -> Response:
    """Switch it on with a code that proves that the device has the secret; devices without it are signed out."""
    try:
        codes = second_factor.activate(person(), request.form.get("code", ""))
    except second_factor.WrongCode as error:
        db.session.rollback()
        return make_response(factor_page(error.message), HTTPStatus.UNPROCESSABLE_ENTITY)
    end_sessions(person(), but=kept_secret())
    renew_session()
    db.session.commit()
    show_once(CODES, codes)
    return to_factor()


@bp.post("/second-factor/codes")
@requires()
@confirmed
def renew_codes() -> Response:
    codes = second_factor.renew_codes(person())
    db.session.commit()
    show_once(CODES, codes)
    return to_factor()


@bp.post("/second-factor/removal")
@requires()
@confirmed
def remove_factor() -> Response:
    second_factor.remove(person())
    renew_session()
    db.session.commit()
    flash(_("The second factor is off. You sign in with the password alone."), "warn")
    return to_factor()


def page(password_error: str = "", token_error: str = "") -> str:
    me = person()
    return render_template(
        "account/index.html",
        me=me,
        sessions=live_sessions(me),
        here=hashed(kept_secret()),
        device=device,
        tokens=tokens.live_tokens(me),
        days=tokens.DAYS,
        made=shown_once(TOKEN),
        languages=language_choice.offered(),
        password_error=password_error,
        token_error=token_error,
        zone=home_zone(),
    )


def factor_page(error: str = "") -> str:
    me = person()
    is_begun = me.factor_secret is not None and me.factor_since is None
    secret, picture = second_factor.enrolment(me) if is_begun else ("", "")
    return render_template(
        "account/second-factor.html",
        me=me,
        secret=secret,
        picture=picture,
        codes=shown_once(CODES),
        left=second_factor.codes_left(me),
        error=error,
        zone=home_zone(),
    )


def again(**errors: str) -> Response:
    return make_response(page(**errors), HTTPStatus.UNPROCESSABLE_ENTITY)


def told(message: str) -> Response:
    flash(message, "good")
    return redirect("/account/", HTTPStatus.SEE_OTHER)


def to_factor() -> Response:
    return redirect("/account/second-factor", HTTPStatus.SEE_OTHER)
