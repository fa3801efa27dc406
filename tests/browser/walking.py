"""A page walked by Tab alone: what is reached, in which order, and whether one sees where one is."""

from dataclasses import dataclass

from playwright.sync_api import Page

MOST_STEPS = 700
# What can be pressed or filled in and is shown; of radio buttons with one name the browser stops at one.
ACTIONS = """() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false }) && one.getClientRects().length > 0;
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && shown(one) && !one.closest("dialog:not([open])"));
  const radios = new Set();
  const kept = all.filter((one) => one.type !== "radio" || (!radios.has(one.name) && radios.add(one.name)));
  kept.forEach((one, number) => { one.dataset.walked = String(number); });
  return kept.map((one) => `<${one.tagName.toLowerCase()}> ${(one.ariaLabel || one.textContent || one.name || "").trim().slice(0, 40)}`);
}"""
HERE = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const radio = one.type === "radio" && document.querySelector(`input[type=radio][name="${CSS.escape(one.name)}"][data-walked]`);
  const mark = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const box = one.getBoundingClientRect();
  const drawn = [one, one.parentElement, one.nextElementSibling, ...one.querySelectorAll("*")].filter(Boolean);
  return {
    number: (radio || one).dataset.walked ?? null,
    what: `<${one.tagName.toLowerCase()}> ${(one.ariaLabel || one.textContent || one.name || "").trim().slice(0, 40)}`,
    marked: drawn.some((each) => mark(getComputedStyle(each))),
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""


@dataclass(frozen=True)
class Walk:
    """What came of it: actions that Tab never reaches, and stops at which nobody sees where they are."""

    steps: int
    missed: list[str]
    unseen: list[str]


def walk(page: Page) -> Walk:
    """Press Tab until it comes round: through the end of the page where a field has drawn the first step to itself."""
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    actions: list[str] = page.evaluate(ACTIONS)
    reached: set[str] = set()
    unseen: list[str] = []
    steps = ends = 0
    last: str | None = None
    while steps < MOST_STEPS and ends < 2:
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here is None:
            ends += 1
            continue
        if here["number"] in reached and here["number"] != last:  # a field of a date has several stops in itself
            break
        last = here["number"]
        steps += 1
        if here["number"] is not None:
            reached.add(here["number"])
        if not (here["marked"] and here["seen"]):
            unseen.append(
                f"{here['what']}{'' if here['marked'] else ' without a mark'}{'' if here['seen'] else ' out of sight'}"
            )
    missed = [words for number, words in enumerate(actions) if str(number) not in reached]
    return Walk(steps, missed, unseen)
