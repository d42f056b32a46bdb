// Figures: one dialog shows the one that was asked for, as large as the window, or larger and to be moved about.

const zoom = make("dialog", { class: "zoom", "aria-labelledby": "page-zoomed" });
zoom.addEventListener("click", (event) => event.target === zoom && zoom.close());

/** @param {HTMLElement} figure */
function enlargeable(figure) {
  const image = /** @type {HTMLImageElement | null} */ (figure.querySelector(":scope > img"));
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

/** @type {(image: HTMLImageElement, caption: Element | null) => void} */
function show(image, caption) {
  const larger = /** @type {HTMLImageElement} */ (image.cloneNode());
  larger.removeAttribute("style"); // its width on the page
  larger.style.setProperty("--ratio", String(image.naturalWidth / image.naturalHeight || 1));
  const sheet = make("div", { class: "sheet", tabindex: "0", role: "group", "aria-label": say("enlarged") }, larger);
  const text = make("p", { id: "page-zoomed" }, ...(caption?.cloneNode(true).childNodes ?? [say("figure")]));
  for (const link of all("a", text)) link.replaceWith(...link.childNodes);
  const close = make("button", { type: "button", class: "close" }, say("close"));
  close.addEventListener("click", () => zoom.close());
  sheet.addEventListener("click", () => zoom.close());
  zoom.replaceChildren(make("div", { class: "bar" }, text, close), sheet);
  zoom.showModal();
}
