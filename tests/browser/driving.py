"""How a browser test opens a page: no longer than until every behaviour is attached."""

import time
from collections.abc import Callable

from playwright.sync_api import Page

ATTACHED = """async () => {
  const main = document.querySelector("script[type=module]").src;
  const parts = [...document.querySelectorAll("[data-behaviour]")];
  const names = new Set(parts.flatMap((part) => part.dataset.behaviour.split(" ")));
  await Promise.all([...names].map((name) => import(new URL(`./${name}.js`, main))));
}"""


def visit(page: Page, address: str) -> None:
    """Open the page. Its own `then` on each behaviour was there before ours, so it has run when this returns."""
    page.goto(address)
    page.evaluate(ATTACHED)


def soon(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what a locator cannot express; the content policy forbids the browser's own way to wait for it."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)
