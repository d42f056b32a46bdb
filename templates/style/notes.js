// Notes: the pointer, the focus or a tap on a value shows what the appendix says of it; on a name of a figure, table,
// equation, reference or footnote, what it names.

const note = make("div", { id: "page-note", class: "note", popover: "manual", role: "note" });
const MOST = 4;
const PREVIEWED = "figure, table, .eq, .csl-entry, .theorem, .lemma, .proposition, .corollary, .definition, .example";
/** @type {HTMLElement | null} */
let shown = null;
let timer = 0, touched = false;

/** @type {(link: HTMLElement) => (HTMLElement | undefined)[]} */
function toldBy(link) {
  if (link.parentElement instanceof HTMLDataElement) return aboutValue(link.parentElement);
  if (link.matches(".fnref")) return [make("p", {}, ...copyOf(/** @type {HTMLElement} */ (link.nextElementSibling)).childNodes)];
  const named = namedBy(link);
  if (!named?.matches(PREVIEWED)) return [];
  return [make("div", { class: "preview" }, copyOf(named))];
}

/** @param {HTMLElement} link */
const namedBy = (link) => document.getElementById(decodeURIComponent(link.getAttribute("href")?.slice(1) ?? ""));

/**
 * A copy without what only the original can do. Its drawings still use the original's parts.
 * @param {HTMLElement} block
 */
function copyOf(block) {
  const copy = /** @type {HTMLElement} */ (block.cloneNode(true));
  for (const control of all(".enlarge, .uses, .tip, .spot", copy)) control.remove();
  for (const control of all("a, button", copy)) control.replaceWith(...control.childNodes);
  for (const each of [copy, ...all("[id], [tabindex]", copy)]) {
    each.removeAttribute("id");
    each.removeAttribute("tabindex");
  }
  return copy;
}

/**
 * Counts have all their digits, what was measured six: more say nothing.
 * @param {number} number
 */
const digits = (number) =>
  String(Number.isInteger(number) ? number : Number(number.toPrecision(6))).replace(".", WORDS.decimal);

/** @param {HTMLDataElement} data */
function aboutValue(data) {
  const { from = "", runs = "", part, interval, seeds } = data.dataset;
  const link = /** @type {HTMLAnchorElement} */ (data.querySelector("a"));
  const targets = runs ? runs.split(" ").map((key) => `run-${key}`) : [link.hash.slice(1)];
  const keys = targets.flatMap((target) => document.getElementById(target) ?? []);
  const entries = [...new Set(keys.flatMap((key) => key.closest(".run") ?? []))];
  const facts = [[say("value"), digits(Number(data.value))]];
  if (interval) facts.push([say("interval"), interval]);
  if (seeds) facts.push([say("mean"), say("over_seeds", seeds)]);
  for (const name of [say("data"), say("profile"), say("day")]) {
    const found = new Set(entries.map((entry) => factOf(entry, name)).filter(Boolean));
    if (found.size) facts.push([name, [...found].join(", ")]);
  }
  const listed = keys.slice(0, MOST).map((key) =>
    make("li", {}, `${key.title} `, make("code", {}, key.textContent)));
  if (keys.length > MOST) listed.push(make("li", {}, say("more", keys.length - MOST)));
  const commands = entries.slice(0, MOST).flatMap((entry) => entry.querySelector(".command")?.textContent ?? []);
  return [
    part ? make("p", {}, say(`part_${part}`)) : undefined,
    ...from.split(", ").map((name) => make("p", {}, ...meaning(name))),
    make("dl", {}, ...facts.map(([name, fact]) => make("div", {}, make("dt", {}, name), " ", make("dd", {}, fact)))),
    ...commands.map((command) => make("code", {}, command)).map((code) => make("p", {}, code, " ", copier(code))),
    make("p", {}, make("a", { href: link.hash, tabindex: "-1" }, say("to_run"))),
    make("ul", {}, ...listed),
  ];
}

/**
 * What the metric `name` is, in words, and its name.
 * @param {string} name
 */
function meaning(name) {
  const words = document.querySelector(`[data-metric="${CSS.escape(name)}"]`)?.textContent;
  return words ? [make("strong", {}, words), ` (${name})`] : [make("strong", {}, name)];
}

/** @type {(entry: Element, name: string) => string} */
function factOf(entry, name) {
  const shared = document.querySelector(".appendix section.run") ?? entry;
  const term = [entry, shared].flatMap((place) => all("dt", place)).find((each) => each.textContent === name);
  return term?.nextElementSibling?.textContent ?? "";
}

/** @param {HTMLElement} link */
function reveal(link) {
  clearTimeout(timer);
  if (shown === link) return;
  hide();
  const parts = toldBy(link).filter((part) => part !== undefined);
  if (!parts.length) return;
  note.replaceChildren(...parts);
  // Tab goes from the link to what can be done in its note, and from there on behind the link.
  note.showPopover(note.querySelector(".copy") ? { source: link } : {});
  place(link);
  // What is long to hear is told by its own place, to which the link leads.
  if (!note.querySelector(".preview figure, .preview table, .preview .eq")) link.setAttribute("aria-describedby", note.id);
  shown = link;
}

/**
 * Below the link where there is room, else above it; never beyond the sides of the window.
 * @param {HTMLElement} link
 */
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

/** @type {(act: () => void, delay: number) => void} */
function later(act, delay) {
  clearTimeout(timer);
  timer = setTimeout(act, delay);
}

function noting() {
  /** @type {(target: EventTarget | null) => boolean} */
  const within = (target) => target instanceof Node && note.contains(target);
  /** @type {(event: Event) => HTMLElement | null} */
  const asked = ({ target }) => target instanceof Element && !within(target)
    ? target.closest("main a[href^='#'], .abstract a[href^='#'], .fnref") : null;
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const link = asked(event);
    if (link) later(() => reveal(link), 120);
    else if (within(event.target)) clearTimeout(timer);
    else later(() => shown !== document.activeElement && hide(), 250);
  });
  document.addEventListener("focusin", (event) => {
    const link = asked(event);
    if (link?.matches(":focus-visible")) reveal(link);
  });
  document.addEventListener("focusout", (event) => within(event.relatedTarget) || hide());
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType !== "mouse";
    if (!within(event.target) && asked(event) !== shown) hide();
  }, true);
  document.addEventListener("click", (event) => {
    const link = asked(event);
    // The first tap shows the note, the second follows the link, as a click and the Enter key do.
    if (link?.matches("a") && touched && event.detail && shown !== link) {
      reveal(link);
      if (shown === link) event.preventDefault();
    } else if (link) hide();
  }, true);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  // A box that scrolls takes its values away from under the note; with the page the note scrolls along.
  for (const box of all(".scroll, .eq, pre")) box.addEventListener("scroll", hide);
}

/**
 * A footnote folds behind its mark, which shows it as a note, and where it stands when it is clicked on.
 * @type {(footnote: HTMLElement, index: number) => void}
 */
function markable(footnote, index) {
  const button = make("button", { type: "button", class: "fnref", "aria-expanded": "false" }, String(index + 1));
  button.setAttribute("aria-label", say("footnote", index + 1));
  button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(footnote.classList.toggle("open")));
  });
  footnote.before(button);
}
