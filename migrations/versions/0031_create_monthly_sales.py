"""Fold days into months, kept by the database itself with whatever changes a day."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SUMS = (
    "orders", "items", "units", "total_sales", "gross_sales", "discounts", "shipping", "fees", "tax", "rounding",
)  # fmt: skip
NAMES = ", ".join(SUMS)
ADDED = f"""
    INSERT INTO monthly_sales AS m (shop_id, month, status_code, {NAMES})
    SELECT shop_id, date_trunc('month', day)::date, status_code, {", ".join(f"sum({name})" for name in SUMS)}
    FROM ({{rows}}) AS changed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (shop_id, month, status_code)
    DO UPDATE SET {", ".join(f"{name} = m.{name} + EXCLUDED.{name}" for name in SUMS)}"""  # noqa: S608 - names of our own columns, here and below
NEW = f"SELECT shop_id, day, status_code, {NAMES} FROM added"  # noqa: S608
OLD = f"SELECT shop_id, day, status_code, {', '.join(f'-{name}' for name in SUMS)} FROM gone"  # noqa: S608
TAKEN_OFF = f"""
    UPDATE monthly_sales m SET {", ".join(f"{name} = m.{name} - g.{name}" for name in SUMS)}
    FROM (SELECT shop_id, date_trunc('month', day)::date AS month, status_code, {", ".join(f"sum({name}) AS {name}" for name in SUMS)}
          FROM gone GROUP BY 1, 2, 3) AS g
    WHERE m.shop_id = g.shop_id AND m.month = g.month AND m.status_code = g.status_code;
    DELETE FROM monthly_sales m USING (SELECT DISTINCT shop_id, date_trunc('month', day)::date AS month, status_code FROM gone) AS g
    WHERE m.shop_id = g.shop_id AND m.month = g.month AND m.status_code = g.status_code AND m.orders = 0"""  # noqa: S608
FOLLOWED = {  # by what is done to days: the rows that it shows, and what becomes of the months
    "insert": ("REFERENCING NEW TABLE AS added", ADDED.format(rows=NEW)),
    "update": ("REFERENCING OLD TABLE AS gone NEW TABLE AS added", ADDED.format(rows=f"{NEW} UNION ALL {OLD}")),
    "delete": ("REFERENCING OLD TABLE AS gone", TAKEN_OFF),
    "truncate": ("", "DELETE FROM monthly_sales"),
}


def upgrade() -> None:
    """From the triggers on nobody writes a day before this is committed, so the months begin with all of them."""
    op.create_table(
        "monthly_sales",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("units", sa.Numeric(16, 3), nullable=False),
        *(sa.Column(name, sa.Numeric(16, 2), nullable=False) for name in SUMS[3:]),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_monthly_sales_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "month", "status_code", name=op.f("pk_monthly_sales")),
    )
    for event, (shown, statements) in FOLLOWED.items():
        follow(event, shown, statements)
    op.execute(
        f"INSERT INTO monthly_sales (shop_id, month, status_code, {NAMES})"  # noqa: S608 - names of our own columns
        f" SELECT shop_id, date_trunc('month', day)::date, status_code, {', '.join(f'sum({name})' for name in SUMS)}"
        " FROM daily_sales GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )


def follow(event: str, shown: str, statements: str) -> None:
    """Let the months take part in every statement on days, also in that of a large load, which fires no other triggers."""
    name = f"months_follow_{event}"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statements}; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event.upper()} ON daily_sales {shown} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
    op.execute(f"ALTER TABLE daily_sales ENABLE ALWAYS TRIGGER {name}")


def downgrade() -> None:
    for event in FOLLOWED:
        op.execute(f"DROP TRIGGER months_follow_{event} ON daily_sales")
        op.execute(f"DROP FUNCTION months_follow_{event}()")
    op.drop_table("monthly_sales")
