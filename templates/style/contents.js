// Contents: they show where the reader is.

/** @param {HTMLElement} contents */
function follow(contents) {
  const links = /** @type {HTMLAnchorElement[]} */ (all("a", contents));
  const target = (/** @type {HTMLAnchorElement} */ link) =>
    document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const linkTo = new Map(links.map((link) => [target(link), link]));
  const headings = links.flatMap((link) => target(link) ?? []);
  const look = () => {
    const read = headings.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 5);
    const current = read && linkTo.get(read);
    for (const link of links) link.removeAttribute("aria-current");
    current?.setAttribute("aria-current", "location");
    if (current) contents.scrollTop = current.offsetTop - contents.clientHeight / 2;
  };
  // Told whenever a heading comes above that line or goes below it, however far the reader jumps.
  const observer = new IntersectionObserver(look, { rootMargin: "9999999px 0px -80% 0px" });
  for (const heading of headings) observer.observe(heading);
}
