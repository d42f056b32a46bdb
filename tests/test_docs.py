"""What README and guides say is so: each command and snippet runs as it stands, and what is made is up to date."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from docs import blocks, commands
from docs.blocks import ROOT, Block, Reader
from report_cli import project as projects
from report_cli.figures import style
from report_cli.project import Project, Settings
from report_cli.report.text import manuscript
from report_cli.report.text.context import Context
from tests.conftest import Command

DOCS = ROOT / "docs"
KINDS = {"console", "markdown", "python", "sh", "text", "toml"}
# What is code in Markdown: blocks, and spans in a line.
CODE = re.compile(r"^(`{3,})(?s:.*?)^\1$|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)", re.MULTILINE)
SETTINGS = [block for page in blocks.PAGES for block in blocks.blocks(page) if block.language == "toml"]
# What the templates of the guide for authors ask for.
TOYS = """
import numpy as np
from matplotlib.figure import Figure

import report_cli as report

METRICS = {
    "test_images": report.Metric("count", "images"),
    "test_accuracy": report.Metric("fraction", "test images named right", of="test_images"),
    "test_loss": report.Metric("", "loss on them"),
    "parameters": report.Metric("count", "parameters"),
}


def draw(results, figures):
    figures.add("curves", Figure(figsize=(2, 1)), alt="Nothing.")


def toy(params, record):
    right = params.accuracy + [0.01, -0.01, 0.0][record.seed]
    record(test_images=1000, test_accuracy=right, test_loss=1 - right, parameters=100)


for place, name in enumerate(["cifar-control", "cifar-inception", "a", "b", "slow", "fast"]):
    accuracy = {"accuracy": 0.5 + place / 20}
    report.experiment(
        name, title=name, metrics=METRICS, profiles=accuracy, seeds=3, figures=("curves",), draw=draw
    )(toy)
"""


def named(language: str, page: str = "writing.md") -> list[Block]:
    """The blocks of a page in one language that can be run."""
    return [each for each in blocks.blocks(DOCS / page) if each.language == language and not each.why_not]


def titled(title: str) -> str:
    """The file of that name that the guide for authors shows."""
    return next(each.text for each in blocks.blocks(DOCS / "writing.md") if each.title == title)


def assert_shown(reader: Reader, page: Path) -> None:
    for block, printed in reader.follow(blocks.blocks(page)):
        assert blocks.matches(block.text, printed), f"{block.where} shows something else than\n{printed}"


@pytest.mark.parametrize("page", blocks.PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    """No block escapes these tests: each has a language that they know, or a remark that says why it isn't run."""
    found = blocks.blocks(page)
    assert {each.language for each in found} <= KINDS
    fences = re.findall(r"^```", re.sub(r"^````.*?^````", "```\n```", page.read_text(), flags=re.M | re.S), re.M)
    assert len(fences) == 2 * len(found)


def test_few_blocks_are_only_shown() -> None:
    """At most one block in six is not run."""
    found = [block for page in blocks.PAGES for block in blocks.blocks(page)]
    assert 6 * sum(bool(each.why_not) for each in found) <= len(found)


def test_pages_lead_to_what_exists() -> None:
    """Links and pictures of README and guides are files here, and their anchors headings of the page they lead to."""
    for page in blocks.PAGES:
        text = CODE.sub("", page.read_text(encoding="utf-8"))
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", text):
            if not target.startswith("https://"):
                path = page.parent / target if target else page
                assert path.is_file(), f"{page.name}: {target}"
                assert not anchor or anchor in headings(path), f"{page.name}: {target}#{anchor}"


@pytest.mark.parametrize("page", blocks.PAGES, ids=lambda page: page.name)
def test_no_code_ends_a_cell(page: Path) -> None:
    """No code in a table has a bar, which readers of Markdown take in more than one way."""
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert [row for row in rows if any("|" in span[0] for span in CODE.finditer(row))] == []


def headings(page: Path) -> set[str]:
    """The anchors that the headings of a page have on its site."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_the_site_builds(tmp_path: Path) -> None:
    """MkDocs makes a site of the guides without a warning, where it is installed (`make docs`)."""
    pytest.importorskip("mkdocs")
    Reader(tmp_path).type(f"cd {ROOT} && mkdocs build --strict --site-dir {tmp_path}", "mkdocs.yml")
    assert (tmp_path / "tutorial" / "index.html").is_file()


def test_a_new_user_gets_through_the_tutorial(tmp_path: Path) -> None:
    """In a fresh folder every step of it works and prints what it shows; so do the pages that go on from there."""
    reader = Reader(tmp_path)
    assert_shown(reader, DOCS / "tutorial.md")
    shown = [block for block in blocks.blocks(DOCS / "templates.md") if not block.why_not]
    for block, outcome in zip(shown, blocks.outcomes(reader, shown), strict=True):
        assert block.outcome == outcome, block.where
    assert_shown(reader, DOCS / "troubleshooting.md")


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "running.md"], ids=lambda page: page.name)
def test_commands_run_in_this_project(page: Path, tmp_path: Path) -> None:
    """The commands of pages about this project run in it."""
    reader = Reader(tmp_path)
    reader.here = ROOT
    assert list(reader.follow(each for each in blocks.blocks(page) if each.language == "sh")) == []


def test_the_notebook_runs(tmp_path: Path) -> None:
    """What is shown of Python runs in a new project."""
    pytest.importorskip("pandas")
    reader = Reader(tmp_path)
    reader.type("report new new && cd new", "api.md")
    scripts = named("python", "api.md")
    assert len(scripts) == 1
    assert list(reader.follow(scripts)) == []
    assert (reader.here / "build" / "report" / "report.html").is_file()


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.where)
def test_settings_are_read(block: Block, tmp_path: Path) -> None:
    """Each piece of settings is one that the program takes."""
    text = block.text if "[tool.report" in block.text else f"[tool.report]\n{block.text}"
    (tmp_path / "pyproject.toml").write_text(text)
    assert projects.find(tmp_path).settings != Settings()


def test_every_setting_and_variable_is_described() -> None:
    """The page of settings has every key of [tool.report] and every variable of the environment that is our own."""
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "report_cli").rglob("*.py"))
    for name in [*(each.name for each in fields(Settings)), *re.findall(r'"(REPORT_(?!COMPLETE)[A-Z]+)"', code)]:
        assert f"`{name}`" in text, name


def test_the_reference_has_all_that_a_template_may_ask_for(project: Project) -> None:
    """The page of templates names every function, and every filter that writes a number."""
    text = (DOCS / "templates.md").read_text(encoding="utf-8")
    environment = manuscript._Author(project, Context({}, None)).environment
    own = {"percent", "decimals", "integer", "scientific", "duration"}
    assert own < environment.filters.keys()
    for name in (environment.globals.keys() | own) - {"range"}:
        assert re.search(rf"`{name}[`( ]", text), name


def test_the_legend_of_the_tutorial_hides_no_leaf() -> None:
    """It stands outside the axes and within the figure."""
    (text,) = (each.text for each in blocks.blocks(DOCS / "tutorial.md") if each.title == "experiments/leaves.py")
    module: dict[str, Any] = {"__name__": "leaves"}
    exec(text, module)
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 2, (2, 100))
    arrays = {"sizes": rng.normal((77, 44), 6, (100, 2)), "test_labels": labels, "test_predicted": predicted}
    drawn: list[Figure] = []
    with style.style():
        module["draw"](
            SimpleNamespace(run=lambda **_: SimpleNamespace(array=arrays.__getitem__)),
            SimpleNamespace(add=lambda name, figure, alt: drawn.append(figure)),
        )
    style.lay_out(drawn[0])
    (legend,), (axes,) = drawn[0].legends, drawn[0].axes
    assert not legend.get_window_extent().overlaps(axes.bbox)
    assert drawn[0].bbox.contains(*legend.get_window_extent().max)


def test_the_page_of_commands_is_up_to_date() -> None:
    """It says what `--help` says: `python -m docs.renew` makes it anew."""
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == commands.page()


def test_help_fits_every_project() -> None:
    """What not every project has is spoken of by the option for it alone: images, and the task of homework4."""
    told = [line for line in commands.page().splitlines() if re.search(r"\bimages\b|assignment|protocol", line)]
    assert {line.split("`")[1] for line in told} == {"--data FOLDER"}


def test_readme_and_guide_show_one_table_of_faults() -> None:
    """What was tried to break the program is the same on both pages."""
    first, second = (
        [line for line in page.read_text(encoding="utf-8").splitlines() if line.count("|") == 4]
        for page in (ROOT / "README.md", DOCS / "robustness.md")
    )
    assert len(first) > 10
    assert first == second


def test_the_citation_is_of_this_version() -> None:
    """CITATION.cff and the package have one version and one licence, beside that of the fonts."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    assert {f"version: {about['version']}", f"license: {about['license'].removesuffix(' AND OFL-1.1')}"} <= set(lines)


def test_the_first_example_is_short() -> None:
    """What an author writes for a network is at most 25 lines."""
    assert len(titled("experiments/birds.py").splitlines()) <= 25


def test_the_example_with_keras_runs(project: Project, write: Callable[[str, str], Path], report: Command) -> None:
    """It trains on a folder of pictures, and its curves and confusion matrix are drawn."""
    pytest.importorskip("keras")
    write("experiments/birds.py", titled("experiments/birds.py"))
    rng = np.random.default_rng(0)
    for number in range(40):
        part, kind = ("train", "test")[number >= 30], ("robin", "wren")[number % 2]
        path = project.root / "pictures" / part / kind / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
    done = report("run", "birds", "--profile", "smoke", "--data", "pictures")
    assert done.returncode == 0, done.stderr
    assert {path.name.split(".")[0] for path in project.figures.rglob("*.svg")} == {
        "curves",
        "confusion",
        "reliability",
        "errors",
    }


def test_the_example_without_keras_runs(project: Project, write: Callable[[str, str], Path], report: Command) -> None:
    """It sweeps a grid with several seeds over a CSV file, and draws it."""
    pytest.importorskip("sklearn")
    write("experiments/forest.py", titled("experiments/forest.py"))
    rows = [f"{x},{x % 7},{'red' if x % 7 > 3 else 'white'}" for x in range(60)]
    write("data/wines.csv", "\n".join(["acid,sugar,kind", *rows]))
    done = report("run", "forest", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert len(list(project.runs.rglob("measured.json"))) == 6 * 2
    assert {path.name.split(".")[0] for path in project.figures.rglob("*.svg")} == {"accuracy"}


def test_the_example_of_a_test_passes(tmp_path: Path) -> None:
    """It holds in the project that `report new` makes."""
    reader = Reader(tmp_path)
    reader.type("report new new && cd new", "writing.md")
    (reader.here / "tests" / "test_pi.py").write_text(titled("tests/test_pi.py"))
    reader.type("python -m pytest -q -p no:cacheprovider tests/test_pi.py", "writing.md")


def test_the_templates_of_the_guide_render(
    project: Project, write: Callable[[str, str], Path], report: Command
) -> None:
    """All of them build in one document, and the document that it shows does."""
    write("experiments/toys.py", TOYS)
    write("templates/references.bib", "")
    (project.root / "images").mkdir()
    Image.new("RGB", (8, 8)).save(project.root / "images" / "bench.jpg")
    write("templates/answers/q01-convolution.md", "It is << value('a.test_loss') >>.")
    # What an appendix is comes last in a document.
    pieces = sorted((each for each in named("markdown") if not each.title), key=lambda block: ".appendix" in block.text)
    assert len(blocks.outcomes(Reader(project.root), pieces)) == len(pieces)
    write("templates/documents/homework4.md", titled("templates/documents/homework4.md"))
    done = report("build", "homework4", "--to", "html")
    assert done.returncode == 0, done.stderr
