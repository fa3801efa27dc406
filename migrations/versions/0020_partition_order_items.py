"""Cut the lines of orders into quarters, while they are read and written."""

from alembic import op

from shop.partitions.conversion import become_partitioned, become_plain

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ONLINE_ALONE = """
DO $$ BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = to_regclass('order_items')) IS DISTINCT FROM {wanted} THEN
        RAISE EXCEPTION 'This step copies rows while others write, in many transactions. Run it with flask db {word}.';
    END IF;
END $$"""


def upgrade() -> None:
    if op.get_context().as_sql:
        op.execute(ONLINE_ALONE.format(wanted="'p'", word="upgrade"))
        return
    with op.get_context().autocommit_block():
        become_partitioned()


def downgrade() -> None:
    if op.get_context().as_sql:
        op.execute(ONLINE_ALONE.format(wanted="'r'", word="downgrade"))
        return
    with op.get_context().autocommit_block():
        become_plain()
