"""Figures in the form for the page."""

import base64
import io
import re
from itertools import pairwise

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from report_cli.figures import confusion, curves, images, screen, style

HISTORY = [
    {"epoch": e, "loss": 2 / e, "accuracy": 0.1 * e, "validation_loss": 1.0, "validation_accuracy": 0.5}
    for e in range(1, 30)
]
COUNTS = np.array([[8, 2], [1, 9]])


def shown(illustration: style.Illustration) -> str:
    figure, _ = illustration
    return screen.forms(figure)["screen.svg"].decode()


def pictures(svg: str) -> list[Image.Image]:
    contents = re.findall(r'href="data:image/webp;base64,([^"]+)"', svg)
    return [Image.open(io.BytesIO(base64.b64decode(content))) for content in contents]


@pytest.mark.parametrize("chart", [curves.learning_curves(HISTORY), confusion.matrix(COUNTS, ["cat", "dog"])])
def test_a_chart_has_the_colours_and_the_font_of_the_page(chart: style.Illustration) -> None:
    """Its words are text without a font of their own, it has no ground, and each colour is a variable of the page."""
    svg = shown(chart)
    assert ">cat</text>" in svg or ">training</text>" in svg
    assert "font-family" not in svg
    assert set(re.findall("#[0-9a-f]{6}", svg)) <= {"#ffffff"}  # words on an area in the accent
    assert "<style" not in svg


def test_a_series_and_its_name_belong_together() -> None:
    """What shows a series and what says its name have ids with one number, in all axes of a figure."""
    svg = shown(curves.learning_curves(HISTORY))
    found = re.findall(r'id="(series|name)-(\d)-\d+"', svg)
    assert sorted(found) == sorted([(kind, number) for kind in ("series", "name") for number in "0011"])


def test_pixels_are_small_and_drawings_exact() -> None:
    """Maps in the house's tint come out pixel for pixel, photographs nearly, in less than their PNG takes."""
    rng = np.random.default_rng(0)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(60, 60, 3)), axis=0), axis=1)
    photo = np.uint8(255 * (smooth - smooth.min()) / np.ptp(smooth))
    maps = rng.integers(0, 256, (8, 9, 9)).astype(np.uint8)
    figure, _ = images.channels("cat", photo, maps, range(1, 9), ["none"] * 8)
    forms = screen.forms(figure)
    expected = photo, images.mosaic(style.TINT(maps, bytes=True)[..., :3], 8, 1)
    found = [np.asarray(each.convert("RGB")).astype(int) for each in pictures(forms["screen.svg"].decode())]
    first, second = (np.abs(there - here).mean() for there, here in zip(expected, found, strict=True))
    assert 0 < first < 6
    assert second == 0
    assert len(forms["screen.svg"]) < 0.6 * len(forms["print.svg"])


def test_a_narrow_figure_is_no_wider_than_what_it_shows() -> None:
    """The margins beside a small matrix are not part of it, so that a phone shows it whole."""
    box = etree.fromstring(shown(confusion.matrix(COUNTS, ["cat", "dog"])).encode()).get("viewBox")
    left, _, width, _ = map(float, box.split())
    assert left > 50
    assert width < 250


def test_coordinates_are_short_and_close() -> None:
    """Numbers of a drawing have two decimals, which no eye tells from more."""
    figure, _ = curves.learning_curves(HISTORY)
    forms = screen.forms(figure)
    exact, short = (
        re.findall(r'd="(M[^"]*)"[^>]*dasharray', forms[each].decode()) for each in ("print.svg", "screen.svg")
    )
    assert len(exact) == len(short) > 0
    for there, here in zip(exact, short, strict=True):
        both = (np.array(re.findall(r"-?[\d.]+", path), float) for path in (there, here))
        assert all(np.abs(a - b).max() <= 0.0051 for a, b in pairwise(both))
    assert not re.search(r"\.\d{3}", "".join(short))
