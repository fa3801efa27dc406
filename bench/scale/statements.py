"""The SQL that makes up people, orders and lines by sets of rows.

Nothing is random: `luck(number, salt)` is a hash as a fraction of one, so that a row comes out the same whichever
connection makes it. Amounts are hundredths (bigint) until they are stored. What the mapper of snapshots books
(shop/snapshots/mapping_orders.py) is booked here by the same rules, so that every fold and metric agrees with its orders.
"""

FUNCTIONS = (
    """
    CREATE FUNCTION pg_temp.luck(number bigint, salt int) RETURNS double precision IMMUTABLE LANGUAGE sql
    RETURN (hashint8extended(number, salt) & 9007199254740991)::double precision / 9007199254740992""",
    """
    CREATE FUNCTION pg_temp.net(gross bigint, vat int) RETURNS bigint IMMUTABLE LANGUAGE sql
    RETURN (abs(gross) * 100 + (100 + vat) / 2) / (100 + vat) * sign(gross)::bigint""",
)

PEOPLE = """
INSERT INTO scale_people (shop_id, person, email, name, company, phone, city, country, guid, address, words)
SELECT %(shop)s, k, email, name, company, phone, city, %(country)s,
       CASE WHEN k >= %(buyers)s OR pg_temp.luck(number, %(seed)s + 3) < %(registered)s THEN md5(number || ' account')::uuid::text END,
       jsonb_strip_nulls(jsonb_build_object('company', company, 'fullName', name, 'street', street,
           'houseNumber', (number %% 180 + 1)::text, 'city', city, 'zip', zip, 'countryCode', %(country)s::text)),
       n.words || email || CASE WHEN company IS NULL THEN '{}'::text[] ELSE array_remove(regexp_split_to_array(lower(ending), '[^a-z]+'), '') END
FROM (SELECT k, %(first_customer)s::bigint + k AS number FROM generate_series(0, %(customers)s - 1) AS k) AS counted,
     LATERAL (SELECT floor(pg_temp.luck(number, %(seed)s) * %(names)s)::int AS place,
                     1 + floor(pg_temp.luck(number, %(seed)s + 1) * cardinality(%(cities)s::text[]))::int AS town,
                     1 + floor(pg_temp.luck(number, %(seed)s + 2) * cardinality(%(streets)s::text[]))::int AS way,
                     (%(firms)s::text[])[1 + (number %% cardinality(%(firms)s::text[]))::int] AS ending) AS drawn
     JOIN scale_names n ON n.shop_id = %(shop)s AND n.place = drawn.place,
     LATERAL (SELECT n.plain || k || '@' || (ARRAY['post', 'mail', 'box'])[1 + (number %% 3)::int] || '.example' AS email,
                     CASE WHEN number %% 11 = 0 THEN n.surname || ' ' || ending END AS company,
                     %(phone)s || (600000000 + number * 7919 %% 199999999) AS phone,
                     (%(cities)s::text[])[town] AS city, (%(zips)s::text[])[town] AS zip,
                     (%(streets)s::text[])[way] AS street) AS written"""

DRAWN = """
CREATE TEMP TABLE drawn ON COMMIT DROP AS
WITH numbered AS (
    SELECT day, first + place AS n, %(first_order)s + first + place AS id
    FROM unnest(%(days)s::date[], %(firsts)s::bigint[], %(counts)s::int[]) AS d(day, first, count), generate_series(1, count) AS place
), lucky AS (
    SELECT *, pg_temp.luck(id, %(seed)s) AS hour, pg_temp.luck(id, %(seed)s + 1) AS second, pg_temp.luck(id, %(seed)s + 2) AS who,
           pg_temp.luck(id, %(seed)s + 3) AS abroad, pg_temp.luck(id, %(seed)s + 4) AS till, pg_temp.luck(id, %(seed)s + 5) AS fate,
           pg_temp.luck(id, %(seed)s + 6) AS basket, pg_temp.luck(id, %(seed)s + 7) AS extra, pg_temp.luck(id, %(seed)s + 8) AS change,
           pg_temp.luck(id, %(seed)s + 9) AS pays, 1 + floor((n - 1) * %(new_people)s)::bigint AS here,
           CASE WHEN n = 1 THEN 0 ELSE 1 + floor((n - 2) * %(new_people)s)::bigint END AS before
    FROM numbered
), placed AS (
    SELECT *, (day + make_interval(secs => 3600 * width_bucket(hour, %(hours)s::float8[]) + floor(second * 3600))) AT TIME ZONE %(zone)s AS placed_at,
           here = before AND till < %(cash_desk)s AS cash_desk, %(end)s::date - day AS age
    FROM lucky
)
SELECT id, n, day, placed_at, (placed_at AT TIME ZONE %(zone)s)::date AS local_day, cash_desk, fate, extra, pays, change,
       CASE WHEN cash_desk THEN NULL WHEN here > before THEN here - 1 ELSE floor(here * power(who, 2.2))::bigint END AS person,
       NOT cash_desk AND abroad < %(foreign)s AS is_abroad,
       CASE WHEN fate < 0.06 THEN '-4'
            WHEN age < 2 THEN CASE WHEN change < 0.6 THEN '-1' ELSE '-2' END
            WHEN age < 12 THEN CASE WHEN change < 0.15 THEN '-2' WHEN change < 0.28 THEN '17' WHEN change < 0.4 THEN '70' ELSE '-3' END
            WHEN fate < 0.075 THEN '40' WHEN fate < 0.079 THEN '30' WHEN fate < 0.083 THEN '17' ELSE '-3' END AS status_code,
       CASE WHEN extra > 0.999 THEN least(placed_at + interval '9 days', %(until)s::timestamptz) END AS deleted_at,
       least(placed_at + make_interval(mins => 3 + floor(change * 5760)::int), %(until)s::timestamptz) AS changed_at,
       least(30, 1 + floor(-ln(1 - basket) * %(appetite)s)::int) AS goods,
       CASE WHEN extra < 0.1 THEN -1 - floor(extra * 10 * %(sets)s)::int END AS set_rank,
       CASE WHEN pays < 0.14 THEN 5 * (1 + floor(pays / 0.14 * 3)::int) END AS coupon,
       1 + floor(cardinality(%(shipping)s::text[]) * power(pg_temp.luck(id, %(seed)s + 10), 1.4))::int AS ship,
       1 + floor(cardinality(%(payment)s::text[]) * power(pg_temp.luck(id, %(seed)s + 11), 1.2))::int AS pay,
       CASE WHEN NOT cash_desk AND abroad < %(foreign)s
            THEN round((%(foreign_rate)s * (0.98 + 0.04 * pg_temp.luck(day - date '2000-01-01', %(seed)s)))::numeric, 8) ELSE 1 END AS rate
FROM placed"""

GOODS = """
CREATE TEMP TABLE goods ON COMMIT DROP AS
SELECT id, place, quantity, g.guid, g.sku, g.name, g.variant_name, g.unit, each, each * quantity AS gross, g.vat,
       CASE WHEN is_abroad THEN g.cost * g.foreign_price / g.price ELSE g.cost END AS cost, set_rank
FROM (SELECT id, place, is_abroad, NULL::int AS set_rank, 1 + floor(%(variants)s * power(pg_temp.luck(id * 64 + place, %(seed)s + 12), 1.9))::int AS rank,
             1 + width_bucket(pg_temp.luck(id * 64 + place, %(seed)s + 13), ARRAY[0.7, 0.88, 0.95, 0.98]::float8[]) AS quantity
      FROM drawn, generate_series(1, goods) AS place
      UNION ALL SELECT id, goods + 1, is_abroad, set_rank, set_rank, 1 FROM drawn WHERE set_rank IS NOT NULL) AS bought
     JOIN scale_goods g ON g.shop_id = %(shop)s AND g.rank = bought.rank AND g.part_of IS NULL,
     LATERAL (SELECT CASE WHEN is_abroad THEN g.foreign_price ELSE g.price END AS each) AS priced"""

LINES = """
CREATE TEMP TABLE lines ON COMMIT DROP AS
WITH baskets AS (SELECT id, sum(gross)::bigint AS gross FROM goods GROUP BY id),
sold AS (SELECT d.*, b.gross FROM drawn d JOIN baskets b USING (id)),
every AS (
    SELECT id, 1 AS part, place, CASE WHEN set_rank IS NULL THEN 'product' ELSE 'product-set' END AS item_type, 'goods' AS kind, guid, sku, name,
           variant_name, unit, quantity, each, gross, vat, cost, NULL::int AS parent
    FROM goods
    UNION ALL SELECT g.id, 2, 1, 'product', 'goods', guid, sku, name, variant_name, unit, -1, each, -each, vat, cost, NULL
    FROM goods g JOIN drawn d USING (id) WHERE d.status_code = '40' AND g.place = 1
    UNION ALL SELECT id, 3, 1, 'discount-coupon', 'discount', NULL, NULL, %(coupon_word)s, NULL, %(piece)s, 1, charge, charge, %(vat)s, NULL, NULL
    FROM sold, LATERAL (SELECT -(gross * coupon / 100) AS charge) AS c WHERE coupon IS NOT NULL
    UNION ALL SELECT id, 3, 2, 'volume-discount', 'discount', NULL, NULL, %(volume_word)s, NULL, %(piece)s, 1, charge, charge, %(vat)s, NULL, NULL
    FROM sold, LATERAL (SELECT -(gross * 3 / 100) AS charge) AS c WHERE goods >= 7
    UNION ALL SELECT id, 4, 1, 'shipping', 'shipping', NULL, NULL, (%(shipping)s::text[])[ship], NULL, %(piece)s, 1, charge, charge, %(vat)s, NULL, NULL
    FROM sold, LATERAL (SELECT CASE WHEN gross > %(free_from)s * rate THEN 0 ELSE floor((%(shipping_prices)s::int[])[ship] * 100 * rate)::bigint END AS charge) AS c
    WHERE NOT cash_desk
    UNION ALL SELECT id, 4, 2, 'billing', 'fee', NULL, NULL, (%(payment)s::text[])[pay], NULL, %(piece)s, 1, charge, charge, %(vat)s, NULL, NULL
    FROM sold, LATERAL (SELECT floor((%(payment_prices)s::int[])[pay] * 100 * rate)::bigint AS charge) AS c WHERE NOT cash_desk
    UNION ALL SELECT g.id, 5, p.rank, 'product-set-item', 'part', p.guid, p.sku, p.name, NULL, p.unit, 1, NULL, 0, p.vat, NULL, g.place
    FROM goods g JOIN scale_goods p ON p.shop_id = %(shop)s AND p.part_of = g.set_rank
), netted AS (SELECT *, pg_temp.net(gross, vat) AS net FROM every)
SELECT n.*, row_number() OVER (PARTITION BY id ORDER BY part, place)::int AS line,
       CASE WHEN rate = 1 THEN (net / 100.0)::numeric(14, 2) ELSE round(net / 100.0 / rate, 2) END AS sales
FROM netted n JOIN drawn USING (id)"""

ADDED = """
CREATE TEMP TABLE added ON COMMIT DROP AS
SELECT id, count(*)::int AS items, coalesce(sum(quantity) FILTER (WHERE kind = 'goods'), 0) AS units,
       sum(gross)::bigint AS gross, sum(net)::bigint AS net,
       coalesce(sum(sales) FILTER (WHERE kind = 'goods' AND sales >= 0), 0) AS gross_sales,
       -coalesce(sum(sales) FILTER (WHERE kind = 'discount' OR (kind = 'goods' AND sales < 0)), 0) AS discounts,
       coalesce(sum(sales) FILTER (WHERE kind = 'shipping'), 0) AS shipping, coalesce(sum(sales) FILTER (WHERE kind = 'fee'), 0) AS fees,
       array_agg('%%' || item_type) || coalesce(array_agg('#' || lower(sku)) FILTER (WHERE sku IS NOT NULL), '{}') AS words
FROM lines GROUP BY id"""

ORDERS = """
INSERT INTO orders (shop_id, id, code, guid, status_code, counted, placed_at, local_day, items_at, changed_at, deleted_at, customer_id,
    customer_guid, email, name, company, phone, country, currency, exchange_rate, total, total_without_vat, to_pay, paid, total_shop,
    gross_sales, discounts, shipping, fees, tax, rounding, items, units, cash_desk, source, language, payment_method, shipping_method,
    particulars, search, source_hash, content_hash, snapshot_id, snapshot_line)
SELECT %(shop)s, id, code, md5(id || ' order')::uuid::text, status_code, status_code <> '-4' AND deleted_at IS NULL, placed_at, local_day,
    placed_at - CASE WHEN id %% 2000 = 5 THEN interval '100 days' ELSE interval '0' END, changed_at, deleted_at, %(first_customer)s + p.person + 1,
    CASE WHEN extra < 0.88 THEN p.guid END, p.email, p.name, p.company, p.phone, written.country, currency, rate, total, total_net,
    CASE WHEN currency = 'CZK' THEN round(total) ELSE total END, paid, total_shop, gross_sales, discounts, shipping, fees, tax,
    total_shop - (gross_sales - discounts + shipping + fees + tax), items, units, cash_desk,
    CASE WHEN cash_desk THEN %(counter)s ELSE %(web)s END, %(language)s, CASE WHEN cash_desk THEN %(cash)s ELSE (%(payment)s::text[])[pay] END,
    CASE WHEN NOT cash_desk THEN (%(shipping)s::text[])[ship] END,
    jsonb_strip_nulls(jsonb_build_object('billing_address', p.address, 'vat', (total - total_net)::text,
        'customer_note', CASE WHEN change > 0.96 THEN %(remark)s::text END,
        'tracking_number', CASE WHEN status_code = '-3' AND NOT cash_desk THEN 'DR' || (id * 7919 %% 1000000000) END)),
    array_to_tsvector(a.words || coalesce(p.words, '{}') || ARRAY[lower(code), '~' || lower(written.country), '$' || lower(currency),
        '=' || CASE WHEN paid THEN 'yes' WHEN NOT paid THEN 'no' ELSE 'unknown' END]),
    decode(md5(id || ' source'), 'hex'), decode(md5(id || ' content'), 'hex'), %(snapshot)s, n
FROM drawn d JOIN added a USING (id)
     LEFT JOIN scale_people p ON p.shop_id = %(shop)s AND p.person = d.person,
     LATERAL (SELECT CASE WHEN is_abroad THEN 'EX-' ELSE '' END || to_char(day, 'YY') || lpad((n + 100000)::text, 7, '0')
                     || CASE WHEN is_abroad THEN '/' || extract(month FROM day) ELSE '' END AS code,
                     CASE WHEN is_abroad THEN %(foreign_currency)s ELSE %(currency)s END AS currency,
                     CASE WHEN is_abroad THEN %(foreign_country)s ELSE %(country)s END AS country,
                     CASE WHEN status_code IN ('-3', '70') OR cash_desk THEN CASE WHEN pays < 0.97 THEN true END ELSE pays < 0.5 END AS paid,
                     CASE WHEN status_code = '-4' THEN 0 ELSE a.gross / 100.0 END::numeric(14, 2) AS total,
                     CASE WHEN status_code = '-4' THEN 0 ELSE a.net / 100.0 END::numeric(14, 2) AS total_net) AS written,
     LATERAL (SELECT CASE WHEN rate = 1 THEN total ELSE round(total / rate, 2) END AS total_shop,
                     CASE WHEN rate = 1 THEN total - total_net ELSE round((total - total_net) / rate, 2) END AS tax) AS booked
ORDER BY id"""

ITEMS = """
INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, product_guid, sku, name, variant_name, quantity, unit,
    unit_price, total, total_without_vat, vat_rate, purchase_price, parent_line)
SELECT %(shop)s, l.id, l.line, d.placed_at - CASE WHEN l.id %% 2000 = 5 THEN interval '100 days' ELSE interval '0' END, l.item_type, l.kind,
       l.guid, l.sku, l.name, l.variant_name, l.quantity, l.unit, l.each / 100.0, l.gross / 100.0, l.net / 100.0, l.vat, l.cost / 100.0, l.parent
FROM lines l JOIN drawn d USING (id) ORDER BY l.id, l.line"""

REVISIONS = """
INSERT INTO order_revisions (shop_id, order_id, snapshot_id, field, before, after, seen_at)
SELECT %(shop)s, id, %(snapshot)s, 'status', '-1', status_code, changed_at FROM drawn WHERE change < 0.12 AND status_code <> '-1'"""

DAILY_SALES = """
INSERT INTO daily_sales (shop_id, day, status_code, orders, items, units, total_sales, gross_sales, discounts, shipping, fees, tax, rounding)
SELECT shop_id, local_day, status_code, count(*), sum(items), sum(units), sum(total_shop), sum(gross_sales), sum(discounts), sum(shipping),
       sum(fees), sum(tax), sum(rounding)
FROM orders WHERE shop_id = %(shop)s AND id BETWEEN %(lowest)s AND %(highest)s AND deleted_at IS NULL GROUP BY shop_id, local_day, status_code"""

DAILY_PRODUCT_SALES = """
INSERT INTO daily_product_sales (shop_id, day, sku, orders, units, sales)
SELECT %(shop)s, d.local_day, coalesce(l.sku, ''), count(DISTINCT l.id), sum(l.quantity), sum(l.sales)
FROM lines l JOIN drawn d USING (id)
WHERE l.kind = 'goods' AND d.status_code <> '-4' AND d.deleted_at IS NULL GROUP BY d.local_day, coalesce(l.sku, '') ORDER BY 2, 3"""

PIECE = (DRAWN, "ANALYZE drawn", GOODS, "ANALYZE goods", LINES, "ANALYZE lines", ADDED, "ANALYZE added", ORDERS, ITEMS, REVISIONS, DAILY_SALES, DAILY_PRODUCT_SALES)  # fmt: skip

AFTERWARDS = (
    """
    INSERT INTO product_metrics (shop_id, sku, orders, units, sales)
    SELECT shop_id, sku, sum(orders), sum(units), sum(sales) FROM daily_product_sales WHERE shop_id = %(shop)s GROUP BY shop_id, sku""",
    """
    INSERT INTO customer_metrics (shop_id, customer_id, orders_count, total_spent, first_order_at, last_order_at, first_order_day, last_order_day)
    SELECT %(shop)s, %(first_customer)s + p.person + 1, count(o.id), coalesce(sum(o.total_shop), 0), min(o.placed_at), max(o.placed_at),
           min(o.local_day), max(o.local_day)
    FROM scale_people p LEFT JOIN orders o ON o.shop_id = p.shop_id AND o.customer_id = %(first_customer)s + p.person + 1 AND o.counted
    WHERE p.shop_id = %(shop)s GROUP BY p.person ORDER BY p.person""",
    """
    INSERT INTO customers (shop_id, id, email, name, company, phone, city, country, registered, addresses, created_at, changed_at, search, snapshot_id)
    SELECT %(shop)s, m.customer_id, p.email, p.name, p.company, p.phone, p.city, p.country, p.guid IS NOT NULL,
           CASE WHEN p.guid IS NOT NULL THEN jsonb_build_object('billing', p.address) END,
           CASE WHEN p.guid IS NOT NULL THEN since END, since, array_to_tsvector(p.words), %(customer_snapshot)s
    FROM scale_people p JOIN customer_metrics m ON m.shop_id = p.shop_id AND m.customer_id = %(first_customer)s + p.person + 1,
         LATERAL (SELECT coalesce(m.first_order_at, timestamptz '2024-01-01' + interval '2 years' * pg_temp.luck(m.customer_id, %(seed)s)) AS since) AS s
    WHERE p.shop_id = %(shop)s ORDER BY m.customer_id""",
    """
    INSERT INTO customer_accounts (shop_id, guid, customer_id, changed_at, source_hash, content_hash, snapshot_id)
    SELECT shop_id, guid, %(first_customer)s + person + 1, NULL, decode(md5(guid), 'hex'), decode(md5(guid || ' '), 'hex'), %(customer_snapshot)s
    FROM scale_people WHERE shop_id = %(shop)s AND guid IS NOT NULL""",
)
