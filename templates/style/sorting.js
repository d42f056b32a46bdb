// Sorting: each click on a header goes one step on, from ascending to descending to the order of the author.

/** @type {Record<string, string>} */
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
const TYPED = /^[<>≈~(]?\s*([-−]?\d+(?:\.\d+)?)\s*(%)?\)?(?:\s*[±[].*)?$/;
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
const announcement = make("p", { class: "unseen", role: "status" });

/** @param {HTMLTableElement} table */
function sortable(table) {
  const head = table.tHead?.rows, body = table.tBodies;
  if (head?.length !== 1 || body.length !== 1 || body[0].rows.length < 2) return;
  if (all("[colspan], [rowspan]", table).length) return;
  const rows = [...body[0].rows];
  for (const [column, header] of [...head[0].cells].entries()) {
    const name = header.textContent.trim();
    if (!name) continue;
    const button = make("button", { type: "button", class: "sort" });
    // No button may hold a link, so that stays beside it; and not everyone hears a formula as a name.
    if (header.querySelector("a, math")) button.setAttribute("aria-label", say("sort", name));
    if (!header.querySelector("a")) button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const direction = NEXT[header.getAttribute("aria-sort") ?? "none"];
      for (const other of head[0].cells) other.removeAttribute("aria-sort");
      if (direction !== "none") header.setAttribute("aria-sort", direction);
      body[0].append(...ordered(rows, column, direction));
      announcement.textContent = direction === "none" ? say("original") : say("sorted", name, say(direction));
    });
  }
}

/** @type {(rows: HTMLTableRowElement[], column: number, direction: string) => HTMLTableRowElement[]} */
function ordered(rows, column, direction) {
  if (direction === "none") return rows;
  const texts = rows.map((row) => row.cells[column]?.textContent.trim() ?? "");
  const numbers = rows.map((row, index) => numberIn(row.cells[column], texts[index]));
  const known = numbers.filter((number) => number !== null).length;
  const keys = 2 * known > texts.filter(Boolean).length ? numbers : texts.map((text) => text || null);
  const sign = direction === "ascending" ? 1 : -1;
  // What has no key stays at the end in both directions; equals stay as the author had them.
  const places = [...rows.keys()].sort((one, other) => {
    const a = keys[one], b = keys[other];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (typeof a === "number" ? a - Number(b) : collator.compare(a, String(b)));
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
