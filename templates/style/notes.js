// Notes: the pointer, the focus or a tap on a value shows what the appendix says about its runs.

const note = make("div", { id: "page-note", class: "note", popover: "manual", role: "note" });
const MOST = 4;
/** @type {HTMLAnchorElement | null} */
let shown = null;
let timer = 0, touched = false;

/** @param {HTMLAnchorElement} link */
function tell(link) {
  const data = /** @type {HTMLDataElement} */ (link.parentElement);
  const targets = data.dataset.runs?.split(" ").map((key) => `run-${key}`) ?? [link.hash.slice(1)];
  const keys = targets.flatMap((target) => document.getElementById(target) ?? []);
  const runs = keys.flatMap((key) => key.closest(".run") ?? []);
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
    make("p", { class: "from" }, data.dataset.from ?? ""),
    make("dl", {}, ...facts.map(([name, fact]) => make("div", {}, make("dt", {}, name), " ", make("dd", {}, fact)))),
    make("ul", {}, ...listed),
    make("p", {}, go),
  );
}

/** @type {(run: Element, name: string) => string} */
function factOf(run, name) {
  const shared = document.querySelector(".appendix .run") ?? run;
  const term = [run, shared].flatMap((place) => all("dt", place)).find((each) => each.textContent === name);
  return term?.nextElementSibling?.textContent ?? "";
}

/** @param {HTMLAnchorElement} link */
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

/**
 * Below the value where there is room, else above it; never beyond the sides of the window.
 * @param {HTMLAnchorElement} link
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
  /** @type {(event: Event) => HTMLAnchorElement | null} */
  const value = ({ target }) => (target instanceof Element ? target.closest("data > a") : null);
  /** @type {(target: EventTarget | null) => boolean} */
  const within = (target) => target instanceof Node && note.contains(target);
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const link = value(event);
    if (link) later(() => reveal(link), 120);
    else if (within(event.target)) clearTimeout(timer);
    else later(() => shown !== document.activeElement && hide(), 250);
  });
  document.addEventListener("focusin", (event) => {
    const link = value(event);
    if (link?.matches(":focus-visible")) reveal(link);
  });
  document.addEventListener("focusout", (event) => within(event.relatedTarget) || hide());
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType !== "mouse";
    if (!within(event.target) && value(event) !== shown) hide();
  }, true);
  document.addEventListener("click", (event) => {
    const link = value(event);
    // The first tap shows the note, the second follows the link, as a click and the Enter key do.
    if (link && touched && event.detail && shown !== link) {
      event.preventDefault();
      reveal(link);
    } else if (link || within(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  // A box that scrolls takes its values away from under the note; with the page the note scrolls along.
  for (const box of all(".scroll, .eq, pre")) box.addEventListener("scroll", hide);
}
