"""How soon a platform that tells of a change has its answer: signed notices over HTTP, to the web as it is served."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from flask_migrate import upgrade

from bench.table import Row
from shop.config import Config
from shop.db import db
from shop.factory import create_app
from shop.shops.models import Shop
from shop.shops.webhook_keys import keep_key
from shop.simulator.webhooks import signature

NOTICES, WARM = 500, 20
LIMIT = 50.0  # ms
KEY, SLUG, SHOP_ID = "a key that only the benchmark knows", "noticed", 200001


def run(config: Config) -> list[Row]:
    """Send notices one after another, each of another order; the clock runs from the first byte to the whole answer."""
    app = create_app(config)
    with app.app_context():
        upgrade()
        shop = Shop(slug=SLUG, name="Noticed", platform="shoptet", currency="CZK", timezone="Europe/Prague")
        shop.platform_shop_id = str(SHOP_ID)
        db.session.add(shop)
        db.session.flush()
        keep_key(shop, KEY, config.secret_key)
        db.session.commit()
        db.engine.dispose()
    with served(config) as port:
        took = sorted([told(port, number) for number in range(WARM + NOTICES)][WARM:])
    slowest = took[int(NOTICES * 0.99) - 1]
    return [
        Row(f"{NOTICES} notices, one after another: median", f"{median(took):.1f} ms"),
        Row("… 99 of 100 answered within", f"{slowest:.1f} ms", f"at most {LIMIT:.0f} ms", slowest <= LIMIT),
    ]


@contextmanager
def served(config: Config) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = os.environ | {
        "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "SECRET_KEY": config.secret_key,
        "PULT_DATA_DIR": str(config.data_dir), "TZ": "UTC",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "app:app", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", "2", "--threads", "8", "--no-control-socket"]
    with subprocess.Popen([*command, "--log-level", "warning"], env=environment, stderr=subprocess.DEVNULL) as web:
        try:
            wait_for(port)
            yield port
        finally:
            web.terminate()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def told(port: int, number: int) -> float:
    """Return the milliseconds of one notice."""
    told = {
        "eshopId": SHOP_ID,
        "event": "order:update",
        "eventCreated": "2026-03-01T10:00:00+0100",
        "eventInstance": f"N{number}",
    }
    body = json.dumps(told).encode()
    headers = {"Shoptet-Webhook-Signature": signature(KEY, body), "Content-Type": "application/json"}
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"/webhooks/shoptet/{SLUG}", body, headers)
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - began) * 1000
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"A notice was answered with {answer.status}.")
    return took
