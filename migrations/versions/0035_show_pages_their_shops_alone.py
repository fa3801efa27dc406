"""Let pages read and write under a role of their own, to which PostgreSQL shows the rows of a person's shops alone."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

SHOPS = "(SELECT string_to_array(current_setting('pult.shops', true), ',')::int[])::int[]"
OWN = f"shop_id = ANY ({SHOPS})"
OWN_OR_NONE = f"(shop_id IS NULL OR {OWN})"
OF_OWN_RUN = "EXISTS (SELECT FROM snapshots AS run WHERE run.id = snapshot_id)"
OF_OWN_WORK = f"""CASE
    WHEN key ~ '^snapshot:[0-9]{{1,9}}:' THEN split_part(key, ':', 2)::int = ANY ({SHOPS})
    WHEN key ~ '^preview:[0-9]{{1,18}}$' THEN EXISTS (SELECT FROM snapshots AS run WHERE run.id = split_part(key, ':', 2)::bigint)
    WHEN key ~ '^task:[0-9]{{1,18}}$' THEN EXISTS (SELECT FROM task_runs AS run WHERE run.id = split_part(key, ':', 2)::bigint)
    ELSE true END"""  # noqa: S608  # all of it is written here

READ, ADD, MARK, GIVE = "SELECT", "SELECT, INSERT", "SELECT, UPDATE", "SELECT, INSERT, DELETE"
NOTHING = ""
CHANGE, KEEP = "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"
RIGHTS = {  # table: what pages may do, whose its rows are; as shop/rights.py says on this day
    "orders": (READ, OWN),
    "order_items": (READ, OWN),
    "order_statuses": (READ, OWN),
    "order_revisions": (READ, OWN),
    "customers": (READ, OWN),
    "customer_accounts": (READ, OWN),
    "customer_merges": (READ, OWN),
    "customer_metrics": (READ, OWN),
    "products": (READ, OWN),
    "product_variants": (READ, OWN),
    "product_metrics": (READ, OWN),
    "daily_sales": (READ, OWN),
    "daily_product_sales": (READ, OWN),
    "monthly_sales": (READ, OWN),
    "shops": (MARK, f"id = ANY ({SHOPS})"),
    "shop_settings": (CHANGE, OWN),
    "snapshots": (CHANGE, OWN),
    "snapshot_attempts": (MARK, OF_OWN_RUN),
    "failed_snapshots": (MARK, OWN),
    "quarantined_records": (MARK, OWN),
    "overwritten_orders": (READ, OWN),
    "reported_deletions": (ADD, OWN),
    "webhook_notices": (READ, OWN),
    "tombstones": (READ, OWN),
    "raw_rewrites": (NOTHING, OWN),
    "erasure_keys": (NOTHING, None),
    "exports": (CHANGE, None),
    "task_runs": (ADD, OWN_OR_NONE),
    "job_leases": (MARK, OF_OWN_WORK),
    "staff": (CHANGE, None),
    "staff_shops": (GIVE, OWN),
    "staff_sessions": (MARK, None),
    "staff_links": (CHANGE, None),
    "staff_recovery_codes": (KEEP, None),
    "staff_tokens": (CHANGE, None),
    "audit_entries": (ADD, OWN_OR_NONE),
    "settings": (CHANGE, None),
    "settings_version": (CHANGE, None),
    "heartbeats": (READ, None),
    "backups": (READ, None),
    "backup_checks": (READ, None),
    "backup_duplicates": (READ, None),
    "restorations": (CHANGE, None),
    "partition_events": (ADD, None),
    "partition_archives": (READ, None),
    "table_conversions": (READ, None),
}
SEEN = ("orders", "customers", "customer_metrics", "products", "product_variants", "product_metrics")

MAKE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = session_user || '_web') THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', session_user || '_web');
    END IF;
    IF NOT pg_has_role(session_user, session_user || '_web',
                       CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
        EXECUTE format('GRANT %I TO %I', session_user || '_web', session_user);
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of the server has made it just now
    WHEN insufficient_privilege THEN RAISE EXCEPTION
        'The role of DATABASE_URL may not make the role %_web, as which pages read. Nothing was changed; an administrator of the server makes it: CREATE ROLE "%_web" NOLOGIN; GRANT "%_web" TO "%"; then migrate again.',
        session_user, session_user, session_user, session_user USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    """The role is the server's, and may be another database's as well; all else is this database's."""
    op.execute(MAKE_ROLE)
    op.execute("CREATE SCHEMA seen")
    for table, (_, whose) in RIGHTS.items():
        if whose:
            op.execute(f"CREATE POLICY shops ON {table} USING ({whose})")
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for table in SEEN:
        op.execute(f"CREATE VIEW seen.{table} AS SELECT * FROM {table} WHERE {OWN}")  # noqa: S608  # as above
    to_web("GRANT USAGE ON SCHEMA public, seen TO %I")
    to_web("GRANT SELECT ON ALL TABLES IN SCHEMA seen TO %I")
    for verbs in (READ, ADD, MARK, GIVE, CHANGE, KEEP):
        if tables := [table for table, (may, _) in RIGHTS.items() if may == verbs]:
            to_web(f"GRANT {verbs} ON {', '.join(tables)} TO %I")


def downgrade() -> None:
    """The role stays: another database of the server may use it, and it may do nothing here any more."""
    to_web(f"REVOKE ALL ON {', '.join(RIGHTS)} FROM %I")
    to_web("REVOKE USAGE ON SCHEMA public FROM %I")
    for table in SEEN:
        op.execute(f"DROP VIEW seen.{table}")
    op.execute("DROP SCHEMA seen")
    for table, (_, whose) in RIGHTS.items():
        if whose:
            op.execute(f"DROP POLICY shops ON {table}")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def to_web(statement: str) -> None:
    """Run a grant for the role whose name depends on who migrates."""
    op.execute(f"DO $$ BEGIN EXECUTE format('{statement}', session_user || '_web'); END $$")
