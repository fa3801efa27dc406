"""Merge customers of a shop who have one e-mail: the unique index may have been lost, or blanks may stand around an address."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BLANKS = r"E' \t\n\r\f\x0b\u00a0\u2007\u202f\u3000'"

# One statement, so that it is done whole or not at all, may be repeated, and locks nobody out where there is nothing to merge.
# Orders come before customers, as in a load of orders: whoever waits for the other's lock has none that the other needs.
MERGE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM customers WHERE email = '' OR email <> btrim(email, {BLANKS}))
       AND NOT EXISTS (SELECT 1 FROM customers WHERE email IS NOT NULL GROUP BY shop_id, lower(email) HAVING count(*) > 1)
    THEN RETURN; END IF;

    LOCK TABLE orders, customers IN EXCLUSIVE MODE;

    -- Everybody whose e-mail another person keeps: who is there comes before who is gone, an account before a guest, the older first.
    CREATE TEMP TABLE same_person ON COMMIT DROP AS
    SELECT shop_id, id, into_id, email,
           merged_into IS NULL OR EXISTS (SELECT 1 FROM orders o WHERE o.shop_id = k.shop_id AND o.customer_id = k.id)
           OR EXISTS (SELECT 1 FROM customer_accounts a WHERE a.shop_id = k.shop_id AND a.customer_id = k.id) AS moves
    FROM (SELECT *, first_value(id) OVER (PARTITION BY shop_id, meant ORDER BY merged_into IS NOT NULL, deleted_at IS NOT NULL,
                                          NOT registered, id) AS into_id
          FROM (SELECT *, lower(btrim(email, {BLANKS})) AS meant FROM customers WHERE email IS NOT NULL) AS c WHERE meant <> '') AS k
    WHERE id <> into_id;
    ANALYZE same_person;

    INSERT INTO customer_merges (shop_id, from_customer_id, into_customer_id, guids, evidence)
    SELECT s.shop_id, s.id, s.into_id, coalesce(jsonb_agg(a.guid ORDER BY a.guid) FILTER (WHERE a.guid IS NOT NULL), '[]'),
           'same e-mail, written “' || s.email || '”'
    FROM same_person s LEFT JOIN customer_accounts a ON a.shop_id = s.shop_id AND a.customer_id = s.id
    WHERE s.moves GROUP BY s.shop_id, s.id, s.into_id, s.email ORDER BY s.shop_id, s.id;

    UPDATE customer_accounts a SET customer_id = s.into_id FROM same_person s WHERE a.shop_id = s.shop_id AND a.customer_id = s.id;
    UPDATE orders o SET customer_id = s.into_id FROM same_person s WHERE o.shop_id = s.shop_id AND o.customer_id = s.id;
    UPDATE overwritten_orders o SET before = jsonb_set(o.before, '{{customer_id}}', to_jsonb(s.into_id)) FROM same_person s
    WHERE o.shop_id = s.shop_id AND o.before ->> 'customer_id' = s.id::text;

    -- Who stays keeps what is known of them, and learns what only the others knew; the one who changed last tells.
    UPDATE customers k
    SET name = coalesce(k.name, t.told ->> 'name'), company = coalesce(k.company, t.told ->> 'company'),
        phone = coalesce(k.phone, t.told ->> 'phone'), city = coalesce(k.city, t.told ->> 'city'),
        country = coalesce(k.country, t.told ->> 'country'), group_name = coalesce(k.group_name, t.told ->> 'group_name'),
        price_ratio = coalesce(k.price_ratio, (t.told ->> 'price_ratio')::numeric), remark = coalesce(k.remark, t.told ->> 'remark'),
        addresses = coalesce(k.addresses, t.told -> 'addresses'), registered = k.registered OR t.registered,
        created_at = least(k.created_at, t.created_at), changed_at = greatest(k.changed_at, t.changed_at),
        search = (k.search::text || ' ' || t.search)::tsvector, merged_into = NULL,
        deleted_at = CASE WHEN NOT t.gone THEN NULL ELSE k.deleted_at END
    FROM (SELECT s.shop_id, s.into_id, bool_or(c.registered) AS registered, min(c.created_at) AS created_at,
                 max(c.changed_at) AS changed_at, string_agg(c.search::text, ' ') AS search, bool_and(c.deleted_at IS NOT NULL) AS gone,
                 jsonb_object_agg(f.key, f.value ORDER BY c.changed_at NULLS FIRST, c.id) FILTER (WHERE f.value <> 'null') AS told
          FROM same_person s JOIN customers c ON c.shop_id = s.shop_id AND c.id = s.id
               CROSS JOIN LATERAL jsonb_each(to_jsonb(c) - 'search') AS f
          WHERE s.moves GROUP BY s.shop_id, s.into_id) AS t
    WHERE k.shop_id = t.shop_id AND k.id = t.into_id;

    UPDATE customers c SET merged_into = s.into_id FROM same_person s
    WHERE s.moves AND c.shop_id = s.shop_id AND c.merged_into = s.id AND c.id <> s.into_id;
    UPDATE customers c SET email = NULL, merged_into = CASE WHEN s.moves THEN s.into_id ELSE c.merged_into END,
                           deleted_at = coalesce(c.deleted_at, now())
    FROM same_person s WHERE c.shop_id = s.shop_id AND c.id = s.id;
    UPDATE customers SET email = nullif(btrim(email, {BLANKS}), '') WHERE email = '' OR email <> btrim(email, {BLANKS});

    INSERT INTO customer_metrics (shop_id, customer_id, orders_count, total_spent, first_order_at, last_order_at, first_order_day, last_order_day)
    SELECT t.shop_id, t.id, count(o.id), coalesce(sum(o.total_shop), 0), min(o.placed_at), max(o.placed_at), min(o.local_day), max(o.local_day)
    FROM (SELECT shop_id, id FROM same_person UNION SELECT shop_id, into_id FROM same_person) AS t
    LEFT JOIN orders o ON o.shop_id = t.shop_id AND o.customer_id = t.id AND o.counted
    GROUP BY t.shop_id, t.id
    ON CONFLICT (shop_id, customer_id) DO UPDATE
    SET orders_count = EXCLUDED.orders_count, total_spent = EXCLUDED.total_spent, first_order_at = EXCLUDED.first_order_at,
        last_order_at = EXCLUDED.last_order_at, first_order_day = EXCLUDED.first_order_day, last_order_day = EXCLUDED.last_order_day;
    DROP TABLE same_person;
END $$"""  # noqa: S608  # a constant of ours


def upgrade() -> None:
    op.execute(MERGE)


def downgrade() -> None:
    """People who turned out to be one stay one; `customer_merges` says who they were."""
