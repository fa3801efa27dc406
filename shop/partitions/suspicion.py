"""Which partitions are not made like their table, found in one query; only those are looked at closely."""

from typing import Any

import psycopg

from shop.partitions.quarters import PARENT
from shop.partitions.shape import Drift, of_constraints, of_indexes, of_rights

# Each table of the family as one text: its indexes, constraints and owner, without the names of what is made of them. What the table
# grants, and whom its policies hold, a partition need not repeat: one that grants nothing and has no policies is reached through it alone.
UNLIKE = r"""
    WITH family AS (
        SELECT to_regclass(%(parent)s)::oid AS oid, NULL::text AS name
        UNION ALL SELECT c.oid, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass(%(parent)s)),
    made AS (
        SELECT f.name, md5(concat_ws('|',
            (SELECT string_agg(concat(x.indisunique, x.indisvalid, regexp_replace(pg_get_indexdef(x.indexrelid), '^.*? USING ', '')),
                               ';' ORDER BY regexp_replace(pg_get_indexdef(x.indexrelid), '^.*? USING ', ''), x.indisunique)
             FROM pg_index x WHERE x.indrelid = f.oid),
            (SELECT string_agg(pg_get_constraintdef(k.oid) || k.convalidated, ';' ORDER BY pg_get_constraintdef(k.oid))
             FROM pg_constraint k WHERE k.conrelid = f.oid AND k.contype IN ('c', 'f', 'p', 'u')),
            c.relowner, c.relpersistence,
            CASE WHEN f.name IS NOT NULL THEN coalesce(c.relacl, acldefault('r', c.relowner)) ELSE acldefault('r', c.relowner) END::text,
            f.name IS NOT NULL AND c.relrowsecurity)) AS shape
        FROM family f JOIN pg_class c ON c.oid = f.oid)
    SELECT p.name FROM made p JOIN made t ON t.name IS NULL WHERE p.name IS NOT NULL AND p.shape <> t.shape ORDER BY 1"""


def differing(connection: psycopg.Connection[Any]) -> list[Drift]:
    """Return every difference between the partitions and the table."""
    suspects = connection.execute(UNLIKE, {"parent": PARENT}).fetchall()
    return [
        drift
        for (table,) in suspects
        for look in (of_indexes, of_constraints, of_rights)
        for drift in look(connection, table, PARENT)
    ]
