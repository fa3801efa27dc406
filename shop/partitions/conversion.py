"""Takes the big table from one form to the other and back, phase by phase, while it is read and written.

planned → prepared → backfilling → verified → swapped → finished, and from each of them but the last: rolled back. Each
step begins where the row in `table_conversions` says that the one before has ended, whoever did that and however it ended.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from flask import current_app

from shop.fault_points import fault_point
from shop.locks import Lease, worker_name
from shop.partitions import finishing, record, swapping, synchronising, verifying
from shop.partitions.astray import lead_astray_home, wait_for_writers
from shop.partitions.backfilling import Copier, Tell
from shop.partitions.bars import Teller
from shop.partitions.creating import note
from shop.partitions.patience import BUDGET, in_moments
from shop.partitions.planning import Plan, plan
from shop.partitions.quarters import PARENT
from shop.partitions.queries import exists, is_partitioned
from shop.partitions.record import JOIN, NEXT, SPLIT, Conversion, Phase
from shop.partitions.shadow import build
from shop.partitions.turns import turn

FILLING = (Phase.PREPARED, Phase.BACKFILLING)
ENDING = (Phase.FINISHED, Phase.ROLLED_BACK)


@dataclass(frozen=True)
class Converter:
    """Somebody at work on the form of the table: a connection in no transaction, the lease, a name, who is told."""

    connection: psycopg.Connection[Any]
    lease: Lease
    by: str
    tell: Tell
    budget: float = BUDGET  # seconds for each moment in which the table must be free

    def prepare(self) -> Plan:
        """Make the empty table beside the live one, and have every write from now on carried over to it."""
        found = plan(self.connection)
        if record.under_way(self.connection) is None:
            found.required()
            with self.connection.transaction():
                self.lease.check(self.connection)
                record.begin(self.connection, found.direction, self.by, {"need": found.need, "free": found.free})
                note(self.connection, None, "conversion planned", self.by, direction=found.direction, rows=found.total)
            fault_point("partitions.planned")
        conversion = record.needed(self.connection).required(Phase.PLANNED, *FILLING)
        if conversion.phase == Phase.PLANNED:
            self.build(conversion, found)
        self.tell(record.needed(self.connection))
        return found

    def build(self, conversion: Conversion, found: Plan) -> None:
        def make() -> None:
            self.lease.check(self.connection)
            if not exists(self.connection, NEXT):
                build(self.connection, found.quarters if conversion.direction == SPLIT else None, self.by)
            synchronising.make_function(self.connection, NEXT, partitioned=conversion.direction == SPLIT, filling=True)

        def follow() -> None:
            self.lease.check(self.connection)
            synchronising.follow(self.connection, NEXT)
            record.change(
                self.connection, conversion, phase=Phase.PREPARED, rows_total=found.total, todo=[[None, None]], again=[]
            )

        in_moments(self.connection, make, self.budget)
        fault_point("partitions.built")
        in_moments(self.connection, follow, self.budget)
        fault_point("partitions.prepared")

    def backfill(self) -> None:
        """Copy what was there before."""
        record.needed(self.connection).required(*FILLING)
        Copier(self.connection, self.lease, self.tell).fill()
        fault_point("partitions.filled")

    def verify(self) -> dict[str, Any]:
        """Compare both tables; raises `NotTheSame` where they differ."""
        conversion = record.needed(self.connection).required(*FILLING, Phase.VERIFIED)
        if not conversion.is_filled:
            conversion.required(Phase.VERIFIED)
        synchronising.make_function(self.connection, NEXT, partitioned=conversion.direction == SPLIT)
        wait_for_writers(self.connection, self.budget)
        lead_astray_home(self.connection, self.lease, conversion, self.by)
        found = verifying.verify(self.connection, self.lease, conversion)
        with self.connection.transaction():
            self.lease.check(self.connection)
            record.change(self.connection, conversion, phase=Phase.VERIFIED, figures={"verified": found})
        fault_point("partitions.verified")
        self.tell(record.needed(self.connection))
        return found

    def swap(self) -> Conversion:
        """Let the new table take the place of the live one."""
        conversion = record.needed(self.connection).required(Phase.VERIFIED)
        swapping.swap(self.connection, self.lease, conversion, self.by, self.budget)
        fault_point("partitions.swapped")
        swapped = record.needed(self.connection)
        self.tell(swapped)
        return swapped

    def roll_back(self) -> None:
        """Go back to the old table, with everything that was written since."""
        conversion = record.needed(self.connection)
        conversion.required(*(phase for phase in Phase if phase != Phase.FINISHED))
        finishing.roll_back(self.connection, self.lease, conversion, self.by, self.budget)

    def finish(self, proof: finishing.Proof = finishing.proven_backup, *, without_backup: bool = False) -> None:
        """Drop the old table."""
        conversion = record.needed(self.connection).required(Phase.SWAPPED, Phase.FINISHED)
        finishing.finish(self.connection, self.lease, conversion, self.by, proof=proof, without_backup=without_backup)

    def end_what_was_ending(self) -> Conversion | None:
        """Clear away what an interrupted end has left; returns the conversion that is under way then."""
        conversion = record.under_way(self.connection)
        if conversion and conversion.phase in ENDING:
            (self.finish if conversion.phase == Phase.FINISHED else self.roll_back)()
            return None
        return conversion

    def go_through(self) -> None:
        """Take the table to the other form, from wherever it is; the old table stays, unless it is empty."""
        self.prepare_if_new()
        if record.needed(self.connection).phase in FILLING:
            self.backfill()
            self.verify()
        if record.needed(self.connection).phase == Phase.VERIFIED:
            self.swap()
        if finishing.is_empty(self.connection, record.BEFORE):
            self.finish()

    def prepare_if_new(self) -> None:
        conversion = record.under_way(self.connection)
        if conversion is None or conversion.phase == Phase.PLANNED:
            self.prepare()


def become_partitioned() -> None:
    """Bring the table into quarters; what was begun before, by whomever, is taken to its end."""
    become(SPLIT)


def become_plain() -> None:
    """Bring the table back into one piece with all its rows: the one that was kept, where there is one, else a new one."""
    become(JOIN)


def become(direction: str) -> None:
    with (
        Teller() as teller,
        turn(current_app.extensions["pult"].redis_url, teller.say, wait=True) as (connection, lease),
    ):
        converter = Converter(connection, lease, f"migration on {worker_name()}", teller.tell)
        conversion = converter.end_what_was_ending()
        if conversion and conversion.direction != direction:
            converter.roll_back()
        elif is_partitioned(connection, PARENT) != (direction == SPLIT) or conversion:
            converter.go_through()
