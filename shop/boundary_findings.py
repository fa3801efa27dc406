"""Whether PostgreSQL keeps the boundary between shops as `shop/rights.py` wants it, in sentences for `flask doctor`."""

from collections.abc import Iterator
from typing import Any

import psycopg

from shop.findings import Finding, finding
from shop.granting import IS_READY, POLICY, VIEWS, WEB, answer
from shop.rights import RIGHTS

MEND = "Run `flask boundaries renew`: it makes the role, its rights, policies and views again."
ROLE = """
    SELECT rolsuper OR rolbypassrls OR rolcanlogin,
           pg_has_role(session_user, oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
    FROM pg_roles WHERE rolname = %s"""
TABLES = """
    SELECT c.relname, c.relispartition, c.relrowsecurity, c.relforcerowsecurity,
           EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'shop_id' AND NOT a.attisdropped),
           ARRAY (SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1),
           ARRAY (SELECT DISTINCT g.privilege_type FROM aclexplode(c.relacl) g
                  WHERE g.grantee = 0 OR g.grantee = (SELECT oid FROM pg_roles WHERE rolname = %s) ORDER BY 1)
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1"""
UNLIKE = """
    SELECT t.relname FROM pg_class t JOIN pg_class v ON v.relname = t.relname AND v.relkind = 'v'
    WHERE t.relnamespace = 'public'::regnamespace AND v.relnamespace = to_regnamespace('seen') AND
          (SELECT array_agg(attname ORDER BY attname) FROM pg_attribute WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped)
          IS NOT DISTINCT FROM
          (SELECT array_agg(attname ORDER BY attname) FROM pg_attribute WHERE attrelid = v.oid AND attnum > 0)"""


def findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Tell whether everything is as it must be; the first thing that is not, and how many more, where it is otherwise."""
    found = list(drift(connection))
    more = f" {len(found) - 1} more." if len(found) > 1 else ""
    yield finding("boundaries", not found, f"{found[0]}{more}" if found else "pages see their shops alone", MEND)


def drift(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Yield a sentence for each thing that is not as the rights say."""
    web = str(answer(connection, WEB))
    role = connection.execute(ROLE, (web,)).fetchone()
    if role is None or not answer(connection, IS_READY):
        yield f"The role {web}, as which pages read, or the schema {VIEWS} is missing: no page can be opened."
        return
    if role[0]:
        yield f"The role {web} may sign in, or sees rows whatever the policies say."
    if not role[1]:
        yield f"The role of DATABASE_URL may not act as {web}: no page can be opened."
    for row in connection.execute(TABLES, (web,)).fetchall():
        yield from of_table(*row)
    equal = {name for (name,) in connection.execute(UNLIKE).fetchall()}
    for table in sorted(name for name, right in RIGHTS.items() if right.is_seen and name not in equal):
        yield f"The view {VIEWS}.{table} has not the columns of its table."


def of_table(
    name: str, is_partition: bool, guarded: bool, forced: bool, of_a_shop: bool, policies: list[str], may: list[str]
) -> Iterator[str]:
    right = RIGHTS.get(name)
    if is_partition or right is None:
        if may:
            what = "a partition of its own name" if is_partition else "not in shop/rights.py"
            yield f"Pages may {', '.join(may)} on {name}, which is {what}."
        return
    if sorted(right.may) != may:
        yield f"Pages may {', '.join(may) or 'nothing'} on {name}, and should {', '.join(right.may) or 'nothing'}."
    if (right.whose is not None or of_a_shop) and not (guarded and policies == [POLICY]):
        yield f"The table {name} has not its one policy: rows of other shops can be seen."
    if forced:
        yield f"Row-level security of {name} is forced on its owner: work would see no rows, and copies are refused."
