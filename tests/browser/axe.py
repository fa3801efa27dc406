"""What axe-core finds on a page: each violation in one line, with its rule and its place."""

from functools import cache
from importlib import resources

from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = """async (rules) => {
  const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, all, none }) => `${id} at ${target.join(" ")}: ${[...any, ...all, ...none].map(({ message }) => message).join("; ")}`));
}"""


@cache
def script() -> str:
    """Return axe-core itself, which the package brings along; ours drives the browser, so nothing else of it is used."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, *rules: str) -> list[str]:
    """Return what is wrong with the page as it stands, by all rules or by some.

    The script comes past the content policy, which no page could do.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(script())
    found: list[str] = page.evaluate(
        RUN, {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    )
    return found
