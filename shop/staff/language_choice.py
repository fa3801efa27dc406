"""Which language somebody is written to in: their own choice, else their browser's, else that of the installation."""

import structlog
from flask import Flask, g, request, session
from sqlalchemy.exc import SQLAlchemyError

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import ShopError
from shop.languages import AT_WORK, CZECH, LANGUAGES
from shop.languages import gettext as _
from shop.settings.options import LANGUAGE
from shop.settings.values import value
from shop.staff.access import signed_in
from shop.staff.models import Person


class UnknownLanguage(ShopError):
    """A language that Pult does not speak was asked for."""


log = structlog.get_logger()
KEPT = "language"  # in the session of a browser that nobody is signed in with yet


def chosen() -> str:
    """Return the code of the language that the running request is answered in. It never fails: pages of failure ask it too."""
    if g.get("is_database_away", False):
        return session.get(KEPT) or preferred(AT_WORK.code)
    try:
        visitor = signed_in()
        own = visitor.person.language if visitor else None
        return own or session.get(KEPT) or preferred(value(LANGUAGE))
    except SQLAlchemyError as error:
        log.warning("language_not_known", error=str(error))
        db.session.rollback()
        return preferred(AT_WORK.code)


def preferred(usual: str) -> str:
    """Return the browser's language where it is another than the usual one; how numbers are written is no browser's matter."""
    families = sorted({language.family for language in LANGUAGES.values()}, key=lambda family: family != usual[:2])
    wanted = request.accept_languages.best_match([*families]) if request.accept_languages else None
    if wanted is None or wanted == LANGUAGES[usual].family:
        return usual
    return CZECH.code if wanted == CZECH.family else AT_WORK.code


def of_person(person: Person | None) -> str:
    """Return the language of a mail to somebody."""
    return (person.language if person else None) or value(LANGUAGE)


def choose(person: Person, code: str) -> None:
    """Let somebody be written to in this language from now on; empty: as the browser and the installation say.

    Raises UnknownLanguage. The caller commits.
    """
    if code and code not in LANGUAGES:
        raise UnknownLanguage(_("Pult does not speak “%(code)s”. Choose one of the languages on the page.", code=code))
    before, person.language = person.language, code or None
    session.pop(KEPT, None)
    record(Action.STAFF_LANGUAGE_CHANGED, person.email, before=before, after=person.language)


def offered() -> list[tuple[str, str]]:
    """Return what can be chosen, as options of a field; first to follow the browser and the installation."""
    usual = LANGUAGES[preferred(value(LANGUAGE))]
    names = [(language.code, language.name) for language in LANGUAGES.values()]
    return [("", _("As this browser asks (%(language)s)", language=usual.name)), *names]


def keep_for_browser(code: str) -> None:
    """Remember the language for whoever is about to sign in here."""
    if code in LANGUAGES:
        session[KEPT] = code


def register(app: Flask) -> None:
    app.extensions["language"] = chosen
