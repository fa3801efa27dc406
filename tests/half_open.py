"""`python -m tests.half_open URL`, in a network of its own: takes the network away, and prints how long a query hung."""

import subprocess
import sys
import time

import psycopg

from shop.db import engine_options
from tests.proxy import in_front_of


def main(database_url: str) -> None:
    interface = ["ip", "link", "set", "lo"]
    subprocess.run([*interface, "up"], check=True)
    with in_front_of(database_url) as (_proxy, url):
        connection = psycopg.connect(url, **engine_options(testing=False)["connect_args"])
        connection.execute("SELECT 1")
        subprocess.run([*interface, "down"], check=True)
        began = time.monotonic()
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            sys.stdout.write(f"{time.monotonic() - began:.1f}\n")


if __name__ == "__main__":
    main(sys.argv[1])
