"""Every run-time option, declared once. The environment (shop/config.py) says where servers are; this says how they work."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from shop.languages import AT_WORK, LANGUAGES, N_, NN_
from shop.settings.kinds import Codes, Hidden, Kind, Line, OneOf, Whole, WholeOrNever

T = TypeVar("T")


class Group(StrEnum):
    """The headings under which the page shows options."""

    SALES = N_("Sales")
    SNAPSHOTS = N_("Snapshots")
    LISTS = N_("Lists")
    LANGUAGE = N_("Language")
    KEEPING = N_("Keeping and backups")
    MAIL = N_("Mail")


class Scope(StrEnum):
    """Whether an option has one value, or one for each shop."""

    INSTALLATION = "installation"
    SHOP = "shop"


@dataclass(frozen=True)
class Option(Generic[T]):
    """One option. `help` says what it is for, `effect` from when on and for what a change holds."""

    key: str
    group: Group
    title: str
    kind: Kind[T]
    default: T
    help: str
    effect: str
    scope: Scope = Scope.INSTALLATION

    @property
    def is_secret(self) -> bool:
        return isinstance(self.kind, Hidden)

    @property
    def per_shop(self) -> bool:
        return self.scope is Scope.SHOP


DAYS, HOURS, YEARS = NN_("day", "days"), NN_("hour", "hours"), NN_("year", "years")
COPIES, TRIES = NN_("copy", "copies"), NN_("try", "tries")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?")
ADDRESS = re.compile(r"[^@\s<>\"',;]+@[^@\s<>\"',;]+")

EXCLUDED_STATUSES = Option(
    key="sales.excluded_statuses",
    group=Group.SALES,
    title=N_("Statuses left out"),
    kind=Codes(unset=N_("as the platform proposes")),
    default=None,
    help=N_("Orders in these statuses count as no sale, on every page and in every export."),
    effect=N_(
        "Stored figures are brought up to it at once, and each order that arrives follows it. Only what archived lines "
        "had brought to products stays."
    ),
    scope=Scope.SHOP,
)
MAX_RETRIES = Option(
    key="snapshots.max_retries",
    group=Group.SNAPSHOTS,
    title=N_("Automatic retries"),
    kind=Whole(0, 10, TRIES),
    default=3,
    help=N_(
        "How often a run that failed for a passing reason is tried again, after 30 seconds, 2 minutes, and then 10 minutes "
        "each, before it stands on the page of recovery."
    ),
    effect=N_("Holds from the next failure on."),
)
HOURLY_TRIES = Option(
    key="snapshots.hourly_tries",
    group=Group.SNAPSHOTS,
    title=N_("Hourly tries in recovery"),
    kind=Whole(0, 1_000, TRIES),
    default=24,
    help=N_("How often Pult takes a failed run up again by itself, once an hour, before it waits for a person."),
    effect=N_("Holds from the next failure of a run on; what waits for a person already goes on waiting."),
)
DELETION_SHARE = Option(
    key="snapshots.deletion_share",
    group=Group.SNAPSHOTS,
    title=N_("Deletions that stop a run: share"),
    kind=Whole(1, 100, NN_("percent", "percent")),
    default=5,
    help=N_(
        "A snapshot that would mark more of a shop’s orders, customers or products as deleted stops and asks a person."
    ),
    effect=N_("Holds for the next file that is looked at. Fewer than 20 deletions never stop a run."),
    scope=Scope.SHOP,
)
DELETION_RECORDS = Option(
    key="snapshots.deletion_records",
    group=Group.SNAPSHOTS,
    title=N_("Deletions that stop a run: number"),
    kind=Whole(20, 1_000_000, NN_("record", "records")),
    default=1_000,
    help=N_("More deletions than this stop a run as well, however small a share of the shop they are."),
    effect=N_("Holds for the next file that is looked at."),
    scope=Scope.SHOP,
)
RAW_FILE_DAYS = Option(
    key="snapshots.raw_file_days",
    group=Group.KEEPING,
    title=N_("Snapshot files are kept for"),
    kind=WholeOrNever(Whole(7, 3_650, DAYS)),
    default=None,
    help=N_(
        "Files as platforms sent them, needed to replay a snapshot; they hold personal data. At least 7 days, so that a "
        "failure of the weekend can be replayed on Monday. Never: they are not removed."
    ),
    effect=N_(
        "Carried out by the housekeeping of each night. The newest complete file of each shop and kind stays, and so does "
        "the file of a run that waits in recovery. Copies hold their own until they are removed."
    ),
)
PER_PAGE = Option(
    key="lists.per_page",
    group=Group.LISTS,
    title=N_("Rows on a page"),
    kind=Whole(15, 100, NN_("row", "rows")),
    default=50,
    help=N_("How many rows a list shows where its address does not say it."),
    effect=N_("Holds for the next page that is opened. An address with a number of its own keeps it."),
)
LANGUAGE = Option(
    key="language.usual",
    group=Group.LANGUAGE,
    title=N_("Language of this installation"),
    kind=OneOf({language.code: language.name for language in LANGUAGES.values()}),
    default=AT_WORK.code,
    help=N_(
        "What whoever has chosen none is written to in, on pages and in mails. A browser that asks for the other language "
        "gets that one."
    ),
    effect=N_("Holds for the next page that is opened. Everybody chooses for themselves on their account’s page."),
)
RETENTION_YEARS = Option(
    key="partitions.retention_years",
    group=Group.KEEPING,
    title=N_("Lines of orders are kept for"),
    kind=WholeOrNever(Whole(1, 100, YEARS)),
    default=2,
    help=N_(
        "Years after its end that a quarter stays in the table of lines. Then it is archived, and comes back when asked for."
    ),
    effect=N_("Carried out by the next maintenance. Figures, orders and customers stay whatever it is."),
)
KEPT_ASIDE_DAYS = Option(
    key="partitions.kept_aside_days",
    group=Group.KEEPING,
    title=N_("Archived quarters stay beside the table for"),
    kind=Whole(1, 365, DAYS),
    default=30,
    help=N_("Days that the table of an archived quarter is still there, beside its file, before it is dropped."),
    effect=N_("Carried out by the next maintenance, for what was archived before as well."),
)
DAILY_COPIES = Option(
    key="backups.daily",
    group=Group.KEEPING,
    title=N_("Backups: days"),
    kind=Whole(1, 366, COPIES),
    default=7,
    help=N_("The newest proven copy of each of so many days is kept."),
    effect=N_("Carried out after the next good copy. The three newest are kept in any case."),
)
WEEKLY_COPIES = Option(
    key="backups.weekly",
    group=Group.KEEPING,
    title=N_("Backups: weeks"),
    kind=Whole(0, 520, COPIES),
    default=5,
    help=N_("The newest proven copy of each of so many weeks is kept."),
    effect=N_("Carried out after the next good copy."),
)
MONTHLY_COPIES = Option(
    key="backups.monthly",
    group=Group.KEEPING,
    title=N_("Backups: months"),
    kind=Whole(0, 600, COPIES),
    default=12,
    help=N_("The newest proven copy of each of so many months is kept."),
    effect=N_("Carried out after the next good copy."),
)
YEARLY_COPIES = Option(
    key="backups.yearly",
    group=Group.KEEPING,
    title=N_("Backups: years"),
    kind=Whole(0, 100, COPIES),
    default=2,
    help=N_("The newest proven copy of each of so many years is kept."),
    effect=N_("Carried out after the next good copy."),
)
BACKUP_LATE_HOURS = Option(
    key="backups.late_after_hours",
    group=Group.KEEPING,
    title=N_("A backup is late after"),
    kind=Whole(2, 720, HOURS),
    default=26,
    help=N_("How old the newest proven copy may be before pages, `flask doctor` and `/health/ready` say so."),
    effect=N_("Holds at once."),
)
HISTORY_DAYS = Option(
    key="housekeeping.history_days",
    group=Group.KEEPING,
    title=N_("The past of tasks is kept for"),
    kind=Whole(1, 3_650, DAYS),
    default=30,
    help=N_(
        "Days that carried-out moments of the schedule, notices of platforms and reported deletions stay on record."
    ),
    effect=N_("Carried out by the housekeeping of each night. The last run and the last success of each task stay."),
)
MAIL_HOST = Option(
    key="mail.host",
    group=Group.MAIL,
    title=N_("Mail server"),
    kind=Line(HOST, N_("“%(given)s” is not the name or address of a server."), 253),
    default="",
    help=N_("The server that takes Pult’s mail. Without one, links are shown to the owner instead of sent."),
    effect=N_("Holds for the next mail."),
)
MAIL_PORT = Option(
    key="mail.port",
    group=Group.MAIL,
    title=N_("Its port"),
    kind=Whole(1, 65_535),
    default=587,
    help=N_("Usually 587 with STARTTLS, 465 with TLS from the start."),
    effect=N_("Holds for the next mail."),
)
MAIL_SECURITY = Option(
    key="mail.security",
    group=Group.MAIL,
    title=N_("How the connection is secured"),
    kind=OneOf({"starttls": "STARTTLS", "tls": N_("TLS from the start"), "none": N_("not at all")}),
    default="starttls",
    help=N_("Without it, a password is sent only to this machine itself."),
    effect=N_("Holds for the next mail."),
)
MAIL_USER = Option(
    key="mail.user",
    group=Group.MAIL,
    title=N_("User name"),
    kind=Line(re.compile(r"\S.*"), N_("“%(given)s” is not a user name."), 254),
    default="",
    help=N_("Empty where the server takes mail without one."),
    effect=N_("Holds for the next mail."),
)
MAIL_PASSWORD = Option(
    key="mail.password",
    group=Group.MAIL,
    title=N_("Password"),
    kind=Hidden(),
    default="",
    help=N_("Kept sealed under SECRET_KEY and never shown again."),
    effect=N_("Holds for the next mail."),
)
MAIL_SENDER = Option(
    key="mail.sender",
    group=Group.MAIL,
    title=N_("Sender"),
    kind=Line(ADDRESS, N_("“%(given)s” is not an e-mail address."), 254),
    default="",
    help=N_("The address that mail of Pult comes from."),
    effect=N_("Holds for the next mail."),
)
OPTIONS: tuple[Option[Any], ...] = (
    EXCLUDED_STATUSES,
    MAX_RETRIES, HOURLY_TRIES, DELETION_SHARE, DELETION_RECORDS,
    PER_PAGE, LANGUAGE,
    RETENTION_YEARS, KEPT_ASIDE_DAYS, RAW_FILE_DAYS, DAILY_COPIES, WEEKLY_COPIES, MONTHLY_COPIES, YEARLY_COPIES,
    BACKUP_LATE_HOURS, HISTORY_DAYS,
    MAIL_HOST, MAIL_PORT, MAIL_SECURITY, MAIL_USER, MAIL_PASSWORD, MAIL_SENDER,
)  # fmt: skip
BY_KEY = {option.key: option for option in OPTIONS}
