// Choose system, light or dark. The cookie lets the server print data-theme, so the next page never flashes.

const SAFE = location.protocol === "https:";

export default function theme(group) {
  const buttons = [...group.querySelectorAll("button")];

  group.addEventListener("click", ({ target }) => {
    if (!buttons.includes(target)) return;
    document.documentElement.dataset.theme = target.value;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === target));
    const name = SAFE ? "__Host-theme" : "theme";
    document.cookie = `${name}=${target.value}; path=/; max-age=31536000; samesite=lax${SAFE ? "; secure" : ""}`;
  });
}
