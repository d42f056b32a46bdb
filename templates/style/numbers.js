// Numbers: what is pointed at in a chart says its value, as arrow keys let it say one after the other; the name of a
// series lets the others fade. The values and their places are in the tables of the numbers behind the figure.

/** @typedef {{ x: number, y: number, width: number, height: number, group: Element, lines: string[] }} Place */
const NEAR_PX = 28;
const SVG = "http://www.w3.org/2000/svg";
const ARROWS = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 });

/** @type {(figure: HTMLElement) => HTMLTableCellElement[]} */
const cellsOf = (figure) =>
  /** @type {HTMLTableCellElement[]} */ (all(`.numbers > [data-of="${CSS.escape(figure.id)}"] [data-at]`));

/** @type {(cell: HTMLTableCellElement) => Place} */
function placed(cell) {
  const [x, y, width = 0, height = 0] = (cell.dataset.at ?? "").split(" ").map(Number);
  const table = /** @type {HTMLTableElement} */ (cell.closest("table"));
  const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
  const heads = table.tHead?.rows[0].cells ?? row.cells, column = cell.cellIndex;
  // The place of a first cell is that of all that its row says.
  const columns = column ? [0, column] : [...row.cells].keys();
  const facts = [...columns].filter((each) => row.cells[each].textContent)
    .map((each) => [heads[each].textContent, row.cells[each].textContent].filter(Boolean).join(": "));
  const series = width ? row : heads[column];
  return { x, y, width, height, group: column ? series : table, lines: [table.caption?.textContent ?? "", ...facts] };
}

/**
 * Let the chart of a figure tell its values in `stage`, if it has any.
 * @type {(figure: HTMLElement, stage: HTMLElement, pan: HTMLElement, name: string) => boolean}
 */
function telling(figure, stage, pan, name) {
  const chart = /** @type {SVGSVGElement | null} */ (pan.querySelector(".chart"));
  if (!chart || !cellsOf(figure).length) return false;
  const tip = make("p", { class: "tip", "aria-live": "polite" });
  const spot = document.createElementNS(SVG, "rect");
  spot.setAttribute("class", "spot");
  stage.append(tip);
  /** @type {Place[] | undefined} */
  let places;
  /** @type {Place | undefined} */
  let told;
  const known = () => (places ??= cellsOf(figure).map(placed));
  const tell = (/** @type {Place | undefined} */ place) => {
    if (place === told) return;
    told = place;
    tip.replaceChildren(...(place?.lines ?? []).filter(Boolean).map((line) => make("span", {}, line)));
    spot.remove();
    if (!place) return;
    const around = place.width ? 0 : 3.5;
    const box = { x: place.x - around, y: place.y - around, rx: around };
    const size = { width: place.width || 2 * around, height: place.height || 2 * around };
    for (const [key, number] of Object.entries({ ...box, ...size })) spot.setAttribute(key, String(number));
    chart.append(spot);
    beside(tip, spot.getBoundingClientRect(), stage.getBoundingClientRect());
  };
  const pointed = (/** @type {PointerEvent} */ event) => tell(nearest(known(), chart, event));
  chart.addEventListener("pointermove", pointed);
  chart.addEventListener("pointerdown", pointed);
  chart.addEventListener("pointerleave", (event) => event.pointerType === "touch" || tell(undefined));
  pan.addEventListener("blur", () => tell(undefined));
  pan.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && told) event.preventDefault();
    if (event.key === "Escape") tell(undefined);
    if (!ARROWS[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    tell(next(known(), told, ARROWS[event.key], /Left|Right/.test(event.key)));
    spot.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  const attributes = { tabindex: "0", role: "group", "aria-label": say("read", name) };
  for (const [key, content] of Object.entries(attributes)) pan.setAttribute(key, content);
  fading(chart);
  return true;
}

/** @type {(tip: HTMLElement, spot: DOMRect, stage: DOMRect) => void} */
function beside(tip, spot, stage) {
  const left = spot.left - stage.left + spot.width / 2 - tip.offsetWidth / 2;
  const above = spot.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(0, Math.min(left, stage.width - tip.offsetWidth))}px`;
  tip.style.top = `${(above < 4 ? spot.bottom + 6 : above) - stage.top}px`;
}

/** @type {(places: Place[], chart: SVGSVGElement, event: PointerEvent) => Place | undefined} */
function nearest(places, chart, event) {
  const scale = /** @type {DOMMatrix} */ (chart.getScreenCTM());
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(scale.inverse());
  const away = (/** @type {Place} */ each) => scale.a * Math.hypot(
    Math.max(each.x - x, 0, x - each.x - each.width), Math.max(each.y - y, 0, y - each.y - each.height));
  const best = places.reduce((one, other) => (away(other) < away(one) ? other : one));
  return away(best) < (best.width ? 1 : NEAR_PX) ? best : undefined;
}

/**
 * Left and right go along a series or a row, up and down to the nearest place of the one before or after. Areas lie in
 * rows wherever they are told: pictures of a grid are one list.
 * @type {(places: Place[], place: Place | undefined, step: number, along: boolean) => Place}
 */
function next(places, place, step, along) {
  if (!place) return places[0];
  const groups = [...new Set(places.map((each) => each.group))];
  const of = (/** @type {Element} */ group) => places.filter((each) => each.group === group);
  const own = of(place.group);
  if (along) return own[own.indexOf(place) + step] ?? place;
  const beyond = places.filter((each) => each.width && place.width && step * (each.y - place.y) > place.height / 2);
  const down = Math.min(...beyond.map((each) => step * (each.y - place.y)));
  const row = beyond.filter((each) => step * (each.y - place.y) < down + place.height / 2);
  const group = groups[groups.indexOf(place.group) + step];
  const others = row.length || !group ? row : of(group);
  return others.reduce((one, two) => (Math.abs(two.x - place.x) < Math.abs(one.x - place.x) ? two : one), others[0] ?? place);
}

/** @param {SVGSVGElement} chart */
function fading(chart) {
  const series = all("[data-series]", chart);
  for (const name of all("[data-name]", chart)) {
    const fade = (/** @type {boolean} */ faint) => {
      for (const each of series) each.classList.toggle("faint", faint && each.dataset.series !== name.dataset.name);
    };
    name.addEventListener("pointerenter", () => fade(true));
    name.addEventListener("pointerleave", () => fade(false));
  }
}
