"""See to it that the unique index of customers by shop and e-mail is there, whole and in its form."""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NAME = "uq_customers_shop_id_email"
FORM = "(shop_id, lower(email)) WHERE (email IS NOT NULL)"
CREATE = f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {NAME} ON customers {FORM}"
IS_WHOLE = text("""
    SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND indisunique AND indisvalid AND indisready
                   AND pg_get_indexdef(indexrelid) LIKE '%USING btree ' || :form)""")
TRIES = 3


def upgrade() -> None:
    """It takes no lock that anybody waits for, so it may wait itself; after a kill it begins again with what is missing."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        if op.get_context().as_sql:
            op.execute(CREATE)
        else:
            make_whole()
        op.execute("RESET lock_timeout")


def make_whole() -> None:
    """Make the index unless it is whole. Somebody may bring the same e-mail twice while there is none: they are merged again."""
    for tried in range(1, TRIES + 1):
        if op.get_bind().execute(IS_WHOLE, {"name": NAME, "form": FORM}).scalar_one():
            return
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
        try:
            op.execute(CREATE)
        except IntegrityError:
            if tried == TRIES:
                raise
            merge_again()


def merge_again() -> None:
    context = op.get_context().environment_context
    assert context is not None
    before = context.script.get_revision(str(down_revision))
    assert before is not None
    op.execute(before.module.MERGE)


def downgrade() -> None:
    """The index is older than this: it stays."""
