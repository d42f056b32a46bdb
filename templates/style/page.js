// The page begins.

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
main.append(announcement, zoom);
for (const table of main.querySelectorAll("table")) sortable(table);
for (const figure of all("figure", main)) enlargeable(figure);
if ("showPopover" in note) {
  main.append(note);
  noting();
}
const boxes = all(".scroll, .eq, pre", main);
const observer = new ResizeObserver((entries) => {
  for (const entry of entries) mark(entry.target);
});
for (const box of boxes) observer.observe(box);
document.fonts.ready.then(() => boxes.forEach(mark));
all(".toc").forEach(follow);
