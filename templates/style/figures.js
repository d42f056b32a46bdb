// Figures: one dialog takes the figure that was asked for and shows it as large as the window, or larger.

const zoom = make("dialog", { class: "zoom", "aria-labelledby": "page-zoomed" });
zoom.addEventListener("click", (event) => {
  if (event.target === zoom || /** @type {Element} */ (event.target).matches(".pan")) zoom.close();
});

/** @param {HTMLElement} figure */
function illustrated(figure) {
  const picture = /** @type {HTMLElement | null} */ (figure.querySelector(":scope > img, :scope > .pan > .chart"));
  if (!picture) return;
  const caption = figure.querySelector("figcaption");
  const name = caption?.querySelector(".lab")?.textContent.replace(/\.$/, "") ?? say("figure");
  const pan = /** @type {HTMLElement | null} */ (picture.closest(".pan")) ?? make("div", { class: "pan" });
  const stage = make("div", { class: "stage" });
  const button = make("button", { type: "button", class: "enlarge", "aria-label": say("enlarge", name) });
  const frame = make("div", { class: "frame" }, stage, button);
  (pan.contains(picture) ? pan : picture).replaceWith(frame);
  pan.append(picture);
  stage.append(pan);
  const tells = telling(figure, stage, pan, name);
  scrolling(pan, stage, tells);
  const open = () => show(frame, caption, button);
  button.addEventListener("click", open);
  picture.addEventListener("click", (event) => {
    // Words may be selected, and a finger asks for a value.
    if (!getSelection()?.isCollapsed) return;
    if (zoom.open) enlarge(pan, event);
    else if (!(tells && /** @type {PointerEvent} */ (event).pointerType === "touch")) open();
  });
}

/**
 * What is wider than its box says so on the side where it goes on. What `tells` its values has a name of its own.
 * @type {(pan: HTMLElement, stage: HTMLElement, tells: boolean) => void}
 */
function scrolling(pan, stage, tells) {
  const edges = () => {
    const left = pan.scrollWidth - pan.clientWidth - pan.scrollLeft;
    stage.classList.toggle("before", pan.scrollLeft > 1);
    stage.classList.toggle("after", left > 1);
  };
  const look = () => {
    edges();
    if (!tells) mark([pan]);
  };
  new ResizeObserver(look).observe(pan);
  pan.addEventListener("contentvisibilityautostatechange", look);
  pan.addEventListener("scroll", edges, { passive: true });
}

/** @type {(frame: HTMLElement, caption: Element | null, button: HTMLElement) => void} */
function show(frame, caption, button) {
  const [stage, pan, picture] = all(".stage, .pan, .pan > :is(.chart, img)", frame);
  const { width, height } = picture.getBoundingClientRect();
  frame.style.height = `${stage.offsetHeight}px`; // what is below stays where it is
  pan.style.setProperty("--ratio", String(width / height || 1));
  const text = make("p", { id: "page-zoomed" }, ...(caption?.cloneNode(true).childNodes ?? [say("figure")]));
  for (const link of all("a", text)) link.replaceWith(...link.childNodes);
  const larger = make("button", { type: "button", class: "larger", "aria-pressed": "false" }, say("larger"));
  larger.addEventListener("click", () => enlarge(pan));
  const close = make("button", { type: "button", class: "close" }, say("close"));
  close.addEventListener("click", () => zoom.close());
  zoom.replaceChildren(make("div", { class: "bar" }, text, larger, close), stage);
  // Not in the style: the checker of pages doesn't know containers yet.
  stage.style.setProperty("container-type", "size");
  pan.style.setProperty("--fit", "min(100cqw, var(--ratio) * 100cqh)");
  zoom.addEventListener("close", () => {
    pan.classList.remove("large");
    stage.style.removeProperty("container-type");
    frame.prepend(stage);
    frame.style.height = "";
    button.focus();
  }, { once: true });
  zoom.showModal();
}

/** @type {(pan: HTMLElement, event?: MouseEvent) => void} */
function enlarge(pan, event) {
  const picture = /** @type {Element} */ (pan.firstElementChild);
  const before = picture.getBoundingClientRect();
  const x = event ? (event.clientX - before.left) / before.width : 0.5;
  const y = event ? (event.clientY - before.top) / before.height : 0.5;
  const isLarge = pan.classList.toggle("large");
  zoom.querySelector(".larger")?.setAttribute("aria-pressed", String(isLarge));
  const { width, height } = picture.getBoundingClientRect();
  pan.scrollTo(x * width - pan.clientWidth / 2, y * height - pan.clientHeight / 2);
}
