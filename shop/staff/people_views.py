"""The pages of the people, for owners: who there is, somebody new, and one person with all that can be done about them."""

from http import HTTPStatus

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import ShopError
from shop.languages import N_, ngettext, said, spoken
from shop.languages import gettext as _
from shop.listing.asked import root
from shop.settings import mailing
from shop.shops.queries import all_shops, home_zone, shop_numbers
from shop.staff import people, second_factor, tokens
from shop.staff.access import kept_secret, person, renew_session, requires
from shop.staff.confirmation import confirmed
from shop.staff.devices import device
from shop.staff.forms import PersonForm
from shop.staff.language_choice import of_person
from shop.staff.links import LIVES_IN_WORDS, Purpose
from shop.staff.models import Person
from shop.staff.permissions import Permission, Role
from shop.staff.queries import colleagues, person_numbered, shops_given_to
from shop.staff.sealing import show_once, shown_once
from shop.staff.sessions import live_sessions

bp = Blueprint("people", __name__, url_prefix="/staff")

ROLES = (
    (Role.MANAGER.value, N_("Manager: sales and exports of their shops")),
    (Role.OPERATOR.value, N_("Operator: snapshots, recovery and sales of their shops")),
    (Role.OWNER.value, N_("Owner: everything, of every shop")),
)
MAIL = N_("""Good day %(name)s,

with this link you choose your password for Pult and are signed in:

%(link)s

It works once, for %(lives)s. Whoever has it chooses the password, so do not pass it on. If you expected no such mail, tell the
person who looks after Pult; without the link nothing changes.
""")


@bp.get("/")
@requires(Permission.MANAGE_STAFF)
def index() -> str:
    return render_template("staff/index.html", colleagues=colleagues(), numbers=shop_numbers(), zone=home_zone())


@bp.get("/new")
@requires(Permission.MANAGE_STAFF)
def new() -> str:
    return new_page(PersonForm())


@bp.post("/")
@requires(Permission.MANAGE_STAFF)
@confirmed
def create() -> Response:
    """Add somebody, and hand the link of their invitation over."""
    form = PersonForm.of(request.form)
    try:
        added = people.add_person(
            form.email, form.name, form.wanted_role, form.shops, None, personal=form.sees_personal
        )
        path = people.invite(added)
    except ShopError as error:
        db.session.rollback()
        return make_response(new_page(form, error.message), HTTPStatus.UNPROCESSABLE_ENTITY)
    db.session.commit()
    hand_over(added, path)
    flash(
        _(
            "%(name)s is here as %(role)s, and can sign in once they have chosen a password.",
            name=added.name,
            role=added.role,
        ),
        "good",
    )
    return to(added)


@bp.get("/<int:person_id>")
@requires(Permission.MANAGE_STAFF)
def show(person_id: int) -> str:
    return show_page(person_or_404(person_id))


@bp.post("/<int:person_id>")
@requires(Permission.MANAGE_STAFF)
@confirmed
def update(person_id: int) -> Response:
    """Change name, role and shops. Whoever may do something else now signs in again; one's own session is renewed."""
    changed, form = person_or_404(person_id), PersonForm.of(request.form)
    is_me = changed.id == person().id
    keep = kept_secret() if is_me else None
    try:
        other_role = people.give_role(changed, form.wanted_role, keep)
        other_shops = people.give_shops(changed, form.shops, keep)
        other_sight = people.show_personal(changed, form.sees_personal)
        other_name = people.rename(changed, form.name)
    except ShopError as error:
        db.session.rollback()
        return make_response(show_page(person_or_404(person_id), error.message), HTTPStatus.UNPROCESSABLE_ENTITY)
    if is_me and (other_role or other_shops):
        renew_session()
    db.session.commit()
    if other_role or other_shops:
        is_changed = _("%(name)s is changed.", name=changed.name)
        flash(is_changed if is_me else _("%(name)s is changed, and signs in again.", name=changed.name), "good")
    elif other_sight:
        sees = _("%(name)s sees personal data from the next page on.", name=changed.name)
        masked = _("%(name)s sees personal data masked from the next page on.", name=changed.name)
        flash(sees if changed.sees_personal else masked, "good")
    else:
        flash(
            _("%(name)s is renamed.", name=changed.name)
            if other_name
            else _("Nothing was different, so nothing was changed.")
        )
    return to(changed)


@bp.post("/<int:person_id>/link")
@requires(Permission.MANAGE_STAFF)
@confirmed
def link(person_id: int) -> Response:
    """Make a link with which the person chooses a password, and hand it over."""
    theirs = person_or_404(person_id)
    path = people.invite(theirs)
    db.session.commit()
    hand_over(theirs, path)
    return to(theirs)


@bp.post("/<int:person_id>/deactivation")
@requires(Permission.MANAGE_STAFF)
@confirmed
def deactivation(person_id: int) -> Response:
    gone = person_or_404(person_id)
    people.deactivate(gone)
    db.session.commit()
    flash(_("%(name)s is out at once: every device is signed out, and tokens are revoked.", name=gone.name), "warn")
    return to(gone)


@bp.post("/<int:person_id>/reactivation")
@requires(Permission.MANAGE_STAFF)
@confirmed
def reactivation(person_id: int) -> Response:
    """Let somebody in again; they choose a new password by a link."""
    back = person_or_404(person_id)
    people.reactivate(back)
    path = people.invite(back)
    db.session.commit()
    hand_over(back, path)
    return to(back)


@bp.post("/<int:person_id>/sign-out")
@requires(Permission.MANAGE_STAFF)
def sign_out(person_id: int) -> Response:
    theirs = person_or_404(person_id)
    ended = people.sign_out_everywhere(theirs, but=kept_secret())
    db.session.commit()
    told = ngettext(
        "%(num)s\u00a0device of %(name)s signed out.",
        "%(num)s\u00a0devices of %(name)s signed out.",
        ended,
        name=theirs.name,
    )
    flash(told, "good")
    return to(theirs)


@bp.post("/<int:person_id>/second-factor-removal")
@requires(Permission.MANAGE_STAFF)
@confirmed
def factor_removal(person_id: int) -> Response:
    """Take somebody's second factor away, when their device is lost and no recovery code is left."""
    theirs = person_or_404(person_id)
    second_factor.remove(theirs)
    db.session.commit()
    flash(
        _("%(name)s signs in with the password alone, and can set up another second factor.", name=theirs.name), "warn"
    )
    return to(theirs)


@bp.post("/<int:person_id>/token-revocation")
@requires(Permission.MANAGE_STAFF)
def token_revocation(person_id: int) -> Response:
    theirs = person_or_404(person_id)
    revoked = tokens.revoke_all(theirs)
    record(Action.STAFF_TOKENS_REVOKED, theirs.email, tokens_revoked=revoked)
    db.session.commit()
    flash(
        ngettext(
            "%(num)s\u00a0token is revoked. Programs that send them are refused from now on.",
            "%(num)s\u00a0tokens are revoked. Programs that send them are refused from now on.",
            revoked,
        ),
        "good",
    )
    return to(theirs)


def roles() -> list[tuple[str, str]]:
    return [(role, said(words)) for role, words in ROLES]


def new_page(form: PersonForm, error: str = "") -> str:
    return render_template(
        "staff/new.html", form=form, error=error, roles=roles(), shops=all_shops(), mails=mailing.is_configured()
    )


def show_page(theirs: Person, error: str = "") -> str:
    path = shown_once(link_of(theirs))
    return render_template(
        "staff/show.html",
        theirs=theirs,
        is_me=theirs.id == person().id,
        error=error,
        link=f"{root()}{path}" if path else "",
        lives=said(LIVES_IN_WORDS[Purpose.RESET if theirs.password_hash else Purpose.INVITATION]),
        roles=roles(),
        shops=all_shops(),
        given={shop.slug for shop in shops_given_to(theirs)},
        sessions=live_sessions(theirs),
        tokens=tokens.live_tokens(theirs),
        device=device,
        zone=home_zone(),
    )


def person_or_404(person_id: int) -> Person:
    found = person_numbered(person_id)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def hand_over(theirs: Person, path: str) -> None:
    """Mail the link to its person. Where there is no mail server, or it refuses, the next page shows the link once."""
    id_, email, name = theirs.id, theirs.email, theirs.name
    if mailing.is_configured():
        purpose = Purpose.RESET if theirs.password_hash else Purpose.INVITATION
        with spoken(of_person(theirs)):
            subject = _("Your password for Pult")
            text = said(MAIL) % {"name": name, "link": f"{root()}{path}", "lives": said(LIVES_IN_WORDS[purpose])}
        try:
            mailing.send(email, subject, text)
        except mailing.NotSent as error:
            flash(_("%(message)s The link is shown here instead.", message=error.message), "warn")
        else:
            flash(_("The link to choose a password went to %(email)s.", email=email), "good")
            return
    show_once(f"link of {id_}", path)


def link_of(theirs: Person) -> str:
    return f"link of {theirs.id}"


def to(theirs: Person) -> Response:
    return redirect(f"/staff/{theirs.id}", HTTPStatus.SEE_OTHER)
