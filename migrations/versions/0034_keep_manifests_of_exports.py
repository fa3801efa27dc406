"""Keep manifests of exports: what each file held when it was sent, so that it can be checked later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="sending", nullable=False),
        sa.Column("as_of", MOMENT, nullable=True),
        sa.Column("money", JSONB(), server_default="{}", nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("sums", JSONB(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('sending', 'whole', 'cut')", name=op.f("ck_exports_state")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_exports_staff_id_staff"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index("ix_exports_at", "exports", ["at", "id"])
    op.create_index("ix_exports_staff_id_at", "exports", ["staff_id", "at"])
    op.create_index("ix_exports_sha256", "exports", ["sha256"], postgresql_where=sa.text("sha256 IS NOT NULL"))
    op.create_index("ix_exports_file_name", "exports", ["file_name"])


def downgrade() -> None:
    """The manifests are gone; that lists were exported still stands in the audit trail."""
    op.drop_table("exports")
