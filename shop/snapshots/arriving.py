"""Brings a run's file from its platform: request, wait, download. Safe to be killed anywhere and begun again."""

from datetime import datetime
from pathlib import Path

import structlog

from shop.config import Config
from shop.fault_points import fault_point
from shop.languages import gettext as _
from shop.platforms.failures import (
    ExportGone,
    PlatformFailure,
    Transient,
    Unreachable,
    WrongShop,
)
from shop.platforms.records import Kind
from shop.platforms.remote import ExportRequest, ExportState, Remote, Ticket
from shop.shops import problems
from shop.shops.models import Shop
from shop.shops.reaching import reached
from shop.snapshots import attempts, deletions, exporting, fetching, runs, waiting, whose
from shop.snapshots.export_row import ExportRow, Kept
from shop.snapshots.models import Snapshot
from shop.snapshots.watching import Watch

LISTS = "lists"
WALKED = 25  # records between two words of how far a walk is
log = structlog.get_logger()


class Arrival:
    """One attempt at bringing the file. `in_place`: wait here; otherwise give the run back while the platform works."""

    def __init__(
        self, snapshot: Snapshot, shop: Shop, config: Config, row: ExportRow, watch: Watch, *, in_place: bool
    ) -> None:
        self.snapshot, self.shop, self.config, self.row = snapshot, shop, config, row
        self.watch, self.in_place = watch, in_place
        self.wanted = ExportRequest(Kind(snapshot.kind), changed_since=snapshot.changed_since)
        self.part = fetching.part_of(snapshot.id, config.data_dir)

    def bring(self) -> None:
        """Go on until the file is stored. Raises LookLater, or the failure that ends the run."""
        runs.refuse_resting(self.shop)
        waiting.wait_in_turn(self.row, self.in_place, self.tick)
        while not self.brought():
            waiting.wait_in_turn(self.row, self.in_place, self.tick)
            self.row.begin_again()

    def brought(self) -> bool:
        """Go on as far as the platform lets us; False where the run has to rest first."""
        try:
            with reached(self.shop, self.config) as remote:
                self.learn(remote)
                self.go_on(remote)
        except problems.OF_THE_SHOP as failure:
            self.flag(failure)
            raise
        except Transient as failure:
            if isinstance(failure, exporting.ExportsSpent | waiting.GivenUp):
                raise
            if self.in_place and isinstance(failure, Unreachable) and not self.row.read().exports:
                raise waiting.GivenUp(failure.happened, code=failure.code) from failure  # somebody is looking on
            waiting.rest_after(self.row, failure)
            return False
        return True

    def learn(self, remote: Remote) -> None:
        """See that it is the shop it should be before anything of it is written."""
        said = remote.verify_identity().shop_id
        known = self.row.learn_identity(said)
        if known != said:
            raise WrongShop(
                _("The token opens the shop %(opened)s, and this one is %(known)s.", opened=said, known=known)
            )

    def go_on(self, remote: Remote) -> None:
        while True:
            kept = self.row.read()
            if kept.way == LISTS:
                return self.walk(remote)
            ticket = kept.export or self.ask(remote, kept)
            if ticket is None:
                continue
            try:
                if self.carried_on(remote, ticket):
                    return None
            except ExportGone as failure:
                log.warning("export_given_up", job=ticket.job, reason=failure.happened)
                self.part.unlink(missing_ok=True)
                self.row.give_up_export(f"{failure.happened} {_('Another one is asked for.')}")

    def ask(self, remote: Remote, kept: Kept) -> Ticket | None:
        self.enter("request")
        ticket = exporting.asked(remote, self.row, kept, self.wanted, self.shop, self.config)
        if ticket is not None:
            self.enter("wait")
            self.row.looked(None, ticket.job, waiting.pause(0), None)
            waiting.wait_in_turn(self.row, self.in_place, self.tick)
        return ticket

    def carried_on(self, remote: Remote, ticket: Ticket) -> bool:
        """Look at the export and fetch its file if it is done; False where it has to be looked at once more."""
        state = waiting.look(remote, self.row, ticket, self.row.read().looks)
        if state is None:
            self.enter("wait")
            waiting.wait_in_turn(self.row, self.in_place, self.tick)
            return False
        self.download(remote, state)
        self.settle(remote, state.job, ticket.requested_at)
        return True

    def download(self, remote: Remote, state: ExportState) -> None:
        """Receive the file; an export without rows has none, and gives an empty one."""
        self.enter("download")
        with fetching.written(self.part, self.name(state.job)):
            if state.is_empty:
                self.part.write_bytes(b"")
            else:
                fetching.Fetching(remote, self.row, state, self.tell).fetch(self.part, self.row.read())
        whose.refuse_foreign(self.part, remote)
        fault_point("download.done")

    def walk(self, remote: Remote) -> None:
        """Write what the platform's lists name as a file of lines. A walk that breaks is begun again."""
        self.enter("download")
        as_of = remote.server_time()
        with fetching.written(self.part, self.name(LISTS)):
            fetching.write_lines(remote.walk(self.wanted.kind, self.wanted.changed_since), self.part, self.count)
        self.settle(remote, LISTS, as_of)

    def settle(self, remote: Remote, source: str, as_of: datetime) -> None:
        """Keep the file, once everything else that the run needs of the platform is kept."""
        since = deletions.since(self.snapshot, lists=source == LISTS)
        if since is not None:
            deletions.report(remote, self.row, self.wanted.kind, since)
        name = self.name(source)
        with fetching.written(self.part, name):
            self.row.keep_file(fetching.stored(self.part, name, self.config.data_dir), as_of)

    def name(self, source: str) -> str:
        return f"{self.shop.slug}-{self.snapshot.kind}-{Path(source).name}.jsonl.gz"

    def enter(self, phase: str) -> None:
        attempts.enter_phase(self.row.connection, self.row.lease, self.snapshot.id, phase)
        self.watch(phase, 0, 0)

    def tell(self, done: int, total: int) -> None:
        self.watch("download", done, total)

    def count(self, records: int) -> None:
        """Say how many records the lists gave so far."""
        self.watch("download", records, 0)
        if records % WALKED == 0:
            self.row.keep_walked(records)

    def tick(self) -> None:
        self.watch("wait", 0, 0)

    def flag(self, failure: PlatformFailure) -> None:
        """Mark the shop, so that its page says what is wrong with it, and that it is let alone where nothing can help."""
        with self.row.fenced() as connection:
            problems.mark(connection, self.shop.id, failure)
