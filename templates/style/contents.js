// Contents: chapters fold, and the place where the reader is gets marked. Beside the text its chapter is open.

/** @param {HTMLElement} contents */
function follow(contents) {
  const links = /** @type {HTMLAnchorElement[]} */ (all("a", contents));
  const target = (/** @type {HTMLAnchorElement} */ link) =>
    document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const linkTo = new Map(links.map((link) => [target(link), link]));
  const headings = links.flatMap((link) => target(link) ?? []);
  const chapterOf = new Map(all(".level2", contents).flatMap((item) => {
    const chapter = foldable(item);
    return [item, ...chapter.parts].map((each) => [each, chapter]);
  }));
  /** @type {Chapter | undefined} */
  let open;
  const look = () => {
    const read = headings.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 5);
    const current = (read && linkTo.get(read)) ?? links[0];
    for (const link of links) link.removeAttribute("aria-current");
    current.setAttribute("aria-current", "location");
    const chapter = chapterOf.get(/** @type {Element} */ (current.closest("li")));
    // Above the text, what folds would move it.
    if (getComputedStyle(contents).position !== "sticky") return;
    if (chapter !== open) open?.fold(false);
    if (chapter !== open) chapter?.fold(true);
    open = chapter;
    contents.classList.add("followed");
    contents.scrollTop = current.offsetTop - contents.clientHeight / 2;
  };
  // Told whenever a heading comes above that line or goes below it, however far the reader jumps.
  const observer = new IntersectionObserver(look, { rootMargin: "9999999px 0px -80% 0px" });
  for (const heading of headings) observer.observe(heading);
}

/**
 * The style sheet folds what isn't open wherever scripts run, so that nothing moves when this one does.
 * @typedef {{ parts: Element[], fold: (open: boolean) => void }} Chapter
 * @param {HTMLElement} item
 * @returns {Chapter}
 */
function foldable(item) {
  /** @type {Element[]} */
  const parts = [];
  for (let next = item.nextElementSibling; next?.matches(".level3"); next = next.nextElementSibling) parts.push(next);
  const button = make("button", { type: "button", class: "fold", "aria-expanded": "false" });
  button.setAttribute("aria-label", say("unfold", item.querySelector("a")?.textContent ?? ""));
  const fold = (/** @type {boolean} */ open) => {
    button.setAttribute("aria-expanded", String(open));
    for (const part of parts) part.classList.toggle("open", open);
  };
  button.addEventListener("click", () => fold(button.getAttribute("aria-expanded") === "false"));
  if (parts.length) item.append(button);
  return { parts, fold };
}
