"""`report verify FILE.pdf`, as someone else calls it: with the file, and a copy of the project."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pikepdf
import pytest

from report_cli import api
from report_cli.report.pdf import content
from report_cli.store import manifest as manifests
from report_cli.store.manifest import Acceptance, Commit
from tests.conftest import Command, edit


@pytest.fixture
def pdf(folder: Path) -> Path:
    """Return the PDF of the new project."""
    return folder / "build" / "report" / "report.pdf"


def test_a_report_is_verified_value_by_value(program: Command, pdf: Path) -> None:
    """Each value has a verdict and what it rests on; what no prediction shows is unverified until measured again."""
    done = program("verify", str(pdf), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["verdict"] == "verified"
    assert told["unverified"] == ["pendulum", "pi"]
    assert {(value["verdict"], value["rests_on"]) for value in told["values"]} == {("verified", "stored")}
    again = program("verify", str(pdf), "--retrain", "pi", "--json")
    assert again.returncode == 0, again.stderr
    assert {value["rests_on"] for value in json.loads(again.stdout)["values"]} == {"retrained", "stored"}
    assert program("verify", str(pdf), "--retrain", "pj").returncode == 2


def test_views_are_verified(program: Command, pdf: Path) -> None:
    """The files for students, which name no runs of the answers, and for graders are verified; drafts are not."""
    for view in ("student", "grader"):
        assert program("build", "report", "--view", view, "--to", "pdf").returncode == 0
        done = program("verify", str(pdf.with_name(f"report.{view}.pdf")))
        assert done.returncode == 0, done.stderr
    assert program("build", "report", "--draft", "--to", "pdf").returncode == 0
    refused(program("verify", str(pdf)), "is a draft")
    assert program("build", "report", "--to", "pdf").returncode == 0


def test_a_project_stays_as_it_was(program: Command, folder: Path, pdf: Path) -> None:
    """Verifying, and measuring again for it, leave no run, page or figure behind."""

    def there() -> dict[str, bytes]:
        kinds = ("runs", "report", "figures")
        paths = [path for kind in kinds for path in (folder / "build" / kind).rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in paths if path.suffix != ".lock"}

    before = there()
    assert program("verify", str(pdf), "--retrain", "pi").returncode == 0
    assert there() == before
    assert not [path for path in (folder / "build" / "tmp").glob("*") if path.is_dir()]


def test_what_is_no_report_is_refused_in_a_sentence(
    program: Command, folder: Path, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is foreign, broken, encrypted, huge, of another project or not there: exit 1, one sentence."""
    foreign, encrypted, broken, text = (folder / f"{name}.pdf" for name in ("foreign", "encrypted", "broken", "text"))
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(foreign)
    with pikepdf.open(pdf) as document:
        document.save(encrypted, encryption=pikepdf.Encryption(owner="o", user="u"))
    whole = pdf.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    text.write_text("# A report")
    cases = {
        foreign: "carries no provenance.json",
        encrypted: "is encrypted",
        broken: "broken.pdf",
        text: "is no whole PDF",
        folder / "nowhere.pdf": "can't be read",
    }
    for path, words in cases.items():
        refused(program("verify", str(path)), words)
    page, alone = folder / "build" / "report" / "report.html", folder / "alone.html"
    alone.write_text("A page.")
    for path in (page, page.with_suffix(""), page.with_suffix(".htm"), page.parent, page.parent / "nowhere.pdf"):
        for command in (["verify", str(path)], ["diff", str(pdf), str(path)]):
            done = program(*command)
            refused(done, "hint: ")
            assert str(page.with_suffix(".pdf")) in done.stderr.splitlines()[-1]
    refused(program("verify", str(alone)), "report build alone --to pdf")
    monkeypatch.setattr(content, "MOST_BYTES", len(whole) - 1)
    refused(program("verify", str(pdf)), "more than")
    monkeypatch.undo()
    monkeypatch.setattr(content, "MOST_UNPACKED", 1000)
    refused(program("verify", str(pdf)), "unpacks to more")
    monkeypatch.undo()
    (folder / "templates" / "documents" / "report.md").rename(folder / "templates" / "documents" / "other.md")
    refused(program("verify", str(pdf)), "'report', which this project")


def refused(done: "subprocess.CompletedProcess[str]", words: str) -> None:
    assert done.returncode == 1, done.stdout
    assert words in done.stderr
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr


def test_runs_that_are_not_there_accuse_no_one(program: Command, folder: Path, pdf: Path) -> None:
    """Without the stored runs nothing is compared, and the command says which are missing."""
    for path in (folder / "build" / "runs").rglob("manifest.json"):
        path.unlink()
    refused(program("verify", str(pdf)), "2 of the runs of report.pdf are not stored in this project: pi")


def test_another_version_of_the_templates_accuses_no_one(program: Command, folder: Path, pdf: Path) -> None:
    """Where templates changed since, the file was built from another commit; where they say the same, it holds."""
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "a")):
        name = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *name, *arguments], cwd=folder, check=True)
    pdf.unlink()
    (pdf.parent / "report.json").unlink()
    assert program("build", "report").returncode == 0
    (folder / "experiments" / "another.py").write_text(
        (folder / "experiments" / "pi.py").read_text().replace("pi", "rho")
    )
    assert api.verify(pdf, folder=folder).made_by_other == []
    answer = folder / "templates" / "answers" / "q1-pi.md"
    answer.write_text(answer.read_text() + "\n<# a remark #>\n")
    done = program("verify", str(pdf))
    assert done.returncode == 0, done.stderr
    whole = answer.read_text()
    answer.write_text(whole + "\n[](#fig-nowhere) and [](#fig-nowhere-else)\n")
    assert api.verify(pdf, folder=folder).verdict == "built from another version"
    answer.write_text(whole + "\nAnother sentence.\n")
    done = program("verify", str(pdf))
    assert done.returncode == 1
    assert "was built from commit" in done.stderr
    assert "git checkout" in done.stderr
    assert "differs from what its runs give" not in done.stderr + done.stdout


def test_an_attachment_that_was_edited(program: Command, folder: Path, pdf: Path) -> None:
    """An attachment whose own digest doesn't fit is a difference."""
    from tests.fault.forging import rewrite

    rewrite(pdf, facts=lambda facts: facts["values"].pop())
    assert api.verify(pdf, folder=folder).verdict == "differs"
    with pikepdf.open(pdf, allow_overwriting_input=True) as document:
        text = document.attachments["provenance.json"].get_file().read_bytes().replace(b"3.14", b"3.15")
        document.attachments["provenance.json"] = pikepdf.AttachedFileSpec(document, text, filename="provenance.json")
        document.save(pdf)
    done = program("verify", str(pdf))
    assert done.returncode == 1
    assert "provenance.json is changed after it was written" in done.stdout


def test_nothing_of_the_file_is_executed_or_used_as_a_path(program: Command, folder: Path, pdf: Path) -> None:
    """Names in the attachment are compared with names: a path in the place of one finds nothing."""
    from tests.fault.forging import rewrite

    def hostile(facts: dict[str, object]) -> None:
        for run in facts["runs"]:  # type: ignore[attr-defined]
            run["experiment"], run["key"] = "../../..", "*"

    def renamed(facts: dict[str, object]) -> None:
        facts["runs"][0]["experiment"] = "../../etc"  # type: ignore[index]

    whole = pdf.read_bytes()
    rewrite(pdf, facts=renamed)
    refused(program("verify", str(pdf)), "are not stored in this project")
    pdf.write_bytes(whole)
    rewrite(pdf, facts=hostile)
    refused(program("verify", str(pdf)), "are not stored in this project")
    edit(folder / "pyproject.toml", "[tool.report]", "[tool.report] # edited")
    rewrite(pdf, facts=lambda facts: facts.update(document="../documents/report"))
    refused(program("verify", str(pdf)), "which this project")


def within_text(pdf: pikepdf.Pdf, *instructions: pikepdf.ContentStreamInstruction) -> None:
    """Draw this within the first text of the last page that a tag leads to."""
    page = pdf.pages[-1]
    stream = list(pikepdf.parse_content_stream(page))
    begin = next(n for n, each in enumerate(stream) if str(each.operator) == "BDC" and str(each.operands[0]) == "/Span")
    stream[begin + 1 : begin + 1] = instructions
    page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(stream))


def drawn(name: str, *operands: object) -> pikepdf.ContentStreamInstruction:
    return pikepdf.ContentStreamInstruction([*operands], pikepdf.Operator(name))


def swap_letters(pdf: pikepdf.Pdf) -> None:
    """Draw the second letter of a text far before the first."""
    stream = list(pikepdf.parse_content_stream(pdf.pages[-1]))
    text = next(n for n, each in enumerate(stream) if str(each.operator) == "TJ")
    first, *rest = stream[text].operands[0]
    parts = [pikepdf.String(bytes(first)[:2]), 1500, pikepdf.String(bytes(first)[2:])]
    stream[text] = drawn("TJ", pikepdf.Array([*parts, *rest]))
    pdf.pages[-1].obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(stream))


def cover(pdf: pikepdf.Pdf) -> None:
    within_text(pdf, drawn("re", 0, 0, 50, 9), drawn("f"))


def lay_over(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[-1]
    mark = drawn("BDC", pikepdf.Name("/Span"), pikepdf.Dictionary(MCID=9999))
    box = [mark, drawn("re", 0, 0, 500, 800), drawn("f"), drawn("EMC")]
    stream = [*pikepdf.parse_content_stream(page), *box]
    page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(stream))


def flatten(pdf: pikepdf.Pdf) -> None:
    within_text(pdf, drawn("Tz", 0))


def hide(pdf: pikepdf.Pdf) -> None:
    pdf.pages[-1].resources["/ExtGState"]["/none"] = pikepdf.Dictionary(ca=0)
    within_text(pdf, drawn("gs", pikepdf.Name("/none")))


def crop(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.CropBox = pikepdf.Array([0, 0, 300, 300])


def rename_author(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo["/Author"] = "Someone else"


def run_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name("/JavaScript"), JS="1")


def lead_elsewhere(pdf: pikepdf.Pdf) -> None:
    link = next(each for page in pdf.pages for each in page.obj.get("/Annots", ()) if each.Subtype == "/Link")
    link.A = pikepdf.Dictionary(S=pikepdf.Name("/URI"), URI="https://example.org")


def attach(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["more.txt"] = pikepdf.AttachedFileSpec(pdf, b"more", filename="more.txt")


@pytest.mark.parametrize(
    ("forge", "told"),
    [
        (swap_letters, "letters moved back"),
        (cover, "f within text"),
        (lay_over, "f in a mark of its own"),
        (flatten, "text that Tz moves"),
        (hide, "text that is seen through"),
        (crop, "a page with the cropbox"),
        (rename_author, "Author Someone else"),
        (run_script, "the action OpenAction"),
        (lead_elsewhere, "a link that does /URI https://example.org"),
        (attach, "the file more.txt"),
    ],
)
def test_a_forger_gains_little_by_another_renderer(
    folder: Path, pdf: Path, forge: Callable[..., None], told: str
) -> None:
    """Where the bytes prove nothing, what is laid over text, done to it, or put beside the pages is found."""
    from tests.fault.forging import elsewhere, rewrite

    rewrite(pdf, facts=elsewhere)
    assert api.verify(pdf, folder=folder).verdict == "same content, other renderer"
    rewrite(pdf, page=forge)
    outcome = api.verify(pdf, folder=folder)
    assert outcome.verdict == "differs"
    assert any(each.found.startswith(told) for each in outcome.differences)


def test_a_run_that_was_repeated_accuses_no_one(program: Command, folder: Path, pdf: Path) -> None:
    """The command of the appendix measures the same in another time: the file holds, and that is told."""
    assert program("run", "pi", "--force").returncode == 0
    outcome = api.verify(pdf, folder=folder)
    assert (outcome.verdict, outcome.measured_again) == ("verified", ["pi"])


def test_what_a_file_says_of_its_runs_is_compared(folder: Path, pdf: Path) -> None:
    """Another time, commit or acceptance than the stored run has is found, in whatever the file is consistent."""
    (run,) = api.open_workspace(folder).store.runs("pi")
    before = (run.folder / "manifest.json").read_bytes()
    for lie in (
        {"times": msgspec.structs.replace(run.manifest.times, duration_s=360_000.0)},
        {"code": Commit("d" * 40, clean=True)},
        {"accepted": [Acceptance("it is harmless", run.manifest.times.finished, run.key, ["a change"])]},
    ):
        manifests.write(run.folder, msgspec.structs.replace(run.manifest, **lie))
        api.build("report", folder=folder, formats=("pdf",))
        (run.folder / "manifest.json").write_bytes(before)
        assert api.verify(pdf, folder=folder).verdict == "differs", lie


def test_a_run_that_came_out_otherwise_is_no_repetition(folder: Path, pdf: Path) -> None:
    """Where the run that is stored now has other results the file differs, and isn't excused by a later time."""
    (run,) = api.open_workspace(folder).store.runs("pi")
    later = msgspec.structs.replace(run.manifest.times, finished="2099-01-01T00:00:00+00:00")
    manifests.write(run.folder, msgspec.structs.replace(run.manifest, times=later, output_digest="0" * 64))
    outcome = api.verify(pdf, folder=folder)
    assert (outcome.verdict, outcome.measured_again) == ("differs", [])


def test_other_pictures_and_drawing_code_accuse_no_one(program: Command, folder: Path, pdf: Path) -> None:
    """Where a drawing, a picture or listed code was edited since, the file is of another version."""
    image = folder / "images" / "a.svg"
    image.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    document = folder / "templates" / "documents" / "report.md"
    shown = '\n\n![A.](images/a.svg)\n\n<< source("experiments.pi:pi") >>\n'
    document.write_text(document.read_text() + shown)
    assert program("build", "report").returncode == 0
    for path, old, new, other in (
        (image, '"9"', '"8"', "images"),
        (folder / "experiments" / "pi.py", "    record(", "    # A remark\n    record(", "listed code"),
        (folder / "experiments" / "pendulum.py", "markersize=3", "markersize=4", "drawing code or matplotlib"),
    ):
        before = path.read_text()
        edit(path, old, new)
        outcome = api.verify(pdf, folder=folder)
        assert (outcome.verdict, outcome.made_by_other) == ("built from another version", [other])
        path.write_text(before)
    assert api.verify(pdf, folder=folder).verdict == "verified"


def test_what_was_never_committed_is_told(program: Command, folder: Path, pdf: Path) -> None:
    """A file that was built with changes that no commit has says so, and no checkout is advised."""
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "a")):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments], cwd=folder, check=True)
    answer = folder / "templates" / "answers" / "q1-pi.md"
    committed = answer.read_text()
    answer.write_text(committed + "\nAnother sentence.\n")
    assert program("build", "report").returncode == 0
    answer.write_text(committed)
    done = program("verify", str(pdf))
    refused(done, "uncommitted")
    assert "git checkout" not in done.stderr
