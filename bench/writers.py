"""Writers of lines that remember what they have written: each has orders of its own, so each knows what must be there."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import errors

Key = tuple[int, int, datetime]  # order, line, created_at
LINE = """
INSERT INTO order_items (shop_id, order_id, line, created_at, item_type, kind, name, quantity, total, total_without_vat)
VALUES (%s, %s, %s, %s, 'product', 'goods', %s, %s, 100, 100)"""
OF_SHOP = "SELECT order_id, line, created_at, name, quantity::int FROM order_items WHERE shop_id = %s"
OTHER_QUARTER = timedelta(days=97)
FIRST = datetime(2024, 2, 1, tzinfo=UTC)


class Writer(threading.Thread):
    """Changes its own orders until told to stop: writes lines, changes them, moves them, takes them away, all of an order anew."""

    def __init__(
        self, connect: Callable[[], psycopg.Connection[Any]], shop: int, orders: range, seed: int, pause: float = 0.0
    ) -> None:
        super().__init__(name=f"writer {seed}", daemon=True)
        self.connect, self.shop, self.orders, self.pause = connect, shop, orders, pause
        self.dice = random.Random(seed)
        self.model: dict[Key, tuple[str, int]] = {}
        self.ended = threading.Event()
        self.waits: list[
            tuple[float, float]
        ] = []  # when an operation began, on the monotonic clock, and for how long; seconds
        self.failures: list[str] = []
        self.crashes = 0
        self.touched: set[int] = set()

    def run(self) -> None:
        connection: psycopg.Connection[Any] | None = None
        while not self.ended.is_set():
            try:
                connection = connection or self.connect()
                self.one(connection)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if not isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected) and (
                    connection is None or connection.closed
                ):
                    connection = None  # the server is away: what was not committed is not in the model either
                    self.crashes += 1
                    self.ended.wait(0.1)
                    continue
                self.failures.append(str(error))
            except psycopg.Error as error:
                self.failures.append(str(error))
        if connection:
            connection.close()

    def one(self, connection: psycopg.Connection[Any]) -> None:
        order = self.dice.choice(self.orders)
        mine = {key: value for key, value in self.model.items() if key[0] == order} if order in self.touched else None
        began = time.monotonic()
        with connection.transaction():
            if mine is None:
                mine = self.learned(connection, order)
                began = time.monotonic()
            after = self.dice.choice((self.write, self.change, self.move, self.take_away, self.write_anew))(
                connection, order, mine
            )
        self.waits.append((began, time.monotonic() - began))
        self.touched.add(order)
        for key in [key for key in self.model if key[0] == order]:
            del self.model[key]
        self.model.update(after)
        if self.pause:
            time.sleep(self.pause)

    def learned(self, connection: psycopg.Connection[Any], order: int) -> dict[Key, tuple[str, int]]:
        rows = connection.execute(f"{OF_SHOP} AND order_id = %s", (self.shop, order)).fetchall()
        return {(number, line, at): (name, quantity) for number, line, at, name, quantity in rows}

    def write(self, connection: psycopg.Connection[Any], order: int, mine: dict[Key, Any]) -> dict[Key, Any]:
        line = 1 + max((key[1] for key in mine), default=0)
        at = next(iter(mine), (0, 0, FIRST + timedelta(days=self.dice.randrange(800))))[2]
        value = (f"written {self.dice.random()}", self.dice.randrange(100))
        connection.execute(LINE, (self.shop, order, line, at, *value))
        return mine | {(order, line, at): value}

    def change(self, connection: psycopg.Connection[Any], order: int, mine: dict[Key, Any]) -> dict[Key, Any]:
        connection.execute(
            "UPDATE order_items SET quantity = quantity + 1 WHERE shop_id = %s AND order_id = %s", (self.shop, order)
        )
        return {key: (name, quantity + 1) for key, (name, quantity) in mine.items()}

    def move(self, connection: psycopg.Connection[Any], order: int, mine: dict[Key, Any]) -> dict[Key, Any]:
        """Change keys: the line's number, and the day to one in another quarter."""
        later = self.dice.choice((OTHER_QUARTER, timedelta(0)))
        if any(at + later > FIRST + timedelta(days=900) for _, _, at in mine):
            later = -2 * OTHER_QUARTER
        connection.execute(
            "UPDATE order_items SET line = line + 1000, created_at = created_at + %s WHERE shop_id = %s AND order_id = %s",
            (later, self.shop, order),
        )
        return {(number, line + 1000, at + later): value for (number, line, at), value in mine.items()}

    def take_away(self, connection: psycopg.Connection[Any], _order: int, mine: dict[Key, Any]) -> dict[Key, Any]:
        if not mine:
            return mine
        key = self.dice.choice(list(mine))
        connection.execute(
            "DELETE FROM order_items WHERE shop_id = %s AND order_id = %s AND line = %s AND created_at = %s",
            (self.shop, *key),
        )
        return {other: value for other, value in mine.items() if other != key}

    def write_anew(self, connection: psycopg.Connection[Any], order: int, mine: dict[Key, Any]) -> dict[Key, Any]:
        """Delete all lines of the order and write them again, as a publish does; some of them with ordinary triggers off."""
        if self.dice.random() < 0.3:
            connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM order_items WHERE shop_id = %s AND order_id = %s", (self.shop, order))
        after = {key: (f"anew {self.dice.random()}", self.dice.randrange(100)) for key in mine}
        with connection.cursor() as cursor:
            cursor.executemany(LINE, [(self.shop, *key, *value) for key, value in after.items()])
        return after

    def stop(self) -> None:
        self.ended.set()
        self.join(30)


def started(
    connect: Callable[[], psycopg.Connection[Any]], shop: int, orders: int, count: int = 4, pause: float = 0.0
) -> list[Writer]:
    """Start writers that share the orders 1 to `orders` among them."""
    writers = [
        Writer(connect, shop, range(1 + number, orders + 1, count), seed=number, pause=pause) for number in range(count)
    ]
    for writer in writers:
        writer.start()
    return writers


def differences(
    connection: psycopg.Connection[Any], shop: int, writers: Sequence[Any], table: str = "order_items"
) -> list[str]:
    """Compare the table with what the writers know: each row they lost, doubled or did not write."""
    found = {
        (order, line, at): (name, quantity)
        for order, line, at, name, quantity in connection.execute(
            OF_SHOP.replace("order_items", table), (shop,)
        ).fetchall()
    }
    told = []
    for writer in writers:
        there = {key: value for key, value in found.items() if key[0] in writer.touched}
        told += [f"{key}: {writer.model.get(key)} written, {there.get(key)} found" for key in writer.model.keys() | there.keys()
                 if writer.model.get(key) != there.get(key)]  # fmt: skip
    return told
