"""Say of everybody whether they see personal data: owners and managers do at first, operators do not."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("sees_personal", sa.Boolean(), server_default="false", nullable=False))
    op.execute("UPDATE staff SET sees_personal = true WHERE role IN ('owner', 'manager')")


def downgrade() -> None:
    op.drop_column("staff", "sees_personal")
