"""The access token of a shop, kept sealed in its row: every worker uses the same one, and one of them renews it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
from cryptography.fernet import InvalidToken
from psycopg.errors import LockNotAvailable

from shop.languages import gettext as _
from shop.platforms.failures import Locked
from shop.platforms.tokens import AccessToken
from shop.shops.secrets import opened, seal

Connection = psycopg.Connection[Any]
PATIENCE = "60s"  # for another worker's call of the token endpoint, which is given half of this


class ShopTokens:
    """A `TokenStore` over the shop's row; `connect` is `shop.db.connector()`.

    Each look has a connection of its own, so that a renewal is kept and seen whatever becomes of the caller's work.
    """

    def __init__(
        self,
        shop_id: int,
        secret_key: str,
        connect: Callable[..., Connection],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.shop_id = shop_id
        self.secret_key = secret_key
        self.connect = connect
        self.now = now

    def current(self) -> AccessToken | None:
        with self.connect(autocommit=True) as connection:
            return self.stored(connection, "")

    def refreshed(self, failed: str | None, fetch: Callable[[], AccessToken]) -> AccessToken:
        with self.connect(autocommit=True) as connection, connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (PATIENCE,))
            kept = self.locked(connection)
            if kept is not None and kept.value != failed and kept.is_fresh(self.now()):
                return kept
            token = fetch()
            self.keep(connection, token)
            return token

    def locked(self, connection: Connection) -> AccessToken | None:
        """Lock the row and read it. NO KEY, so that rows of the shop can be written while a token is fetched."""
        try:
            return self.stored(connection, "FOR NO KEY UPDATE")
        except LockNotAvailable:
            raise Locked(_("Another worker has been fetching the shop's access token for a minute.")) from None

    def stored(self, connection: Connection, lock: str) -> AccessToken | None:
        row = connection.execute(
            f"SELECT access_token, access_token_expires_at FROM shops WHERE id = %s {lock}",  # noqa: S608 one of two constants
            (self.shop_id,),
        ).fetchone()
        if row is None or row[0] is None or row[1] is None:
            return None
        try:
            kept = opened(self.shop_id, row[0], self.secret_key)
        except InvalidToken:  # sealed under an older SECRET_KEY: a new one costs one call
            return None
        return AccessToken(kept["access_token"], row[1])

    def keep(self, connection: Connection, token: AccessToken) -> None:
        sealed = seal(self.shop_id, {"access_token": token.value}, self.secret_key)
        connection.execute(
            "UPDATE shops SET access_token = %s, access_token_expires_at = %s WHERE id = %s",
            (sealed, token.expires_at, self.shop_id),
        )
