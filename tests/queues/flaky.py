"""A way to Redis that can be made slow, half-open or cut, in front of the real one."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit


class Flaky:
    """Passes everything on between a loopback port and Redis' socket; `delay` in seconds, `frozen` lets nothing through."""

    def __init__(self, redis_url: str) -> None:
        parts = urlsplit(redis_url)
        self.socket, self.number = parts.path, parse_qs(parts.query).get("db", ["0"])[0]
        self.delay, self.frozen, self.port = 0.0, False, 0
        self.loop = asyncio.new_event_loop()
        self.tasks: set[asyncio.Task[None]] = set()
        self.writers: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/{self.number}"

    async def listen(self) -> None:
        self.server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_unix_connection(self.socket)
        self.writers += [forth, back]
        for reader, writer in ((near, forth), (far, back)):
            task = self.loop.create_task(self.passed_on(reader, writer))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def passed_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if self.delay:
                    await asyncio.sleep(self.delay / 2)  # there, and the same back
                while self.frozen:  # noqa: ASYNC110  # the switch is thrown by another thread
                    await asyncio.sleep(0.05)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def end(self) -> None:
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self.writers), return_exceptions=True)


@contextmanager
def flaky(redis_url: str) -> Iterator[Flaky]:
    way = Flaky(redis_url)
    way.loop.run_until_complete(way.listen())
    thread = threading.Thread(target=way.loop.run_forever, name="flaky way to Redis", daemon=True)
    thread.start()
    try:
        yield way
    finally:
        asyncio.run_coroutine_threadsafe(way.end(), way.loop).result(10)
        way.loop.call_soon_threadsafe(way.loop.stop)
        thread.join(10)
        way.loop.close()
