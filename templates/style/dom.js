// What the page does beyond being read. Its scripts stand in one block, this one first and page.js last.
// Without them everything can still be read. They ask for nothing and store nothing.
// WORDS, which the program puts before them, has the words of the page's language.

/** @type {(selector: string, root?: ParentNode) => HTMLElement[]} */
const all = (selector, root = document) => [...root.querySelectorAll(/** @type {"div"} */ (selector))];

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, content] of Object.entries(attributes)) element.setAttribute(name, content);
  element.append(...children);
  return element;
}

/** @type {(meaning: string, ...parts: (string | number)[]) => string} */
const say = (meaning, ...parts) => WORDS[meaning].replace(/\{\}/g, () => String(parts.shift()));
