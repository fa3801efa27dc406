"""Keep the access token of a shop, sealed, with the end of its life."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shops", sa.Column("access_token", sa.LargeBinary(), nullable=True))
    op.add_column("shops", sa.Column("access_token_expires_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("shops", "access_token_expires_at")
    op.drop_column("shops", "access_token")
