// Stops: a table is one stop of the Tab key, however many values it has; arrow keys go from one to the next. What an
// entry of the appendix unfolds is text of its own, through which Tab goes as through any other.

/** @param {HTMLTableElement | HTMLTableRowElement} part */
const stopsIn = (part) => all("a[href], button", part).filter((each) => each.closest("td, th, .facts")?.matches("td, th"));

/** @param {HTMLTableElement | HTMLTableRowElement} part */
const shownIn = (part) => stopsIn(part).filter((each) => each.checkVisibility());

/** @param {HTMLTableElement} table */
function walkable(table) {
  let [stop, ...others] = stopsIn(table);
  for (const other of others) other.tabIndex = -1;
  table.addEventListener("focusin", (event) => {
    const reached = /** @type {HTMLElement} */ (event.target);
    if (!stopsIn(table).includes(reached)) return;
    stop.tabIndex = -1;
    stop = reached;
    stop.tabIndex = 0;
  });
  table.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step || event.target !== stop || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const inOrder = shownIn(table);
    if (/Left|Right/.test(event.key)) inOrder[inOrder.indexOf(stop) + step]?.focus();
    else above(table, stop, step)?.focus();
  });
}

/**
 * The stop in the next row that has one, nearest to the column of `stop`.
 * @type {(table: HTMLTableElement, stop: HTMLElement, step: number) => HTMLElement | undefined}
 */
function above(table, stop, step) {
  const column = (/** @type {HTMLElement} */ each) =>
    /** @type {HTMLTableCellElement} */ (each.closest("td, th")).cellIndex;
  const away = (/** @type {HTMLElement} */ each) => Math.abs(column(each) - column(stop));
  const rows = [...table.rows].map(shownIn).filter((stops) => stops.length);
  const row = rows[rows.findIndex((stops) => stops.includes(stop)) + step];
  return row?.reduce((one, other) => (away(other) < away(one) ? other : one));
}
