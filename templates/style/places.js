// Places: what a link leads to is unfolded and takes the keyboard; going back gives it to the link again.

/** @type {HTMLElement[]} */
const followed = [];

/** @param {Element | null} target */
function unfold(target) {
  const run = target?.closest("tbody.run");
  if (run?.querySelector("[hidden]")) run.querySelector(".unfold")?.dispatchEvent(new Event("click"));
}

/**
 * At a run, its whole entry is shown, and the keyboard goes on at its name: the key alone would say little.
 * @param {HTMLElement} target
 */
function arrive(target) {
  const run = target.closest("tbody.run");
  if (run) {
    run.scrollIntoView();
    all(".unfold", run)[0].focus({ preventScroll: true });
    return;
  }
  if (!target.hasAttribute("tabindex")) {
    target.setAttribute("tabindex", "-1");
    target.addEventListener("blur", () => target.removeAttribute("tabindex"), { once: true });
  }
  target.focus({ preventScroll: true });
}

function keepPlaces() {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const target = link?.getAttribute("href")?.startsWith("#") ? namedBy(link) : null;
    if (!link || !target || event.defaultPrevented) return;
    unfold(target);
    history.replaceState({ followed: followed.push(shownFrom(link)) - 1 }, "");
    // After the browser has gone there.
    setTimeout(() => arrive(target));
  });
  addEventListener("popstate", (event) => followed[event.state?.followed]?.focus());
  const begun = location.hash ? namedBy(make("a", { href: location.hash })) : null;
  unfold(begun);
  // The browser goes there itself once all is read.
  if (begun?.closest("tbody.run")) addEventListener("load", () => setTimeout(() => arrive(begun)));
}

/**
 * A link in a note stands for the one that the note is of.
 * @param {HTMLElement} link
 */
const shownFrom = (link) => (note.contains(link) && shown) || link;

/**
 * The rest of an entry of the appendix folds behind its name, and opens where the browser finds a word in it.
 * @param {HTMLTableSectionElement} run
 */
function openable(run) {
  const name = run.rows[0].cells[0], facts = /** @type {HTMLElement} */ (run.querySelector(".facts"));
  const button = make("button", { type: "button", class: "unfold", "aria-expanded": "false" }, ...name.childNodes);
  const open = (/** @type {boolean} */ isOpen) => {
    if (isOpen) facts.removeAttribute("hidden");
    else facts.setAttribute("hidden", "until-found");
    button.setAttribute("aria-expanded", String(isOpen));
  };
  name.append(button);
  open(false);
  button.addEventListener("click", () => open(facts.hasAttribute("hidden")));
  facts.addEventListener("beforematch", () => open(true));
}

/**
 * A heading ends with a link to itself, which a click copies. With the keyboard the contents have the same link.
 * @param {HTMLElement} heading
 */
function linkable(heading) {
  const link = make("a", { class: "anchor", href: `#${heading.id}`, tabindex: "-1", "aria-hidden": "true" }, "#");
  link.addEventListener("click", () => copy(link.href));
  heading.append(link);
}

/** @param {HTMLElement} shown */
function copier(shown) {
  const button = make("button", { type: "button", class: "copy" }, say("copy"));
  button.addEventListener("click", () => copy(shown.textContent, shown));
  return button;
}

/**
 * Where the browser refuses to copy, the text is selected where it is shown.
 * @param {string} text
 * @param {HTMLElement} [shown]
 */
async function copy(text, shown) {
  announcement.textContent = "";
  try {
    await navigator.clipboard.writeText(text);
    announcement.textContent = say("copied");
  } catch {
    if (shown) getSelection()?.selectAllChildren(shown);
  }
}
