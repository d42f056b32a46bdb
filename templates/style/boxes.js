// Boxes: what is wider than its box can be scrolled with the keyboard, and has a name for whoever hears the page.

/** @param {Element} box */
function nameOf(box) {
  if (box.matches("pre")) return say("code");
  if (box.matches(".eq")) return `${say("formula")} ${box.querySelector(".no")?.textContent ?? ""}`.trim();
  const kind = box.matches(".pan") ? "figure" : "table";
  const label = (box.closest("figure") ?? box).querySelector("figcaption .lab, caption .lab");
  return label?.textContent.replace(/\.$/, "") ?? say(kind);
}

/**
 * All are read before the first is changed, as the browser lays the page out again for whoever reads after a change.
 * @param {Element[]} boxes
 */
function mark(boxes) {
  // One pixel more is rounding, for which nothing scrolls.
  const wide = boxes.map((box) => box.scrollWidth > box.clientWidth + 1);
  for (const [place, box] of boxes.entries()) {
    box.classList.toggle("fits", !wide[place]);
    const attributes = { tabindex: "0", role: "group", "aria-label": say("scrolls", nameOf(box)) };
    for (const [name, content] of Object.entries(attributes)) {
      if (wide[place]) box.setAttribute(name, content);
      else box.removeAttribute(name);
    }
  }
}
