"""Keep when a failed run is tried again, how often that was done, and where a run has killed its worker."""

import sqlalchemy as sa
from alembic import op

from migrations.again import make_index

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = sa.text("resolved_at IS NULL")
DUE = sa.text("resolved_at IS NULL AND retry_at IS NOT NULL")


def upgrade() -> None:
    op.add_column(
        "snapshots", sa.Column("deaths", sa.Integer(), server_default="0", nullable=False), if_not_exists=True
    )
    op.add_column("snapshots", sa.Column("died_at", sa.Text(), nullable=True), if_not_exists=True)
    op.add_column("snapshots", sa.Column("narrowed_to", sa.Integer(), nullable=True), if_not_exists=True)
    op.add_column("snapshots", sa.Column("narrowed_until", sa.Integer(), nullable=True), if_not_exists=True)
    op.add_column("snapshot_attempts", sa.Column("line", sa.Integer(), nullable=True), if_not_exists=True)
    op.add_column(
        "failed_snapshots", sa.Column("sweeps", sa.Integer(), server_default="0", nullable=False), if_not_exists=True
    )
    op.add_column(
        "failed_snapshots", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True), if_not_exists=True
    )
    op.add_column("failed_snapshots", sa.Column("resolved_by", sa.Text(), nullable=True), if_not_exists=True)
    op.add_column("failed_snapshots", sa.Column("trace", sa.Text(), nullable=True), if_not_exists=True)
    with op.get_context().autocommit_block():
        make_index(
            "ix_failed_snapshots_fingerprint",
            "failed_snapshots",
            ["fingerprint", "shop_id", "id"],
            postgresql_where=OPEN,
        )
        make_index("ix_failed_snapshots_due", "failed_snapshots", ["shop_id", "kind", "id"], postgresql_where=DUE)
    op.execute(
        "UPDATE failed_snapshots SET retry_at = failed_at + interval '1 hour' WHERE resolved_at IS NULL AND NOT permanent"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_failed_snapshots_due"), table_name="failed_snapshots")
    op.drop_index(op.f("ix_failed_snapshots_fingerprint"), table_name="failed_snapshots")
    op.create_index(op.f("ix_failed_snapshots_fingerprint"), "failed_snapshots", ["fingerprint", "id"])
    for column in ("trace", "resolved_by", "retry_at", "sweeps"):
        op.drop_column("failed_snapshots", column)
    op.drop_column("snapshot_attempts", "line")
    for column in ("narrowed_until", "narrowed_to", "died_at", "deaths"):
        op.drop_column("snapshots", column)
