"""Everything that is defined in a database, each with its text, so that two databases can be compared."""

from collections.abc import Mapping
from typing import Any

import psycopg

DEFINED = {  # what: a query for names and texts, in the schemas `ours`
    "constraint": """
        SELECT format('%%I.%%I %%I', n.nspname, c.relname, k.conname),
               pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' (not validated)' END
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE k.contype <> 'n' AND n.oid = ANY (%(ours)s)""",  # whether a column may be null is said by the column
    "index": """
        SELECT format('%%I.%%I', n.nspname, c.relname),
               pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' (invalid)' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.oid = ANY (%(ours)s)""",
    "column": """
        SELECT format('%%I.%%I %%I', n.nspname, c.relname, a.attname),
               concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
                         nullif(a.attidentity::text, ''), pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') AND n.oid = ANY (%(ours)s)""",
    "trigger": """
        SELECT format('%%I.%%I %%I', n.nspname, c.relname, t.tgname), t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND n.oid = ANY (%(ours)s)""",
    "function": """
        SELECT p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p') AND n.oid = ANY (%(ours)s)""",
    "policy": """
        SELECT format('%%I.%%I %%I', n.nspname, c.relname, p.polname),
               concat_ws(' / ', p.polcmd, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.oid = ANY (%(ours)s)""",
    "partition": """
        SELECT format('%%I.%%I', n.nspname, c.relname), pg_get_expr(c.relpartbound, c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relispartition AND c.relkind IN ('r', 'p') AND n.oid = ANY (%(ours)s)""",
}


def definitions(connection: psycopg.Connection[Any], ours: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each definition by what and whose it is, as in "index public.pk_orders"."""
    return {
        f"{what} {name}": text
        for what, query in DEFINED.items()
        for name, text in connection.execute(query.encode(), ours).fetchall()
    }
