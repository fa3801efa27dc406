"""Keep what platforms say of a shop, the keys of its webhook, and what went wrong with it last."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("learned", postgresql.JSONB(), nullable=True))
    op.add_column("shops", sa.Column("learned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shops", sa.Column("checked", postgresql.JSONB(), nullable=True))
    op.add_column("shops", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shops", sa.Column("webhook_keys", sa.LargeBinary(), nullable=True))
    op.add_column("shops", sa.Column("problem", sa.Text(), nullable=True))
    op.add_column("shops", sa.Column("problem_code", sa.Text(), nullable=True))
    op.add_column("shops", sa.Column("problem_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in (
        "problem_at",
        "problem_code",
        "problem",
        "webhook_keys",
        "checked_at",
        "checked",
        "learned_at",
        "learned",
    ):
        op.drop_column("shops", name)
