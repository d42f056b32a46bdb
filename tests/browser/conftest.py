"""One rich page in a real browser. Skipped, with the reason, where no Chromium is found or may be started."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.report.conftest import PAPER, declare, furnish

Open = Callable[..., Page]
SCROLLED = """box => new Promise((done) => {
    const tell = () => done(box.scrollLeft);
    if (box.scrollLeft) tell();
    box.addEventListener("scroll", tell, { once: true });
    setTimeout(tell, 5000);
})"""
RICH = (
    PAPER
    + r"""
## More tables {#sec-more}

| Model | Score | Size, as in [](#eq-size) |
|:------|------:|-----:|
| net 10 | << value("more.high")|percent >> ± << value("more.low")|percent >> | << value("net.weights")|integer >> |
| net 2 | << value("more.low")|percent >> (<< value("more.lower")|percent >>–<< value("more.high")|percent >>) | 20 |
| other | not measured | 3 |
| another | << value("more.high")|percent >> | 1,000 |

: What sorts in more than one way. {#tbl-sorted .wide}

| $p$ | Another column | A third column | A fourth column | A fifth column | A sixth column | A seventh column |
|:---|---:|---:|---:|---:|---:|---:|
| wide | 1000000000 | 1000000000 | 1000000000 | 1000000000 | 1000000000 | << value("facts.sum") >> |
| wider | 1000000000 | 1000000000 | 1000000000 | 1000000000 | 1000000000 | << value("facts.sum") >> |

: What no phone can show at once, with a caption that is longer than a phone is wide. {#tbl-broad}

> Quoted with `code`, a list and **strong** words.

1. One
2. Two with a [link](#sec-theory)

$$ a + b + c + d + e + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + x + y + z = 0 $$ {#eq-long}

```python
def a_function_with_a_long_name(first_argument, second_argument="a string", third=3.14):  # a remark that is long
    return None if first_argument else import_module("math").sqrt(third)
```

### Deep in the text {#sec-deep}

<< figure("net.curves", caption="Wide, of $x^2$ at " ~ value("more.high")|percent, label="fig-wide", wide=true) >>
"""
    + "\n\nThe seeds differ by << value('net.accuracy').spread|percentage >> points.\n"
    + "\n\nOne more paragraph with << value('net.accuracy')|percent >>.\n" * 12
)


def scrolled_by_key(box: Locator) -> int:
    """Press the right arrow in `box` and return how far it then has scrolled, in pixels."""
    box.press("ArrowRight")
    distance: int = box.evaluate(SCROLLED)
    return distance


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with one of everything that a report may hold."""
    desk = furnish(tmp_path_factory.mktemp("rich"))
    more = {"accuracy": (0.75, "fraction"), "loss": (0.6, ""), "weights": (1791786, "count"), "time": (190.0, "s")}
    desk.store("net", more, seed=1)
    desk.experiments["more"] = declare("more", "More values", "low", "lower", "high")
    desk.store("more", {"low": (0.099, "fraction"), "lower": (0.081, "fraction"), "high": (0.912, "fraction")})
    desk.write(RICH)
    return desk.build(formats=("html",)).paths[0].as_uri()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Open the page as some reader would. It may ask for nothing and complain of nothing, whatever the test does."""
    contexts, asked, told = [], [], []

    def opened(width: int = 1280, height: int = 900, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(error.message))
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url[:80] for url in asked if not url.startswith("data:") and url.partition("#")[0] != address] == []
    assert told == []
