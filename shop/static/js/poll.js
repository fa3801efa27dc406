// Replace the inside of an element with a fragment from the server, every few seconds while someone looks.
// The fragment is the same partial the page was rendered with; one with [data-done] is the last.
// When the last one comes, the rest of the page is stale too, so a page that asks for it is loaded once more.

import { attach } from "./main.js";

export default function poll(element) {
  const pause = Number(element.dataset.every) * 1000;

  const busy = () => document.hidden || element.contains(document.activeElement);
  const done = () => element.querySelector("[data-done]") !== null;

  const refresh = async () => {
    if (!busy()) {
      const answer = await fetch(element.dataset.url, { headers: { Accept: "text/html" } }).catch(() => null);
      if (answer?.redirected) return location.reload();
      const fragment = answer?.ok ? await answer.text() : null;
      if (fragment !== null && !busy()) { // someone may have begun to use it while the answer was on its way
        element.innerHTML = fragment;
        if (done() && "reload" in element.dataset) return location.reload();
        attach(element);
      }
    }
    if (!done()) setTimeout(refresh, pause);
  };

  if (!done()) setTimeout(refresh, pause);
}
