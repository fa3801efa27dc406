"""Let everybody choose the language that they are written to in; nobody has chosen yet."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("language", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("staff", "language")
