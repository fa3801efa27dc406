"""Erase people: marks by which they stay erased, files that wait to be written anew, and a trail that can forget a name."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
REFUSE_CHANGES = """
CREATE OR REPLACE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is only ever added to. Nothing was changed.' USING ERRCODE = 'insufficient_privilege';
END $$
"""
# Who did what when stays for good; what an entry quotes of a person goes when the person is erased.
LET_FORGET = """
CREATE OR REPLACE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('pult.erasing', true) = 'on' THEN
        IF (NEW.id, NEW.at, NEW.staff_id, NEW.actor, NEW.action, NEW.shop_id, NEW.request_id, NEW.address)
           IS NOT DISTINCT FROM (OLD.id, OLD.at, OLD.staff_id, OLD.actor, OLD.action, OLD.shop_id, OLD.request_id, OLD.address)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The audit trail is only ever added to. Nothing was changed.' USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    op.add_column("customers", sa.Column("erased_at", MOMENT, nullable=True))
    op.create_table(
        "erasure_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_keys")),
    )
    op.create_table(
        "tombstones",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_tombstones_shop_id_shops")),
        sa.ForeignKeyConstraint(["key_id"], ["erasure_keys.id"], name=op.f("fk_tombstones_key_id_erasure_keys")),
        sa.PrimaryKeyConstraint("shop_id", "guid", "mark", name=op.f("pk_tombstones")),
    )
    op.create_table(
        "raw_rewrites",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_raw_rewrites_shop_id_shops")),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_raw_rewrites")),
    )
    op.execute(LET_FORGET)


def downgrade() -> None:
    """Who was erased stays erased; files that are loaded later may bring them back."""
    op.execute(REFUSE_CHANGES)
    op.drop_table("raw_rewrites")
    op.drop_table("tombstones")
    op.drop_table("erasure_keys")
    op.drop_column("customers", "erased_at")
