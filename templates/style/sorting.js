// Sorting: each click on a header goes one step on. Of numbers the largest come first, of words the first ones; then
// the other way round; then the order of the author.

const STEPS = ["none", "ascending", "descending"];
const TYPED = /^[<>≈~(]?\s*([-−]?\d+(?:\.\d+)?)\s*(%)?\)?(?:\s*[±[].*)?$/;
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
const announcement = make("p", { class: "unseen", role: "status" });

/** @param {HTMLTableElement} table */
function sortable(table) {
  const head = table.tHead?.rows, bodies = [...table.tBodies];
  // In the table of runs each row has its own body, with what folds behind it.
  const isGrouped = table.matches(".runs");
  const rows = isGrouped ? bodies.map((body) => body.rows[0]) : [...(bodies[0]?.rows ?? [])];
  if (head?.length !== 1 || rows.length < 2 || (bodies.length > 1 && !isGrouped)) return;
  if (all("[colspan], [rowspan]", table).some((cell) => !cell.closest(".more"))) return;
  for (const [column, header] of [...head[0].cells].entries()) {
    const name = header.querySelector("math")?.ariaLabel ?? header.textContent.trim();
    if (!name) continue;
    const button = make("button", { type: "button", class: "sort" });
    // No button may hold a link, so that stays beside it; and not everyone hears a formula as a name.
    if (header.querySelector("a, math")) button.setAttribute("aria-label", say("sort", name));
    if (!header.querySelector("a")) button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const keys = keysOf(rows, column);
      const step = STEPS.indexOf(header.getAttribute("aria-sort") ?? "none");
      const direction = STEPS[(step + (keys.isNumeric ? 2 : 1)) % 3];
      for (const other of head[0].cells) other.removeAttribute("aria-sort");
      if (direction !== "none") header.setAttribute("aria-sort", direction);
      const sorted = ordered(rows, keys, direction);
      if (isGrouped) table.append(...sorted.flatMap((row) => row.parentElement ?? []));
      else bodies[0].append(...sorted);
      announcement.textContent = direction === "none" ? say("original") : say("sorted", name, say(direction));
    });
  }
}

/**
 * What a column is sorted by: its numbers where most of its cells begin with one, else its words; null for nothing.
 * @param {HTMLTableRowElement[]} rows
 * @param {number} column
 */
function keysOf(rows, column) {
  const texts = rows.map((row) => row.cells[column]?.textContent.trim() ?? "");
  const numbers = rows.map((row, index) => numberIn(row.cells[column], texts[index]));
  const isNumeric = 2 * numbers.filter((number) => number !== null).length > texts.filter(Boolean).length;
  /** @type {(one: number, other: number) => number} */
  const compare = (one, other) =>
    isNumeric ? Number(numbers[one]) - Number(numbers[other]) : collator.compare(texts[one], texts[other]);
  return { isNumeric, compare, lacks: (/** @type {number} */ row) => (isNumeric ? numbers[row] === null : !texts[row]) };
}

/** @type {(rows: HTMLTableRowElement[], keys: ReturnType<typeof keysOf>, direction: string) => HTMLTableRowElement[]} */
function ordered(rows, keys, direction) {
  if (direction === "none") return rows;
  const sign = direction === "ascending" ? 1 : -1;
  // What has no key stays at the end in both directions; equals stay as the author had them.
  const places = [...rows.keys()].sort((one, other) => {
    if (keys.lacks(one) || keys.lacks(other)) return Number(keys.lacks(one)) - Number(keys.lacks(other));
    return sign * keys.compare(one, other);
  });
  return places.map((place) => rows[place]);
}

/**
 * The first value of a cell that begins with one: what follows it, a spread or an interval, doesn't count.
 * @type {(cell: HTMLTableCellElement | undefined, text: string) => number | null}
 */
function numberIn(cell, text) {
  const data = cell?.querySelector("data");
  if (cell && data) {
    const before = document.createRange();
    before.setStart(cell, 0);
    before.setEndBefore(data);
    return /[\p{L}\d]/u.test(before.toString()) ? null : Number(data.value);
  }
  const typed = TYPED.exec(text.replaceAll(WORDS.thousands, "").replaceAll(WORDS.decimal, "."));
  return typed && Number(typed[1].replace("−", "-")) / (typed[2] ? 100 : 1);
}
