"""One invented person in every place where Pult keeps something of people, to be looked for in all that it answers."""

from psycopg import Connection

from shop.db import raw_connection

WORDS = {  # where it stands: how it is found in an answer
    "name": "anaria", "e-mail": "pozorny-dum", "phone": "601234567", "company": "Canardom", "town": "Cagetown", "street": "Cagestreet",
    "remark": "Cageremark", "note": "Cagenote", "line": "Cageline", "failure": "Cagefailure", "history": "Cagehistory",
    "difference": "Cagechange", "merge": "Cagemerge",
}  # fmt: skip
EMAIL = "canaria@pozorny-dum.example"
PARTICULARS = (
    '{"billing_address": {"fullName": "Canaria Zelena", "street": "Cagestreet 7", "city": "Cagetown", "countryCode": "CZ"},'
    ' "customer_note": "Cagenote", "shop_note": "Cagenote too"}'
)
SAMPLE = '[{"id": 1, "name": "1001", "changes": [{"field": "e-mail", "before": "Cagechange@pozorny-dum.example", "after": null}]}]'
SENTENCE = "The value “Cagefailure” of canaria@pozorny-dum.example is no name."

STATEMENTS = (
    (("UPDATE customers SET name = 'Canaria Zelena', email = 'canaria' || id || '@pozorny-dum.example', phone = '+420601234567',"
     " company = 'Canardom Zelena', city = 'Cagetown', remark = 'Cageremark', addresses = '{}'"), ()),
    (("UPDATE orders SET name = 'Canaria Zelena', email = %s, phone = '+420601234567', company = 'Canardom', particulars = %s,"
     " search = search || 'canaria'::tsvector"), (EMAIL, PARTICULARS)),
    (("INSERT INTO order_revisions (shop_id, order_id, snapshot_id, field, before, after)"
     " SELECT shop_id, id, snapshot_id, 'e-mail', 'Cagehistory@pozorny-dum.example', %s FROM orders ON CONFLICT DO NOTHING"), (EMAIL,)),
    ("UPDATE customer_merges SET evidence = 'both wrote “Cagemerge”'", ()),
    ("UPDATE quarantined_records SET raw = convert_to('{\"fullName\": \"Cageline\"}', 'UTF8'), reason = %s", (SENTENCE,)),
    ("UPDATE failed_snapshots SET error = %s", (SENTENCE,)),
    ("UPDATE snapshots SET error = %s WHERE error IS NOT NULL", (SENTENCE,)),
    ("UPDATE snapshots SET remark = %s WHERE remark IS NOT NULL", (SENTENCE,)),
    ("UPDATE snapshot_attempts SET error = %s", (SENTENCE,)),
    ("UPDATE snapshots SET difference = jsonb_set(difference, '{sample}', %s) WHERE difference IS NOT NULL", (SAMPLE,)),
)  # fmt: skip


def move_in() -> None:
    """Write the person over everybody whom the house has."""
    with raw_connection(autocommit=True) as connection:
        for statement, values in STATEMENTS:
            wrote(connection, statement, values)


def wrote(connection: Connection[tuple[object, ...]], statement: str, values: tuple[str, ...]) -> None:
    done = connection.execute(statement.encode(), values or None)
    assert done.rowcount > 0, f"the house has no row for: {statement}"


def heard(text: str) -> set[str]:
    """Return which things of the person an answer tells."""
    return {where for where, word in WORDS.items() if word in text}
