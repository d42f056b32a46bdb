// What the page does beyond being read: it sorts tables, enlarges figures and says where a value comes from.
// Without this script everything can still be read. It asks for nothing and stores nothing.
// WORDS, which the program puts before it, has the words of the page's language.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, content] of Object.entries(attributes)) element.setAttribute(name, content);
  element.append(...children);
  return element;
}

const say = (meaning, ...parts) => WORDS[meaning].replace(/\{\}/g, () => parts.shift());

// Sorting: each click on a header goes one step on, from ascending to descending to the order of the author.

const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
const TYPED = /^[<>≈~(]?\s*([-−]?\d+(?:\.\d+)?)\s*(%)?\)?(?:\s*[±[].*)?$/;
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
const status = make("p", { class: "unseen", role: "status" });

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
      status.textContent = direction === "none" ? say("original") : say("sorted", name, say(direction));
    });
  }
}

function ordered(rows, column, direction) {
  if (direction === "none") return rows;
  const texts = rows.map((row) => row.cells[column]?.textContent.trim() ?? "");
  const numbers = rows.map((row, index) => numberIn(row.cells[column], texts[index]));
  const known = numbers.filter((number) => number !== null).length;
  const numeric = 2 * known > texts.filter(Boolean).length;
  const keys = numeric ? numbers : texts.map((text) => text || null);
  const compare = numeric ? (a, b) => a - b : collator.compare;
  const sign = direction === "ascending" ? 1 : -1;
  // What has no key stays at the end in both directions; equals stay as the author had them.
  const places = [...rows.keys()].sort((a, b) => {
    if (keys[a] === null || keys[b] === null) return (keys[a] === null) - (keys[b] === null);
    return sign * compare(keys[a], keys[b]);
  });
  return places.map((place) => rows[place]);
}

// The first value of a cell that begins with one: what follows it, a spread or an interval, doesn't count.
function numberIn(cell, text) {
  const data = cell?.querySelector("data");
  if (data) {
    const before = document.createRange();
    before.setStart(cell, 0);
    before.setEndBefore(data);
    return /[\p{L}\d]/u.test(before.toString()) ? null : Number(data.value);
  }
  const typed = TYPED.exec(text.replaceAll(WORDS.thousands, "").replaceAll(WORDS.decimal, "."));
  return typed && Number(typed[1].replace("−", "-")) / (typed[2] ? 100 : 1);
}

// Figures: one dialog shows the one that was asked for, as large as the window, or larger and to be moved about.

const zoom = make("dialog", { class: "zoom", "aria-labelledby": "page-zoomed" });

function enlargeable(figure) {
  const image = figure.querySelector(":scope > img");
  if (!image) return;
  const name = figure.querySelector("figcaption .lab")?.textContent.replace(/\.$/, "") ?? say("figure");
  const button = make("button", { type: "button", class: "enlarge", "aria-label": say("enlarge", name) });
  const frame = make("div", { class: "frame" });
  image.replaceWith(frame);
  frame.append(image, button);
  const open = () => {
    button.focus(); // where the focus comes back to
    show(image, figure.querySelector("figcaption"));
  };
  button.addEventListener("click", open);
  image.addEventListener("click", open);
}

function show(image, caption) {
  const larger = image.cloneNode();
  larger.removeAttribute("style"); // its width on the page
  larger.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight || 1);
  const sheet = make("div", { class: "sheet", tabindex: "0", role: "group", "aria-label": say("enlarged") }, larger);
  const text = make("p", { id: "page-zoomed" }, ...(caption?.cloneNode(true).childNodes ?? [say("figure")]));
  for (const link of all("a", text)) link.replaceWith(...link.childNodes);
  const close = make("button", { type: "button", class: "close" }, say("close"));
  close.addEventListener("click", () => zoom.close());
  sheet.addEventListener("click", () => zoom.close());
  zoom.replaceChildren(make("div", { class: "bar" }, text, close), sheet);
  zoom.showModal();
}

zoom.addEventListener("click", (event) => event.target === zoom && zoom.close());

// Notes: the pointer, the focus or a tap on a value shows what the appendix says about its runs.

const note = make("div", { id: "page-note", class: "note", popover: "manual", role: "note" });
const MOST = 4;
let shown = null, timer = 0, touched = false;

function tell(link) {
  const data = link.parentElement;
  const targets = data.dataset.runs?.split(" ").map((key) => `run-${key}`) ?? [link.hash.slice(1)];
  const keys = targets.map((target) => document.getElementById(target)).filter(Boolean);
  const runs = keys.map((key) => key.closest(".run"));
  const facts = [[say("value"), data.value.replace(".", WORDS.decimal)]];
  for (const name of [say("profile"), say("data")]) {
    const found = new Set(runs.map((run) => factOf(run, name)).filter(Boolean));
    if (found.size) facts.push([name, [...found].join(", ")]);
  }
  const listed = keys.slice(0, MOST).map((key) =>
    make("li", {}, `${key.title} `, make("code", {}, key.textContent)));
  if (keys.length > MOST) listed.push(make("li", {}, say("more", keys.length - MOST)));
  const go = make("a", { href: link.hash, tabindex: "-1" }, say("to_run"));
  note.replaceChildren(
    make("p", { class: "from" }, data.dataset.from),
    make("dl", {}, ...facts.map(([name, fact]) => make("div", {}, make("dt", {}, name), " ", make("dd", {}, fact)))),
    make("ul", {}, ...listed),
    make("p", {}, go),
  );
}

function factOf(run, name) {
  const shared = document.querySelector(".appendix .run");
  const term = [run, shared].flatMap((place) => all("dt", place)).find((each) => each.textContent === name);
  return term?.nextElementSibling.textContent ?? "";
}

function reveal(link) {
  clearTimeout(timer);
  if (shown === link) return;
  hide();
  tell(link);
  note.showPopover();
  place(link);
  link.setAttribute("aria-describedby", note.id);
  shown = link;
}

// Below the value where there is room, else above it; never beyond the sides of the window.
function place(link) {
  const at = link.getClientRects()[0], { clientWidth, clientHeight } = document.documentElement;
  const left = Math.max(8, Math.min(at.left, clientWidth - note.offsetWidth - 8));
  const fits = at.bottom + note.offsetHeight + 8 < clientHeight || at.top < note.offsetHeight + 8;
  note.style.left = `${left + scrollX}px`;
  note.style.top = `${(fits ? at.bottom + 4 : at.top - note.offsetHeight - 4) + scrollY}px`;
}

function hide() {
  clearTimeout(timer);
  if (!shown) return;
  shown.removeAttribute("aria-describedby");
  note.hidePopover();
  shown = null;
}

function later(act, delay) {
  clearTimeout(timer);
  timer = setTimeout(act, delay);
}

function noting() {
  const value = (event) => event.target.closest?.("data > a");
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const link = value(event);
    if (link) later(() => reveal(link), 120);
    else if (note.contains(event.target)) clearTimeout(timer);
    else later(() => shown !== document.activeElement && hide(), 250);
  });
  document.addEventListener("focusin", (event) => {
    const link = value(event);
    if (link?.matches(":focus-visible")) reveal(link);
  });
  document.addEventListener("focusout", (event) => note.contains(event.relatedTarget) || hide());
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType !== "mouse";
    if (!note.contains(event.target) && value(event) !== shown) hide();
  }, true);
  document.addEventListener("click", (event) => {
    const link = value(event);
    // The first tap shows the note, the second follows the link, as a click and the Enter key do.
    if (link && touched && event.detail && shown !== link) {
      event.preventDefault();
      reveal(link);
    } else if (link || note.contains(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  // A box that scrolls takes its values away from under the note; with the page the note scrolls along.
  for (const box of all(".scroll, .eq, pre")) box.addEventListener("scroll", hide);
}

// What is wider than its box can be scrolled with the keyboard, and has a name for whoever hears the page.

function nameOf(box) {
  if (box.matches("pre")) return say("code");
  if (box.matches(".eq")) return `${say("formula")} ${box.querySelector(".no")?.textContent ?? ""}`.trim();
  return box.querySelector("caption .lab")?.textContent.replace(/\.$/, "") ?? say("table");
}

function mark(box) {
  const wide = box.scrollWidth > box.clientWidth + 1;
  const attributes = { tabindex: "0", role: "group", "aria-label": say("scrolls", nameOf(box)) };
  for (const [name, content] of Object.entries(attributes)) {
    if (wide) box.setAttribute(name, content);
    else box.removeAttribute(name);
  }
}

// The contents show where the reader is.

function follow(contents) {
  const target = (link) => document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const links = new Map(all("a", contents).map((link) => [target(link), link]));
  const headings = [...links.keys()].filter(Boolean);
  const look = () => {
    const current = links.get(headings.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 5));
    for (const link of links.values()) link.removeAttribute("aria-current");
    current?.setAttribute("aria-current", "location");
    if (current) contents.scrollTop = current.offsetTop - contents.clientHeight / 2;
  };
  // Told whenever a heading comes above that line or goes below it, however far the reader jumps.
  const observer = new IntersectionObserver(look, { rootMargin: "9999999px 0px -80% 0px" });
  for (const heading of headings) observer.observe(heading);
}

const main = document.querySelector("main");
main.append(status, zoom);
all("table", main).forEach(sortable);
all("figure", main).forEach(enlargeable);
if ("showPopover" in note) {
  main.append(note);
  noting();
}
const boxes = all(".scroll, .eq, pre", main);
const observer = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
boxes.forEach((box) => observer.observe(box));
document.fonts.ready.then(() => boxes.forEach(mark));
all(".toc").forEach(follow);
