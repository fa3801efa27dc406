// Filter the links of the palette as you type; arrows choose, Enter opens. What matches nothing is searched for:
// links with [data-search] take the words along.

const plain = (text) => text.normalize("NFD").replace(/\p{Mark}/gu, "").toLowerCase();

export default function palette(dialog) {
  const field = dialog.querySelector("input[name=q]");
  const options = [...dialog.querySelectorAll("[role=option]")];
  const searches = options.filter((option) => "search" in option.dataset);
  const places = options.filter((option) => !searches.includes(option));
  const titles = [...dialog.querySelectorAll(".menu__title")];
  options.forEach((option, i) => { option.id = `palette-${i}`; });

  const shown = () => [...options].filter((option) => !option.hidden);

  const choose = (option) => {
    for (const one of options) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  };

  const carry = (link, words) => {
    const address = new URL(link.href);
    address.searchParams.set("q", words);
    link.href = address;
    link.querySelector("[data-words]").textContent = words;
  };

  const filter = () => {
    const typed = field.value.trim();
    const words = plain(typed).split(/\s+/);
    for (const place of places) place.hidden = !words.every((word) => plain(place.textContent).includes(word));
    for (const title of titles) title.hidden = typed !== "";
    for (const search of searches) {
      search.hidden = typed === "";
      carry(search, typed);
    }
    choose(places.find((place) => !place.hidden) ?? shown()[0]);
  };

  field.addEventListener("input", filter);
  field.addEventListener("keydown", (event) => {
    const list = shown();
    const at = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && list.length) {
      event.preventDefault();
      choose(list[(at + by + list.length) % list.length]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      list[at].click();
    }
  });
  dialog.addEventListener("close", () => { field.value = ""; filter(); });
  filter();
}
