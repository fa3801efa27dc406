"""Which language a page, a mail or a sentence is written in: its words by catalogues, its numbers by its own style."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date

from babel.dates import format_date
from flask import Flask, current_app
from flask_babel import Babel
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from shop.catalogues import Catalogue, catalogue

NBSP = "\u00a0"
MINUS = "\u2212"


@dataclass(frozen=True)
class Language:
    """One choice of words and of how numbers, money and days are written.

    `words` names the folder of the catalogue, `locale` is CLDR's. `day` and `day_short` are CLDR patterns; `unit_first`
    and `units` say where and how a currency is written: €1,234.50 or 1 234,50 €.
    """

    code: str
    name: str
    words: str
    locale: str
    group: str
    decimal: str
    day: str
    day_short: str
    month: str
    percent: str
    units: tuple[tuple[str, str], ...]
    unit_first: bool = False
    signs: dict[int, str] = field(init=False, compare=False, repr=False)
    symbols: dict[str, str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signs", str.maketrans({",": self.group, ".": self.decimal, "-": MINUS}))
        object.__setattr__(self, "symbols", dict(self.units))

    @property
    def family(self) -> str:
        """Return the language alone, as an html element and a browser name it: cs or en."""
        return self.code.partition("-")[0]

    @property
    def catalogue(self) -> Catalogue:
        return catalogue(self.words)

    def pattern(self, day: date, pattern: str) -> str:
        """Write a day by a CLDR pattern in this language."""
        return str(format_date(day, pattern, locale=self.locale))


CZECH_UNITS = (("CZK", "Kč"), ("EUR", "€"), ("GBP", "£"), ("PLN", "zł"), ("HUF", "Ft"), ("USD", "$"))
ENGLISH_UNITS = (("EUR", "€"), ("GBP", "£"), ("USD", "$"))
CZECH = Language(
    code="cs",
    name="Čeština",
    words="cs",
    locale="cs",
    group=NBSP,
    decimal=",",
    day=f"d.{NBSP}M.{NBSP}y",
    day_short=f"d.{NBSP}M.",
    month=f"LLLL{NBSP}y",
    percent=f"{NBSP}%",
    units=CZECH_UNITS,
)
ENGLISH_HERE = replace(
    CZECH, code="en-CZ", name="English, Czech numbers and days", words="en", locale="en_CZ", month=f"LLL{NBSP}y"
)
ENGLISH = Language(
    code="en",
    name="English",
    words="en",
    locale="en",
    group=",",
    decimal=".",
    day=f"d{NBSP}MMM{NBSP}y",
    day_short=f"d{NBSP}MMM",
    month=f"LLL{NBSP}y",
    percent="%",
    units=ENGLISH_UNITS,
    unit_first=True,
)
LANGUAGES = {language.code: language for language in (CZECH, ENGLISH_HERE, ENGLISH)}
AT_WORK = ENGLISH_HERE  # of commands and workers: what they store is written in it, and said anew to whoever reads it
UNDECIDED: Language | None = None

_spoken: ContextVar[Language | None] = ContextVar("spoken", default=AT_WORK)


def language() -> Language:
    """Return the language of the running request, decided when it is first asked for; outside of one that of commands."""
    return _spoken.get() or decided()


def decided() -> Language:
    chosen: Callable[[], str] = current_app.extensions.get("language", lambda: AT_WORK.code)
    found = LANGUAGES.get(chosen(), AT_WORK)
    _spoken.set(found)
    return found


@contextmanager
def spoken(code: str) -> Iterator[Language]:
    """Write in this language for a while: a mail in its reader's, what is stored in that of commands."""
    token = _spoken.set(LANGUAGES.get(code, AT_WORK))
    try:
        yield language()
    finally:
        _spoken.reset(token)


def gettext(text: str, /, **values: object) -> str:
    """Return one of our own sentences in the language spoken. `%(name)s` stand for values, and only then is `%%` a percent sign."""
    found = language().catalogue.word(text)
    return found % values if values else found


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the sentence that goes with a count, `%(num)s` in it."""
    from shop.formatting import number  # noqa: PLC0415 - it writes numbers in the language spoken

    found = language().catalogue.counted(one, many, count)
    return found % {"num": number(count), **values}


def pgettext(context: str, text: str, /, **values: object) -> str:
    """Return a sentence that reads the same in the source as another one, and means something else here."""
    found = language().catalogue.word(text, context)
    return found % values if values else found


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text that is said later, by `said`: it is the same in the source, the database and the tests."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802
    """Mark a noun and its plural that are counted later, by `plural`."""
    return one, many


def P_(context: str, text: str) -> str:  # noqa: N802, ARG001
    """Mark a text that is said later in this context, by `said(text, context)`."""
    return text


def said(text: str, context: str = "") -> str:
    """Return a marked text in the language spoken; what is none, such as the name of a shop, is returned as it is."""
    return language().catalogue.word(text, context)


def retold(sentence: str | None) -> str:
    """Return a sentence that a worker wrote and stored, in the language spoken; what is not ours stays as it is."""
    return language().catalogue.retold(sentence) if sentence else ""


@pass_eval_context
def in_template(context: EvalContext, text: str, /, **values: object) -> str:
    """Be `_` of templates. Our sentences may hold tags; values are escaped."""
    found = language().catalogue.word(text)
    if context.autoescape:
        found = Markup(found)  # noqa: S704 - a constant of our own templates, as the test of the catalogue makes sure
    return found % values if values else found


@pass_eval_context
def counted_in_template(context: EvalContext, one: str, many: str, num: int, /, **values: object) -> str:
    """Be `ngettext` of templates."""
    from shop.formatting import number  # noqa: PLC0415

    found = language().catalogue.counted(one, many, num)
    return (Markup(found) if context.autoescape else found) % {"num": number(num), **values}  # noqa: S704


def register(app: Flask) -> None:
    """Let every request decide for itself, and templates say `_("Orders")`. Who decides is named by the factory."""
    Babel(app, configure_jinja=False, locale_selector=lambda: language().locale)
    app.before_request(begin)
    app.teardown_request(end)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals.update(
        _=in_template, gettext=in_template, ngettext=counted_in_template, pgettext=pgettext, spoken_language=language
    )
    app.jinja_env.filters.update(said=said, retold=retold)


def read_ahead() -> None:
    """Read every catalogue, and what stored sentences are matched with, before the first page needs them."""
    for known in LANGUAGES.values():
        known.catalogue.retold("Nothing is said yet.")


def begin() -> None:
    _spoken.set(UNDECIDED)


def end(_error: BaseException | None) -> None:
    _spoken.set(AT_WORK)
