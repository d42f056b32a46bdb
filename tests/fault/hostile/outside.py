"""Text from outside (titles, labels, classes, units, alternative texts): it stays text, and is no template."""

import dataclasses
from collections.abc import Callable, Mapping

from tests.fault.hostile.page import FIGURE, HTTP, SECRET, Bait, Page
from tests.report.conftest import Desk

TEXTS = {
    "a script": "<script>alert(1)</script>",
    "an image": f'<img src="{HTTP}/x" onerror="alert(1)">',
    "an end of everything": '"></title></style></p><script>alert(1)</script>',
    "a template": "{{7*7}} {% include 'page.html' %}",
    "a template of ours": "<< 7*7 >> <% include 'x' %> <# x #>",
    "Markdown": f"![x]({HTTP}/x) [x](javascript:alert(1)) **x** `x` $x$",
    "a raw span": "`<b>`{=html} [x]{onclick=alert(1)}",
    "metadata": f"--- bibliography: {SECRET} ---",
    "entities": "&lt;b&gt; &amp; &#60;script&#62;",
    "a citation and a note": "[@knuth1984] [^1] [](#sec-a)",
    "formats": "{0.__class__} %s %(x)s ${HOME} $(id) `id`",
    "private characters": "\ue000 0 \ue001",
}
BODY = """
# Of << title("net") >>

<< title("net") >> on << images_label("net") >>: << element("facts.names", 0) >>, << value("net.accuracy") >>,
<< parameter("net", "widths") >>. [](#tbl-a)

| << title("net") >> |
|---|
| << images_label("net") >> |

: Of << title("net") >>. {#tbl-a}

<< figure("net.curves", caption="On " ~ title("net")) >>
"""


def from_outside(text: str) -> Callable[[Desk, Bait], None]:
    """Return what puts `text` wherever a run or an experiment brings some."""

    def make(desk: Desk, bait: Bait) -> None:
        told = bait.into(text)
        desk.experiments["net"] = dataclasses.replace(desk.experiments["net"], title=told)
        desk.runs.pop("net")
        data = {"name": told, "label": told, "origin": "drawn"}
        recipe = {"parameters": {"epochs": 3, "widths": [told], "augment": told}}
        environment = {"python": told, told: "3"}
        stored = {"data": data, "recipe": recipe, "environment": environment, "overrides": {"epochs": told}}
        accepted = [{"reason": told, "when": "2026-11-22T10:00:00Z", "from": told, "changes": [told]}]
        desk.store("net", {"accuracy": (0.5, told)}, accepted=accepted, **stored)
        desk.store("facts", {"sum": (45, "count")}, arrays={"names": [told]})
        desk.draw("net", "curves", alt=told)
        desk.write(BODY)

    return make


def setting(text: str) -> Callable[[Desk, Bait], None]:
    """Return what puts `text` into the settings."""

    def make(desk: Desk, bait: Bait) -> None:
        told = bait.into(text)
        settings = dataclasses.replace(desk.project.settings, author=told, id=told, course=told)
        desk.project = dataclasses.replace(desk.project, settings=settings)
        desk.write("Text")

    return make


def heading(text: str) -> Callable[[Desk, Bait], None]:
    """Return what puts `text` into the titles of the front matter, which are Markdown."""

    def make(desk: Desk, bait: Bait) -> None:
        front = "".join(f"{key} = '''{bait.into(text)}'''\n" for key in ("title", "subtitle", "kicker"))
        desk.write("Text", front=f"+++\n{front}+++\n")

    return make


def unit(text: str) -> Callable[[Desk, Bait], None]:
    """Return what gives a scalar that is shown in a formula this unit."""

    def make(desk: Desk, bait: Bait) -> None:
        desk.runs.pop("net")
        desk.store("net", {"accuracy": (0.5, bait.into(text))})
        desk.write('A $<< value("net.accuracy") >>$ b.')

    return make


UNITS = {
    "an end of the text": r"} \href{javascript:alert(1)}{x} \text{",
    "a command": rf"\input{{{SECRET}}}",
    "an end of the formula": r"$ <script>alert(1)</script> $",
    "special characters": "a_b^c%d#e&f~g",
}
# A replacement of our own delimiters is what a front matter is rendered with, so these are not asked to stay.
SETTINGS: Mapping[str, str] = {name: text for name, text in TEXTS.items() if "<<" not in text and name[:3] != "pri"}
# What is Markdown in a title, and leads nowhere.
REFUSED = {"Markdown": "it is outside the project", "a citation and a note": "unknown note"}


def pages() -> list[Page]:
    found = []
    for name, text in TEXTS.items():
        shows = "" if name.startswith("private") else text
        found.append(Page(f"outside: {name}", from_outside(text), None, shows, ("html", "pdf")))
    found += [Page(f"settings: {name}", setting(text), None, text, ("html", "pdf")) for name, text in SETTINGS.items()]
    # Quotes, dashes and code of a title are set as such, so its text isn't shown as it is.
    found += [
        Page(f"title: {name}", heading(text), REFUSED.get(name), formats=("html", "pdf"))
        for name, text in SETTINGS.items()
    ]
    found += [Page(f"unit: {name}", unit(text), formats=("html", "pdf")) for name, text in UNITS.items()]
    return [*found, *_failures()]


def _failures() -> list[Page]:
    """A reason why there is no result is shown in a draft, and said in an error."""

    def make(desk: Desk, bait: Bait) -> None:
        desk.missing["idle"] = f"failed: <script>alert(1)</script> {{{{7*7}}}} [x]({bait.address}/x)"
        desk.write(f'Text << value("idle.accuracy") >>\n\n{FIGURE}')

    return [Page("outside: the message of a failure", make, "no result of idle: failed: <script>")]
