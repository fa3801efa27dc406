// Switch the keys that are one character off for this browser, and on again. Who speaks to the computer, or shakes, needs that.

import { ONE_KEY } from "./keys.js";

export default function shortcuts(group) {
  const buttons = [...group.querySelectorAll("button")];

  const show = () => {
    const kept = localStorage.getItem(ONE_KEY) ?? "on";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === kept));
  };

  group.addEventListener("click", ({ target }) => {
    if (!buttons.includes(target)) return;
    localStorage.setItem(ONE_KEY, target.value);
    show();
  });
  group.hidden = false;
  show();
}
