// Read a chart by pointer or arrow keys. The words come from the chart's own table, so both always agree.

const SVG = "http://www.w3.org/2000/svg";
const make = (name, properties) => Object.assign(document.createElement(name), properties);

export default function chartTooltip(frame) {
  const plot = frame.querySelector(".chart__plot");
  const hits = [...plot.querySelectorAll(".chart__hit")];
  const table = document.getElementById(frame.dataset.table);
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows];
  if (!hits.length || hits.length !== rows.length) return;

  const tip = make("output", { className: "chart__tip raised", hidden: true });
  const cursor = document.createElementNS(SVG, "line");
  const isLine = plot.querySelector(".chart__line") !== null;
  let at = -1;

  for (const hit of hits) hit.querySelector("title").remove();
  cursor.setAttribute("class", "chart__cursor");
  plot.append(cursor);
  frame.append(tip);

  const hide = () => {
    at = -1;
    tip.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  };

  const tell = () => {
    const [first, ...cells] = [...rows[at].cells].map((cell) => cell.textContent);
    const list = make("dl", { className: "facts facts--right" });
    cells.forEach((text, column) => {
      list.append(make("dt", { textContent: heads[column + 1] }), make("dd", { textContent: text }));
    });
    tip.replaceChildren(make("b", { textContent: first }), list);
    tip.hidden = false;
  };

  const place = () => {
    const box = plot.getBoundingClientRect();
    const hit = hits[at].getBoundingClientRect();
    const share = isLine && hits.length > 1 ? at / (hits.length - 1) : (at + 0.5) / hits.length;
    const x = box.width * share;
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, x);
    cursor.setAttribute("y1", hit.top - box.top);
    cursor.setAttribute("y2", hit.bottom - box.top);
    cursor.removeAttribute("visibility");

    const left = box.left - frame.getBoundingClientRect().left + x;
    const room = frame.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, left > room - 16 ? left - tip.offsetWidth - 12 : left + 12))}px`;
  };

  const show = (i) => {
    at = Math.max(0, Math.min(hits.length - 1, i));
    tell();
    place();
  };

  frame.addEventListener("pointermove", ({ target }) => {
    const i = hits.indexOf(target);
    if (i >= 0 && i !== at) show(i);
  });
  frame.addEventListener("pointerleave", hide);
  frame.addEventListener("blur", hide);
  frame.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hide();
    if (!by) return;
    event.preventDefault();
    show(at < 0 ? (by > 0 ? 0 : hits.length - 1) : at + by);
  });
  hide();
}
