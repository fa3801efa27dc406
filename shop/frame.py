"""What surrounds every page: who looks, which shop is chosen, where one can go."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from urllib.parse import urlencode

from flask import Flask, g, has_request_context, request
from jinja2 import StrictUndefined
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from shop.db import db
from shop.formatting import initials, number, plural
from shop.glances import Glance
from shop.languages import AT_WORK, N_, P_, gettext, spoken
from shop.lateness import Remembered
from shop.personal import is_seen
from shop.recovery.queries import MOST_COUNTED, waiting
from shop.shops.queries import shop_numbers
from shop.staff import access
from shop.staff.permissions import ALLOWED, NAMES, Permission, Role


@dataclass(frozen=True)
class Person:
    """Who is signed in, as the layout shows them. Permissions are the names of what they may do."""

    name: str
    email: str
    initials: str
    role: str
    permissions: frozenset[str] = frozenset()

    def can(self, permission: str | None) -> bool:
        return permission is None or permission in self.permissions


@dataclass(frozen=True)
class ShopChoice:
    """One entry of the shop switch; `number` picks its colour and its key."""

    slug: str
    name: str
    number: int


@dataclass(frozen=True)
class Entry:
    """One place to go: its page's `nav` name, label, address, icon, keys, and what one must be allowed to do."""

    name: str
    label: str
    path: str
    icon: str
    keys: str
    permission: Permission | None = None
    by_shop: bool = True  # its numbers follow the shop switch

    def href(self, shop: str | None) -> str:
        return f"{self.path}?{urlencode({'shop': shop})}" if shop and self.by_shop else self.path


@dataclass(frozen=True)
class Section:
    """Entries under one heading; the first section has none."""

    title: str
    entries: tuple[Entry, ...]


TROUBLE_LASTS = 15.0  # seconds that a process shows what it has found before it looks again
FAILURES_LAST = 5.0
READ_SALES, READ_OPERATIONS = Permission.READ_SALES, Permission.READ_OPERATIONS
MANAGE_STAFF, READ_AUDIT = Permission.MANAGE_STAFF, Permission.READ_AUDIT
NAVIGATION = (
    Section("", (Entry("overview", N_("Overview"), "/", "overview", "g v", READ_SALES),)),
    Section(
        P_("section", "Sales"),
        (
            Entry("orders", N_("Orders"), "/orders/", "orders", "g o", READ_SALES),
            Entry("customers", N_("Customers"), "/customers/", "customers", "g c", READ_SALES),
            Entry("products", N_("Products"), "/products/", "products", "g p", READ_SALES),
            Entry("exports", N_("Exports"), "/exports/", "export", "g e", READ_SALES, by_shop=False),
        ),
    ),
    Section(
        N_("Operations"),
        (
            Entry("snapshots", N_("Snapshots"), "/snapshots/", "snapshots", "g n", READ_OPERATIONS),
            Entry("recovery", N_("Recovery"), "/recovery/", "recovery", "g r", READ_OPERATIONS),
            Entry("partitions", N_("Partitions"), "/partitions/", "partitions", "g t", READ_OPERATIONS, by_shop=False),
            Entry("backups", N_("Backups"), "/backups/", "backups", "g b", READ_OPERATIONS, by_shop=False),
            Entry("jobs", N_("Jobs and locks"), "/jobs/", "jobs", "g j", READ_OPERATIONS),
            Entry("shops", N_("Shops"), "/shops/", "shops", "g h", READ_OPERATIONS, by_shop=False),
            Entry("settings", N_("Settings"), "/settings/", "settings", "g ,", READ_OPERATIONS),
        ),
    ),
    Section(
        N_("People"),
        (
            Entry("staff", N_("Staff"), "/staff/", "lock", "g s", MANAGE_STAFF, by_shop=False),
            Entry("audit", N_("Audit trail"), "/audit/", "clock", "g a", READ_AUDIT, by_shop=False),
        ),
    ),
)


@dataclass(frozen=True)
class Frame:
    """The one value the layouts read. Without a person the page stands alone: sign-in, and errors before it."""

    version: str
    path: str
    now: datetime
    person: Person | None = None
    shops: tuple[ShopChoice, ...] = ()
    shop: str | None = None
    theme: str = "system"
    trouble: str = ""  # what is late or silent, for those who can do something about it
    timings: Callable[[], str] = field(default=lambda: "")  # asked for in the foot, when most of the page is written
    sees_personal: bool = True  # of customers, on this page
    failures: str = ""  # how many wait on the recovery page, for those who may open it; empty when there is none

    @property
    def standing(self) -> Hashable:
        """Return everything that what surrounds a page is made of, but for the page itself and what is told once."""
        return self.version, self.person, self.shops, self.shop, self.theme, self.failures, self.sees_personal

    @property
    def navigation(self) -> list[Section]:
        """Return the sections with the entries this person may open."""
        open_to = [(section.title, tuple(e for e in section.entries if self.may_open(e))) for section in NAVIGATION]
        return [Section(title, entries) for title, entries in open_to if entries]

    @property
    def entries(self) -> list[Entry]:
        return [entry for section in self.navigation for entry in section.entries]

    @property
    def chosen_shop(self) -> ShopChoice | None:
        return next((choice for choice in self.shops if choice.slug == self.shop), None)

    def may_open(self, entry: Entry) -> bool:
        return self.person is not None and self.person.can(entry.permission)

    def switch_href(self, nav: str, shop: str | None) -> str:
        """Return the list a page belongs to, for another shop; a single record has no other shop."""
        entry = next((e for e in self.entries if e.name == nav and e.by_shop), NAVIGATION[0].entries[0])
        return entry.href(shop)


def register(app: Flask) -> None:
    """Give every template `frame`, one without a person where the database does not answer; a missing value is an error."""
    version = metadata.version("pult")
    remembered = Remembered(0 if app.testing else TROUBLE_LASTS)
    failed = Glance(0 if app.testing else FAILURES_LAST, waiting_words)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def surroundings() -> dict[str, Frame]:
        try:
            person, shops = looking(), choices()
            operates = person is not None and person.can(READ_OPERATIONS)
            trouble, failures = (told(remembered), failed.told(visible())) if operates else ("", "")
        except SQLAlchemyError:  # an error page must not fail for the reason that it tells
            db.session.rollback()
            person, shops, trouble, failures = None, (), "", ""
        frame = Frame(
            version=version,
            path=request.path,
            now=datetime.now(UTC),
            person=person,
            shops=shops,
            shop=chosen(shops),
            theme=theme(),
            failures=failures,
            sees_personal=is_seen(),
            trouble=trouble,
            timings=timings,
        )
        return {"frame": frame}

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", count_query)


def told(remembered: Remembered) -> str:
    """Return what is late or silent as it is stored: whoever comes next may read another language."""
    with spoken(AT_WORK.code):
        return remembered.told(visible())


def looking() -> Person | None:
    visitor = access.signed_in()
    if visitor is None:
        return None
    known = visitor.person
    may = frozenset(permission.value for permission in ALLOWED[Role(known.role)])
    return Person(known.name, known.email, initials(known.name), NAMES[Role(known.role)], may)


def choices() -> tuple[ShopChoice, ...]:
    if access.signed_in() is None:
        return ()
    numbers = shop_numbers()
    return tuple(ShopChoice(shop.slug, shop.name, numbers[shop.id]) for shop in access.visible_shops())


def waiting_words(shop_ids: frozenset[int]) -> str:
    count = waiting(shop_ids)
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")


def visible() -> frozenset[int]:
    return frozenset(shop.id for shop in access.visible_shops())


def chosen(shops: tuple[ShopChoice, ...]) -> str | None:
    """Return the one shop that the address chooses; with several the switch shows them all."""
    slug = request.args.get("shop")
    return slug if slug in {choice.slug for choice in shops} else None


def theme() -> str:
    kept = request.cookies.get("__Host-theme") or request.cookies.get("theme", "")  # the first one over TLS
    return kept if kept in {"light", "dark"} else "system"


def count_query(*_whatever: object) -> None:
    if has_request_context():
        g.queries = g.get("queries", 0) + 1


def timings() -> str:
    """Say what the page has cost so far."""
    spent = round((time.perf_counter() - g.started) * 1000)
    queries = plural(g.get("queries", 0), "query", "queries")
    return gettext("%(spent)s ms on the server, %(queries)s", spent=number(spent), queries=queries)
