"""Keep the deletions that platforms report, and which kind of record a notice is about."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reported_deletions",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_reported_deletions_shop_id_shops")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_reported_deletions_snapshot_id_snapshots")
        ),
        sa.PrimaryKeyConstraint("shop_id", "snapshot_id", "key", name=op.f("pk_reported_deletions")),
    )
    op.add_column("snapshots", sa.Column("feed", sa.Text(), nullable=True))
    op.add_column("webhook_notices", sa.Column("kind", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("webhook_notices", "kind")
    op.drop_column("snapshots", "feed")
    op.drop_table("reported_deletions")
