"""Keep what proves a person: one-time links, a second factor, named tokens; and let nobody change the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
REFUSE_CHANGES = """
CREATE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is only ever added to. Nothing was changed.' USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    op.add_column("staff_sessions", sa.Column("proved_at", MOMENT, nullable=True))
    op.add_column("staff", sa.Column("factor_secret", sa.LargeBinary(), nullable=True))
    op.add_column("staff", sa.Column("factor_since", MOMENT, nullable=True))
    op.add_column("staff", sa.Column("factor_step", sa.BigInteger(), nullable=True))
    create_links()
    create_recovery_codes()
    create_tokens()
    op.execute(REFUSE_CHANGES)
    op.execute(
        "CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON audit_entries"
        " FOR EACH ROW EXECUTE FUNCTION audit_entries_stay()"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_stay_all BEFORE TRUNCATE ON audit_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_stay()"
    )


def create_links() -> None:
    op.create_table(
        "staff_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("purpose IN ('invitation', 'reset')", name=op.f("ck_staff_links_purpose")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_links_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_links_token_hash")),
    )
    op.create_index("ix_staff_links_staff_id", "staff_links", ["staff_id"])


def create_recovery_codes() -> None:
    op.create_table(
        "staff_recovery_codes",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_recovery_codes_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "code_hash", name=op.f("pk_staff_recovery_codes")),
    )


def create_tokens() -> None:
    """The one token that a person could have so far goes on working for a year, as one of several."""
    op.create_table(
        "staff_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_tokens_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_tokens_token_hash")),
    )
    op.create_index("ix_staff_tokens_staff_id", "staff_tokens", ["staff_id"])
    op.execute(
        "INSERT INTO staff_tokens (staff_id, name, prefix, token_hash, expires_at)"
        " SELECT id, 'command line', 'pult_…', token_hash, now() + interval '365 days' FROM staff"
        " WHERE token_hash IS NOT NULL AND state = 'active'"
    )
    op.execute("UPDATE staff SET token_hash = NULL WHERE token_hash IS NOT NULL")


def downgrade() -> None:
    """Each person keeps their newest token, and a second factor is no longer asked for."""
    op.execute("DROP TRIGGER audit_entries_stay_all ON audit_entries")
    op.execute("DROP TRIGGER audit_entries_stay ON audit_entries")
    op.execute("DROP FUNCTION audit_entries_stay()")
    op.execute(
        "UPDATE staff SET token_hash = (SELECT token_hash FROM staff_tokens WHERE staff_id = staff.id"
        " AND revoked_at IS NULL AND expires_at > now() ORDER BY id DESC LIMIT 1)"
    )
    op.drop_table("staff_tokens")
    op.drop_table("staff_recovery_codes")
    op.drop_table("staff_links")
    op.drop_column("staff", "factor_step")
    op.drop_column("staff", "factor_since")
    op.drop_column("staff", "factor_secret")
    op.drop_column("staff_sessions", "proved_at")
