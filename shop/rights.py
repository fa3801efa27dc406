"""What the role of pages may do with each table, and how a row says whose it is. A new table needs one line here."""

from collections.abc import Mapping
from dataclasses import dataclass

# As a whole it is asked for once a statement and not for each row. Nothing set means no shop, so no row.
SHOPS = "(SELECT string_to_array(current_setting('pult.shops', true), ',')::int[])::int[]"
OWN = f"shop_id = ANY ({SHOPS})"
OWN_OR_NONE = f"(shop_id IS NULL OR {OWN})"  # what belongs to no shop is the installation's, for everybody to see
OF_OWN_RUN = "EXISTS (SELECT FROM snapshots AS run WHERE run.id = snapshot_id)"  # their own policy says which
# Names of locks say what they are for: a run by its shop and kind, else the number of a row.
OF_OWN_WORK = f"""CASE
    WHEN key ~ '^snapshot:[0-9]{{1,9}}:' THEN split_part(key, ':', 2)::int = ANY ({SHOPS})
    WHEN key ~ '^preview:[0-9]{{1,18}}$' THEN EXISTS (SELECT FROM snapshots AS run WHERE run.id = split_part(key, ':', 2)::bigint)
    WHEN key ~ '^task:[0-9]{{1,18}}$' THEN EXISTS (SELECT FROM task_runs AS run WHERE run.id = split_part(key, ':', 2)::bigint)
    ELSE true END"""  # noqa: S608  # all of it is written here

NOTHING: tuple[str, ...] = ()
READ = ("SELECT",)
ADD = ("SELECT", "INSERT")
MARK = ("SELECT", "UPDATE")
CHANGE = ("SELECT", "INSERT", "UPDATE")
GIVE = ("SELECT", "INSERT", "DELETE")
KEEP = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True)
class Right:
    """What pages may do with a table. `whose` is a condition on its rows, None where they are no shop's.

    What `is_seen` is read through a view in the schema `seen`: its lists use operators that PostgreSQL would not look up in an
    index behind a policy.
    """

    may: tuple[str, ...]
    whose: str | None = None
    is_seen: bool = False


RIGHTS: Mapping[str, Right] = {
    # what shops have
    "orders": Right(READ, OWN, is_seen=True),
    "order_items": Right(READ, OWN),  # its quarters as well, and nothing on a quarter by its own name
    "order_statuses": Right(READ, OWN),
    "order_revisions": Right(READ, OWN),
    "customers": Right(READ, OWN, is_seen=True),
    "customer_accounts": Right(READ, OWN),
    "customer_merges": Right(READ, OWN),
    "customer_metrics": Right(READ, OWN, is_seen=True),
    "products": Right(READ, OWN, is_seen=True),
    "product_variants": Right(READ, OWN, is_seen=True),
    "product_metrics": Right(READ, OWN, is_seen=True),
    "daily_sales": Right(READ, OWN),
    "daily_product_sales": Right(READ, OWN),
    "monthly_sales": Right(READ, OWN),
    # the work on them
    "shops": Right(MARK, f"id = ANY ({SHOPS})"),
    "shop_settings": Right(CHANGE, OWN),
    "snapshots": Right(CHANGE, OWN),
    "snapshot_attempts": Right(MARK, OF_OWN_RUN),
    "failed_snapshots": Right(MARK, OWN),
    "quarantined_records": Right(MARK, OWN),
    "overwritten_orders": Right(READ, OWN),
    "reported_deletions": Right(ADD, OWN),
    "webhook_notices": Right(READ, OWN),
    # who was erased, and where they still have to be taken out
    "tombstones": Right(READ, OWN),
    "raw_rewrites": Right(NOTHING, OWN),
    "erasure_keys": Right(NOTHING),
    "task_runs": Right(ADD, OWN_OR_NONE),
    "job_leases": Right(MARK, OF_OWN_WORK),
    # people
    "staff": Right(CHANGE),
    "staff_shops": Right(GIVE, OWN),
    "staff_sessions": Right(MARK),
    "staff_links": Right(CHANGE),
    "staff_recovery_codes": Right(KEEP),
    "staff_tokens": Right(CHANGE),
    "exports": Right(CHANGE),
    "audit_entries": Right(ADD, OWN_OR_NONE),  # nobody changes what is written
    # the installation
    "settings": Right(CHANGE),
    "settings_version": Right(CHANGE),
    "heartbeats": Right(READ),
    "backups": Right(READ),
    "backup_checks": Right(READ),
    "backup_duplicates": Right(READ),
    "restorations": Right(CHANGE),
    "partition_events": Right(ADD),
    "partition_archives": Right(READ),
    "table_conversions": Right(READ),
    "alembic_version": Right(NOTHING),
}
