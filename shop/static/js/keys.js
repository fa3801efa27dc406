// One keyboard map for every page: whatever carries data-keys is pressed, or focused if it is a field.
// Rows with [data-row] answer to j and k. Single characters rest while you type, and where this browser has them switched off.

export const ONE_KEY = "pult.one-key";
const MODIFIED = /^ctrl\+/;
const FIELD = "input:not([type=checkbox], [type=radio]), textarea, select";
let prefix = "";

export default function keys(root) {
  const rows = () => [...root.querySelectorAll("main [data-row]")].filter((row) => row.offsetParent);

  const step = (by) => {
    const links = rows();
    const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    links[Math.min(links.length - 1, Math.max(0, here + by))]?.focus();
  };

  const press = (target) => {
    if (target.matches(FIELD)) {
      target.focus();
      return target.select?.();
    }
    target.click();
    if (target.matches("summary")) target.parentElement.querySelector("a, button, input, select")?.focus();
  };

  root.addEventListener("keydown", (event) => {
    const key = (event.ctrlKey || event.metaKey ? "ctrl+" : "") + event.key.toLowerCase();
    if (event.altKey || event.defaultPrevented || key.endsWith("shift")) return;
    if (event.target.matches(FIELD) && !MODIFIED.test(key)) {
      if (key === "escape") event.target.blur();
      return;
    }
    if (root.querySelector("dialog[open]")) return;
    if (!MODIFIED.test(key) && localStorage.getItem(ONE_KEY) === "off") return;

    const combination = prefix + key;
    const target = [...root.querySelectorAll("[data-keys]")].find((one) => one.dataset.keys === combination);
    const moves = { j: () => step(1), k: () => step(-1) };
    prefix = key === "g" && !prefix ? "g " : "";
    if (!target && !moves[combination]) return;
    event.preventDefault();
    if (target) press(target);
    else moves[combination]();
  });
}
