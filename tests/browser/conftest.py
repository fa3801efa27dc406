"""A real Chromium for the tests: offline, watched, and able to take pictures."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests import servers
from tests.browser.specimens import specimens as specimen_app

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing is fetched from anywhere else
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 10_000  # milliseconds; a page that takes longer has failed
WINDOWS = {1440: 900, 390: 844}
THEMES = ("light", "dark")
LEFT = "net::ERR_ABORTED"  # the page went elsewhere while something was on its way

Shoot = Callable[[Page, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole run of a worker."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed; .ci/run installs chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser has complained about so far; a test that expects a complaint takes it out."""
    return []


@pytest.fixture
def browser_context(chromium: Browser, complaints: list[str]) -> Iterator[BrowserContext]:
    with chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce") as context:
        watch(context, complaints)
        yield context
    assert not complaints, complaints


@pytest.fixture
def browser_page(browser_context: BrowserContext) -> Page:
    """An empty page. The test fails if anything is stopped by the policy, thrown, or not found while it is used."""
    return browser_context.new_page()


@pytest.fixture
def page_without_script(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """The same for a person whose browser runs no script."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False) as context:
        watch(context, complaints)
        yield context.new_page()
    assert not complaints, complaints


def watch(context: BrowserContext, complaints: list[str]) -> None:
    """Collect what a person would find in the console."""

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    def failed(request: Request) -> None:
        if request.failure != LEFT:
            complaints.append(f"{request.url}: {request.failure}")

    context.set_default_timeout(PATIENCE)
    context.on("console", said)
    context.on("weberror", lambda thrown: complaints.append(f"thrown: {thrown.error}"))
    context.on("requestfailed", failed)


@pytest.fixture(scope="session")
def shoot() -> Shoot:
    """Take a page's picture in both widths and both themes into the folder that PULT_PICTURES names, if it names one."""
    folder = os.environ.get("PULT_PICTURES")

    def take(page: Page, name: str) -> None:
        if not folder:
            return
        before = page.viewport_size
        for width, height in WINDOWS.items():
            page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png", full_page=True)
        page.emulate_media(color_scheme="null")
        if before:
            page.set_viewport_size(before)

    return take


@pytest.fixture(scope="session")
def specimens() -> Iterator[str]:
    """The address of the components' own little application."""
    with servers.listening(specimen_app()) as address:
        yield address
