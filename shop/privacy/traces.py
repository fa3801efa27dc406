"""What else tells of an erased person: histories, lines that were set aside, sentences, the trail's quotations."""

from typing import Any

import psycopg
from psycopg import sql

from shop.languages import N_
from shop.platforms.records import Kind
from shop.platforms.registry import platform
from shop.privacy.subject import Subject
from shop.snapshots.erased import erased_from
from shop.snapshots.proving import RETIRED_RANGE

PERSONAL_FIELDS = ["e-mail", "name", "phone", "particulars"]  # of an order's history
WORDS = N_("This record named a person who was erased.")
GONE = N_("Erased with the person it named.")
STEP = 500

# Held by an erasure from when it asks for files until it commits, and by a rewrite while it puts one file for another.
ONE_AFTER_ANOTHER = "SELECT pg_advisory_xact_lock(hashtext('pult raw rewrites'))"
REVISIONS = """
    DELETE FROM order_revisions r WHERE r.shop_id = %(shop)s AND r.field = ANY (%(fields)s) AND (r.order_id = ANY (%(orders)s)
    OR EXISTS (SELECT 1 FROM unnest(%(emails)s::text[]) AS e WHERE strpos(lower(concat_ws(' ', r.before, r.after)), e) > 0))"""
OVERWRITTEN = """
    DELETE FROM overwritten_orders WHERE shop_id = %(shop)s
    AND (order_id = ANY (%(orders)s) OR lower(before->>'email') = ANY (%(emails)s))"""
NOTICES = "DELETE FROM webhook_notices WHERE shop_id = %(shop)s AND key = ANY (%(guids)s)"
DELETIONS = "DELETE FROM reported_deletions WHERE shop_id = %(shop)s AND key = ANY (%(guids)s)"
SAMPLES = """
    UPDATE snapshots SET difference = difference || '{"sample": []}' WHERE shop_id = %(shop)s AND difference->'sample' <> '[]'"""
SENTENCES = (
    ("snapshots", "error"),
    ("snapshots", "remark"),
    ("snapshot_attempts", "error"),
    ("failed_snapshots", "error"),
)
SENTENCE = """
    UPDATE {table} SET {column} = %(gone)s
    WHERE {column} IS NOT NULL AND EXISTS (SELECT 1 FROM unnest(%(texts)s::text[]) AS t WHERE strpos(lower({column}), t) > 0)"""
TRAIL = """
    UPDATE audit_entries a SET
        subject = CASE WHEN EXISTS (SELECT 1 FROM unnest(%(texts)s::text[]) AS t WHERE strpos(lower(a.subject), t) > 0)
                  THEN 'erased' ELSE a.subject END,
        details = (SELECT coalesce(jsonb_object_agg(d.key, CASE WHEN EXISTS (
                       SELECT 1 FROM unnest(%(texts)s::text[]) AS t WHERE strpos(lower(d.value::text), t) > 0)
                   THEN '"erased"' ELSE d.value END), '{}') FROM jsonb_each(a.details) AS d)
    WHERE EXISTS (SELECT 1 FROM unnest(%(texts)s::text[]) AS t WHERE strpos(lower(a.subject || ' ' || a.details::text), t) > 0)"""
MANIFESTS = """
    UPDATE exports SET query = 'erased', file_name = 'erased'
    WHERE EXISTS (SELECT 1 FROM unnest(%(texts)s::text[]) AS t WHERE strpos(lower(query || ' ' || file_name), t) > 0)"""
SET_ASIDE = """
    SELECT q.snapshot_id, q.line, q.raw, s.kind, h.platform FROM quarantined_records q JOIN snapshots s ON s.id = q.snapshot_id
    JOIN shops h ON h.id = q.shop_id WHERE q.shop_id = %s AND s.kind IN ('orders', 'customers')"""
KEEP = """
    UPDATE quarantined_records SET raw = %s, reason = CASE WHEN error_code = %s THEN reason ELSE %s END
    WHERE snapshot_id = %s AND line = %s"""


def remove(connection: psycopg.Connection[Any], person: Subject) -> int:
    """Remove what tells of the person; returns how many lines that were set aside have lost them."""
    given = {
        "shop": person.shop_id,
        "orders": list(person.orders),
        "emails": list(person.emails),
        "guids": list(person.guids),
        "texts": list(person.texts),
        "fields": PERSONAL_FIELDS,
        "gone": GONE,
    }
    for statement in (REVISIONS, OVERWRITTEN, NOTICES, DELETIONS, SAMPLES):
        connection.execute(statement, given)
    if person.texts:
        for table, column in SENTENCES:
            names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
            connection.execute(sql.SQL(SENTENCE).format(**names), given)
        connection.execute(MANIFESTS, given)
        connection.execute("SELECT set_config('pult.erasing', 'on', true)")
        connection.execute(TRAIL, given)
        connection.execute("SELECT set_config('pult.erasing', 'off', true)")
    return empty_set_aside(connection, person.shop_id)


def empty_set_aside(connection: psycopg.Connection[Any], shop_id: int) -> int:
    """Keep the lines that were set aside without people who were erased; returns how many lines that were."""
    emptied = 0
    with connection.cursor(name="set_aside") as reading, connection.cursor() as writing:
        reading.itersize = STEP
        reading.execute(SET_ASIDE, (shop_id,))
        known: dict[str, Any] = {}
        for snapshot_id, line, raw, kind, platform_name in reading:
            if kind not in known:
                known[kind] = erased_from(connection, shop_id, platform(platform_name), Kind(kind))
            left = known[kind].left_of(bytes(raw))
            if left != raw:
                writing.execute(KEEP, (left, RETIRED_RANGE, WORDS, snapshot_id, line))
                emptied += 1
    return emptied
