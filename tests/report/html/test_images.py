import base64
import io
import json
import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from lxml import html
from PIL import Image, ImageCms

from report_cli.errors import UsageError
from report_cli.report import provenance
from report_cli.report.html import images
from tests.report.conftest import Desk
from tests.report.judges import judge

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40">{}</svg>'
HTTP = "http://example.org/a"
SHADES = np.tile(np.linspace(0, 255, 60).astype(np.uint8), (40, 1))
REFUSED = [
    ("<script>alert(1)</script>", "it has a <script>"),
    ("<foreignObject/>", "it has a <foreignobject>"),
    ('<a href="#"><set attributeName="href" to="javascript:alert(1)"/></a>', "it has a <set>"),
    ('<g onload="alert(1)"/>', "it has a script: onload"),
    (f'<image href="{HTTP}.png"/>', "it refers to something outside itself: 'http:"),
    ('<use href="other.svg#a"/>', "it refers to something outside itself: 'other.svg"),
    ('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>', "it refers to something outside itself: 'data:"),
    ('<image href="data:image/png;base64,AAAA"/>', "an image in it doesn't decode"),
    (f'<rect fill="url({HTTP})"/>', "its style can't have 'url"),
    (f"<rect style=\"fill: URL( '{HTTP}')\"/>", "its style can't have .URL"),
    (f"<style>@import '{HTTP}';</style>", "its style can't have .@import"),
    ("<style>rect { fill: u\\72l(x) }</style>", "its style can't have"),
    ('<text style="font: 9px Arial">a</text>', "its style can't have 'font:"),
    ("<text>\N{CJK UNIFIED IDEOGRAPH-4E2D}</text>", r"its character '.' \(U\+4E2D\)"),
]
PHOTO = Image.fromarray(np.stack([SHADES, SHADES[:, ::-1], SHADES // 2], axis=-1))


@pytest.fixture
def folder(desk: Desk) -> Path:
    """The folder of the images of a project: a photograph, `bench.jpg`, is in it."""
    desk.project.images.mkdir()
    PHOTO.save(desk.project.images / "bench.jpg")
    return desk.project.images


def shown(element: html.HtmlElement) -> Image.Image:
    """Return the pixels of an image on the screen."""
    head, _, content = element.get("src").partition(";base64,")
    assert head == "data:image/webp"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_an_image_is_a_figure_like_others(desk: Desk, folder: Path) -> None:
    """It is counted among the figures, referred to, as wide as it should be, and heard as its alternative text."""
    tree = desk.tree(
        "See [](#fig-bench) and @fig-b.\n\n"
        '<< figure("net.curves", caption="c") >>\n\n'
        '![The *bench* at << value("net.accuracy")|percent >>.](images/bench.jpg){#fig-bench width=60% .wide '
        'alt="Tools, << value("net.accuracy")|percent >> of them."}\n\n'
        '![Again][b]\n\n![B.](images/bench.jpg){#fig-b alt="The bench."}\n\n[b]: <images/bench.jpg>\n'
    )
    assert [link.text_content() for link in tree.xpath(".//p/a")] == ["Figure\xa02", "Figure\xa04"]
    _, bench, again, last = tree.findall(".//figure")
    assert (bench.get("id"), bench.get("class"), bench[0].get("style")) == ("fig-bench", "wide", "width:60%")
    assert bench[0].get("alt") == "Tools, 73.8\u202f% of them."
    assert bench.xpath(".//figcaption/em/text()") == ["bench"]
    assert bench.xpath("count(.//figcaption//data)") == 1
    assert (again[0].get("alt"), last[0].get("alt")) == ("Again", "The bench.")
    assert shown(bench[0]).size == (60, 40)
    # Its place is kept free until it is near, which is when it is decoded.
    assert [bench[0].get(name) for name in ("width", "height", "loading")] == ["60", "40", "lazy"]


def test_an_image_may_stand_without_a_caption(desk: Desk, folder: Path) -> None:
    """With alternative text alone it is a figure without a number."""
    tree = desk.tree('![](images/bench.jpg){alt="Tools."}\n\n<< figure("net.curves", caption="c") >>\n')
    first, second = tree.findall(".//figure")
    assert (first[0].get("alt"), first.find("figcaption")) == ("Tools.", None)
    assert second.findtext("figcaption/span") == "Figure 1."


def test_alternative_text_is_asked_for(desk: Desk, folder: Path) -> None:
    """A caption stands in for it with a warning; with neither there is an error."""
    body = desk.body("Text\n\n![The $x^2$ bench.](images/bench.jpg)\n")
    assert html.fragment_fromstring(body.screen, create_parent=True).find(".//img").get("alt") == (
        "The x squared bench."
    )
    (warning,) = body.warnings
    assert warning.startswith("templates/documents/paper.md:6: the image 'images/bench.jpg' has no words")
    with pytest.raises(UsageError, match=r"paper.md:6: the image 'images/bench.jpg' has no alternative text"):
        desk.body("Text\n\n![](images/bench.jpg)\n")


def write_each_kind(folder: Path) -> None:
    """Write a photograph as every kind of file with every kind of colours."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a secret place"
    PHOTO.save(folder / "turned.jpg", exif=exif)
    PHOTO.save(folder / "said.jpg", comment=b"a secret place")
    PHOTO.convert("CMYK").save(folder / "print.jpg")
    PHOTO.convert("L").save(folder / "grey.jpg")
    PHOTO.convert("P").save(folder / "palette.png")
    PHOTO.convert("LA").save(folder / "two.png")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    PHOTO.save(folder / "profile.png", icc_profile=profile)
    PHOTO.convert("L").save(folder / "other-profile.png", icc_profile=profile)
    Image.fromarray(SHADES.astype(np.uint16) * 257).save(folder / "deep.png")
    clear = PHOTO.copy()
    clear.putalpha(Image.fromarray(SHADES))
    for name in ("clear.png", "clear.webp"):
        clear.save(folder / name, lossless=True)
    PHOTO.save(folder / "png.called.jpg", "PNG")
    pixels = io.BytesIO()
    PHOTO.save(pixels, "PNG")
    inside = base64.b64encode(pixels.getvalue()).decode()
    parts = (
        '<!-- a secret place --><text y="9" font-family="Arial" font-style="italic">λ</text>'
        f'<image href="data:image/png;base64,{inside}" y="9" width="30" height="20"/><rect opacity=".5" width="9"/>'
    )
    (folder / "drawing.svg").write_text('<!DOCTYPE svg PUBLIC "a" "http://example.org/a.dtd">' + SVG.format(parts))


def test_every_kind_passes_the_validators(desk: Desk, folder: Path) -> None:
    """All colours and kinds are right in both pages, which tell nothing else of the files; their digests are noted."""
    write_each_kind(folder)
    names = sorted(path.name for path in folder.iterdir())
    desk.write("# A\n\n" + "\n\n".join(f'![{n}.](images/{n}){{width=20% alt="{n}"}}' for n in names))
    built = desk.build(strict=True)
    page, paper = (path.read_bytes() for path in built.paths)
    with pikepdf.open(io.BytesIO(paper)) as document:
        stored = json.loads(document.attachments[provenance.NAME].get_file().read_bytes())
    assert stored["images"] == {f"images/{n}": sha256((folder / n).read_bytes()).hexdigest() for n in names}
    by_name = {image.get("alt"): image for image in html.document_fromstring(page.decode()).iter("img")}
    drawing = base64.b64decode(by_name.pop("drawing.svg").get("src").partition(";base64,")[2])
    pixels = {name: shown(image) for name, image in by_name.items()}
    assert b"secret" not in drawing + b"".join(
        base64.b64decode(i.get("src").partition(",")[2]) for i in by_name.values()
    )
    assert pixels["turned.jpg"].size == (40, 60)
    assert np.abs(np.asarray(pixels["deep.png"].convert("L")).astype(int) - SHADES).max() <= 1
    assert {pixels[name].mode for name in ("clear.png", "clear.webp")} == {"RGBA"}
    assert {each.mode for each in pixels.values()} == {"RGB", "RGBA"}
    for flavour in ("ua1", "3a"):
        result = judge("verapdf.sh", flavour, built.paths[1])
        assert result.returncode == 0, result.stdout
    assert judge("htmlcheck.sh", built.paths[0]).returncode == 0


@pytest.mark.parametrize(("inside", "reason"), REFUSED)
def test_a_drawing_that_asks_for_more_is_refused(desk: Desk, folder: Path, inside: str, reason: str) -> None:
    """An SVG that acts, or takes anything from outside of itself, is an error with file and line."""
    (folder / "a.svg").write_text(SVG.format(inside))
    with pytest.raises(UsageError, match=rf"^templates/documents/paper.md:6: the image 'images/a.svg' .*{reason}"):
        desk.body("Text\n\n![a](images/a.svg)\n")


def test_what_is_no_image_names_its_place(desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, none, damaged, too large or outside the project is one error with file and line."""
    outside = desk.project.root.parent / "outside.png"
    PHOTO.save(outside)
    (folder / "link.png").symlink_to(outside)
    (folder / "circle.png").symlink_to("circle.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "text.png").write_text("no image")
    (folder / "entity.svg").write_text('<!DOCTYPE svg [<!ENTITY x "y">]>' + SVG.format("<text>&x;</text>"))
    (folder / "cut.jpg").write_bytes((folder / "bench.jpg").read_bytes()[:400])
    (folder / "large.png").write_bytes(b"x" * 2000)
    monkeypatch.setattr(images, "LIMIT_BYTES", 1500)
    for name, reason in (
        ("none.png", "there is no such file"),
        (".", "there is no such file"),
        ("pipe.png", "there is no such file"),
        ("circle.png", ""),
        ("link.png", "it is outside the project"),
        ("../../outside.png", "it is outside the project"),
        (f"../../{desk.project.root.name}%2f..%2foutside.png", "it is outside the project"),
        ("text.png", "it is no PNG, JPEG, WebP or SVG"),
        ("entity.svg", "it has an entity of its own"),
        ("cut.jpg", "it is damaged"),
        ("large.png", "it is larger than"),
    ):
        desk.write(f"Of `![a](images/{name})`\n\n![a](images/{name})\n")
        with pytest.raises(
            UsageError, match=rf"^templates/documents/paper.md:6: the image .* can't be shown: .*{reason}"
        ):
            desk.build(formats=("html",))
    for address in (str(outside), outside.as_uri(), f"{HTTP}.png", "//example.org/a.png"):
        with pytest.raises(UsageError, match=r"^templates/documents/paper.md:4: .* outside the project"):
            desk.body(f"![a]({address})\n")


def test_a_width_is_in_percent(desk: Desk, folder: Path) -> None:
    """Other lengths, and heights, are errors."""
    for size in ("width=3cm", "width=120%", "height=10%", "width=50% height=50%"):
        with pytest.raises(UsageError, match=r"paper.md:6: an image can't have '(width|height):"):
            desk.body(f"![a](images/bench.jpg){{width=60%}}\n\n![a](images/bench.jpg){{{size}}}\n")


def test_an_image_stands_alone(desk: Desk, folder: Path) -> None:
    """Within other text it is an error with its line."""
    with pytest.raises(UsageError, match=r"paper.md:5: the image 'images/bench.jpg' stands within other text"):
        desk.body('Text\n![a](images/bench.jpg){alt="b"}\n')
