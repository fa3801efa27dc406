"""Keep the platform's export in the run, so that any worker can go on waiting for it and fetching it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("changed_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("snapshots", sa.Column("way", sa.Text(), nullable=True))
    op.add_column("snapshots", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("snapshots", sa.Column("ticket", postgresql.JSONB(), nullable=True))
    op.add_column("snapshots", sa.Column("exports", sa.Integer(), server_default="0", nullable=False))
    op.add_column("snapshots", sa.Column("job_state", sa.Text(), nullable=True))
    op.add_column("snapshots", sa.Column("looks", sa.Integer(), server_default="0", nullable=False))
    op.add_column("snapshots", sa.Column("stumbles", sa.Integer(), server_default="0", nullable=False))
    op.add_column("snapshots", sa.Column("remark", sa.Text(), nullable=True))
    op.add_column("snapshots", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("snapshots", sa.Column("received", postgresql.JSONB(), nullable=True))
    op.create_table(
        "webhook_notices",
        sa.Column("shop_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_webhook_notices_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "event", "key", "happened_at", name=op.f("pk_webhook_notices")),
    )


def downgrade() -> None:
    op.drop_table("webhook_notices")
    for name in (
        "received", "look_at", "remark", "stumbles", "looks", "job_state", "exports", "ticket", "asked_at", "way",
        "changed_since",
    ):  # fmt: skip
        op.drop_column("snapshots", name)
