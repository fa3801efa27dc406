"""Publishes staged customers: accounts of the platform become people of ours, merged where one e-mail says so."""

from collections.abc import Mapping
from typing import ClassVar

from psycopg import sql

from shop.customers import metrics
from shop.snapshots.publisher import Publisher, assignments

COPIED = (
    "name",
    "company",
    "phone",
    "city",
    "country",
    "group_name",
    "price_ratio",
    "remark",
    "addresses",
    "created_at",
    "changed_at",
    "search",
)


class CustomerPublisher(Publisher):
    """Customers, their accounts and merges."""

    lists: ClassVar[Mapping[str, sql.Composed]] = {"set": assignments(COPIED, "s")}

    def prepare(self) -> None:
        """Nothing of these may be seen early."""

    def publish(self, missing: sql.Composed | None) -> int:
        self.run("""
            CREATE TEMP TABLE people ON COMMIT DROP AS
            SELECT s.line, s.guid, s.email, a.customer_id AS by_guid, c.id AS by_email, NULL::bigint AS customer_id
            FROM {plan} p JOIN {main} s USING (line)
            LEFT JOIN customer_accounts a ON a.shop_id = %(shop)s AND a.guid = s.guid
            LEFT JOIN customers c ON c.shop_id = %(shop)s AND lower(c.email) = s.email
            WHERE p.action IN ('i', 'u')""")
        self.run("ANALYZE people")
        self.find_people()
        self.merge()
        self.write_accounts()
        self.advance(self.value("SELECT count(*) FROM {plan}") // 2)
        self.write_people()
        deleted = self.delete(missing) if missing is not None else 0
        metrics.refresh_touched(self.connection, self.shop_id)
        return deleted

    def find_people(self) -> None:
        """Whoever owns the e-mail is the person; else the owner of the account; else somebody new, once per e-mail."""
        self.run("""
            UPDATE people SET by_email = first.owner
            FROM (SELECT email, min(by_guid) AS owner FROM people WHERE by_email IS NULL AND email IS NOT NULL GROUP BY email) AS first
            WHERE people.email = first.email AND people.by_email IS NULL AND first.owner IS NOT NULL""")
        self.run("UPDATE people SET customer_id = coalesce(by_email, by_guid)")
        self.run("""
            CREATE TEMP TABLE newcomers ON COMMIT DROP AS
            SELECT coalesce(email, guid) AS known_as, email, nextval('customers_id_seq') AS id
            FROM (SELECT coalesce(email, guid) AS known_as, max(email) AS email, max(guid) AS guid, min(line) AS line FROM people
                  WHERE customer_id IS NULL GROUP BY coalesce(email, guid) ORDER BY min(line)) AS n""")
        self.run("""
            INSERT INTO customers (shop_id, id, email, snapshot_id) SELECT %(shop)s, id, email, %(snapshot)s FROM newcomers""")
        self.run(
            "UPDATE people SET customer_id = n.id FROM newcomers n WHERE people.customer_id IS NULL AND coalesce(people.email, people.guid) = n.known_as"
        )

    def merge(self) -> None:
        """An account whose e-mail belongs to another person moves there, with its orders; the move is written down."""
        self.run("""
            CREATE TEMP TABLE touched_customers ON COMMIT DROP AS
            SELECT DISTINCT customer_id FROM people UNION SELECT by_guid FROM people WHERE by_guid <> customer_id""")
        self.run("""
            INSERT INTO customer_merges (shop_id, from_customer_id, into_customer_id, guids, evidence, snapshot_id)
            SELECT %(shop)s, by_guid, customer_id, jsonb_agg(guid ORDER BY guid), 'same e-mail', %(snapshot)s
            FROM people WHERE by_guid <> customer_id GROUP BY by_guid, customer_id""")
        self.run("""
            UPDATE orders o SET customer_id = p.customer_id FROM people p
            WHERE p.by_guid <> p.customer_id AND o.shop_id = %(shop)s AND o.customer_id = p.by_guid AND o.customer_guid = p.guid""")

    def write_accounts(self) -> None:
        self.run("""
            INSERT INTO customer_accounts (shop_id, guid, customer_id, changed_at, source_hash, content_hash, snapshot_id)
            SELECT %(shop)s, p.guid, p.customer_id, s.changed_at, s.source_hash, s.content_hash, %(snapshot)s
            FROM people p JOIN {main} s USING (line)
            ON CONFLICT (shop_id, guid) DO UPDATE SET customer_id = EXCLUDED.customer_id, changed_at = EXCLUDED.changed_at,
                source_hash = EXCLUDED.source_hash, content_hash = EXCLUDED.content_hash, snapshot_id = EXCLUDED.snapshot_id, deleted_at = NULL""")
        self.run("""
            UPDATE customer_accounts a SET deleted_at = NULL FROM {plan} p
            WHERE p.action = 'r' AND a.shop_id = %(shop)s AND a.guid = p.key""")
        self.run("""
            UPDATE customers c SET deleted_at = NULL, registered = true FROM {plan} p
            WHERE p.action = 'r' AND c.shop_id = %(shop)s AND c.id = p.stored_id""")

    def write_people(self) -> None:
        """The newest account describes the person; people left without account and order were merged away."""
        self.run("""
            UPDATE customers c SET {set}, email = coalesce(s.email, c.email), registered = true, deleted_at = NULL, merged_into = NULL,
                                   snapshot_id = %(snapshot)s
            FROM (SELECT DISTINCT ON (p.customer_id) p.customer_id, m.* FROM people p JOIN {main} m USING (line)
                  ORDER BY p.customer_id, m.changed_at DESC NULLS LAST, m.line DESC) AS s
            WHERE c.shop_id = %(shop)s AND c.id = s.customer_id""")
        self.run("""
            UPDATE customers c SET merged_into = p.customer_id, deleted_at = now() FROM people p
            WHERE p.by_guid <> p.customer_id AND c.shop_id = %(shop)s AND c.id = p.by_guid
              AND NOT EXISTS (SELECT 1 FROM customer_accounts a WHERE a.shop_id = c.shop_id AND a.customer_id = c.id)
              AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = c.shop_id AND o.customer_id = c.id)""")

    def delete(self, missing: sql.Composed) -> int:
        """Mark accounts that are gone from the platform; a person with orders stays, as a guest."""
        gone = self.run(
            """
            UPDATE customer_accounts e SET deleted_at = now() FROM ({missing}) m
            WHERE e.shop_id = %(shop)s AND e.guid = m.key AND e.deleted_at IS NULL""",
            missing=missing,
        )
        self.run("""
            UPDATE customers c SET registered = false,
                   deleted_at = CASE WHEN EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = c.shop_id AND o.customer_id = c.id) THEN NULL ELSE now() END
            WHERE c.shop_id = %(shop)s AND c.registered
              AND EXISTS (SELECT 1 FROM customer_accounts a WHERE a.shop_id = c.shop_id AND a.customer_id = c.id AND a.deleted_at IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM customer_accounts a WHERE a.shop_id = c.shop_id AND a.customer_id = c.id AND a.deleted_at IS NULL)""")
        return gone
