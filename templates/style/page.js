// The page begins.

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
main.append(announcement, zoom);
for (const run of main.querySelectorAll("tbody.run")) openable(/** @type {HTMLTableSectionElement} */ (run));
for (const command of all(".command", main)) command.after(" ", copier(command));
for (const table of main.querySelectorAll("table")) {
  sortable(table);
  walkable(table);
}
for (const figure of all("figure", main)) illustrated(figure);
for (const heading of all("h2[id], h3[id], h4[id]", main)) linkable(heading);
all(".fn", main).forEach(markable);
if ("showPopover" in note) {
  main.append(note);
  noting();
}
keepPlaces();
const boxesIn = (/** @type {Element} */ part) => all(".scroll, .eq, pre", part);
const observer = new ResizeObserver((entries) => mark(entries.map((entry) => entry.target)));
for (const box of boxesIn(main)) observer.observe(box);
// Words get wider or narrower as fonts arrive, which no box tells. To ask for `ready` would lay the page out at once.
// What isn't laid out then is looked at when it is.
const markLaidOut = (/** @type {Element} */ part) =>
  mark(boxesIn(part).filter((box) => box.checkVisibility({ contentVisibilityAuto: true })));
document.fonts.addEventListener("loadingdone", () => markLaidOut(main));
for (const stretch of all(".stretch", main)) {
  stretch.addEventListener("contentvisibilityautostatechange", () => markLaidOut(stretch));
}
all(".toc").forEach(follow);
