import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from report_cli.figures import confusion, curves, diagrams, style
from tests.drawing import to_svg

HISTORY = [
    {"epoch": e, "loss": 2 / e, "accuracy": 0.1 * e, "validation_loss": 1 + (e - 3) ** 2, "validation_accuracy": 0.5}
    for e in range(1, 6)
]
COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
CLASSES = ["cat", "dog", "owl"]


def _figures() -> dict[str, Figure]:
    boxes = [diagrams.Box("a", "top", 20, 6), diagrams.Box("b", "below\nit", 20, 25, height=12, strong=True)]
    return {
        "curves": curves.learning_curves(HISTORY)[0],
        "confusion": confusion.matrix(COUNTS, CLASSES)[0],
        "blocks": diagrams.blocks(boxes, [("a", "b")], 40, 32),
    }


@pytest.mark.parametrize("name", ["curves", "confusion", "blocks"])
def test_svg_is_the_same_bytes_every_time(name: str) -> None:
    """The same numbers give the same SVG, drawn anew or written twice, without a date."""
    first, second = _figures()[name], _figures()[name]
    svg = to_svg(first)
    assert svg == to_svg(first) == to_svg(second)
    assert b"date" not in svg
    assert b"Matplotlib" not in svg


def test_other_numbers_are_another_picture() -> None:
    """The SVG depends on the numbers."""
    other = [dict(row, loss=row["loss"] + 0.5) for row in HISTORY]
    drawn = [to_svg(curves.learning_curves(history)[0]) for history in (HISTORY, other)]
    assert drawn[0] != drawn[1]


def test_text_is_text() -> None:
    """The letters stay selectable text in the shipped sans."""
    svg = to_svg(_figures()["confusion"]).decode()
    assert ">cat</text>" in svg
    assert "'Source Sans 3'" in svg


def labelled(words: str) -> Figure:
    with style.style():
        figure = Figure(figsize=(3, 2))
        figure.add_subplot(xlabel=words).plot([1, 2], [1e-5, 2e-5])
    return figure


@pytest.mark.parametrize("words", [r"$\lambda$, $R^2$", "✓ & <", r"$\hat{x}_i \leq 10^{-3}$", r"$\mathbf{x}$"])
def test_symbols_have_the_shipped_sans(words: str) -> None:
    """Formulas and symbols that the sans has are text in print, in the sans alone."""
    svg = to_svg(labelled(words)).decode()
    assert set(re.findall(r"font-family: ([^;\"]+)", svg)) == {"'Source Sans 3'"}


@pytest.mark.parametrize("words", ["ℝ", r"$x \in \mathbb{R}^d$", r"$\left(\frac{1}{2}\right)$"])
def test_other_symbols_are_outlines(words: str) -> None:
    """Symbols of other fonts make outlines of the letters in print, too, so the PDF needs no other font."""
    svg = to_svg(labelled(words)).decode()
    assert "<text" not in svg
    assert "STIX" in svg
    assert "LastResort" not in svg


@pytest.mark.parametrize("words", ["about 中", "$\\mathrm{中}$"])
def test_a_character_of_no_font_is_an_error(words: str) -> None:
    """It would be a box, or a currency sign, so the error names it."""
    with pytest.raises(ValueError, match=r"'中' \(U\+4E2D"):
        to_svg(labelled(words))


def test_a_symbol_beside_a_formula_is_shown() -> None:
    """Beside a formula matplotlib looks for symbols in the sans alone, so it is set as one; a sign of money is none."""
    svg = to_svg(labelled(r"in ℝ for \$5, $x$")).decode()
    assert "STIX" in svg
    assert "LastResort" not in svg


def test_images_in_svg_are_never_smoothed() -> None:
    """Every embedded image says that its pixels stay as they are."""
    figure = Figure()
    figure.add_subplot().imshow(COUNTS)
    svg = to_svg(figure).decode()
    assert svg == to_svg(figure).decode()
    images = re.findall(r"<image[^>]*>", svg)
    assert images
    assert all('image-rendering="crisp-edges"' in image for image in images)


@pytest.mark.parametrize("name", ["curves", "confusion"])
def test_figures_fill_the_text_width(name: str) -> None:
    """A figure has its final size, 140 mm wide, so that its letters have the size they are meant to have."""
    svg = to_svg(_figures()[name]).decode()
    found = re.search(r'width="([\d.]+)pt"', svg)
    assert found
    assert float(found[1]) == pytest.approx(140 / 25.4 * 72, abs=0.01)


def test_style_leaves_others_alone() -> None:
    """Outside of our figures matplotlib has its own settings again."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    _figures()
    assert dict(matplotlib.rcParams) == before


MANY = {
    "points": lambda axes, n: axes.scatter(np.arange(n), np.arange(n)),
    "markers": lambda axes, n: axes.plot(np.arange(n), "."),
    "cells": lambda axes, n: axes.pcolormesh(np.arange(n).reshape(-1, 10)),
    "bars": lambda axes, n: axes.bar(np.arange(n), np.arange(n)),
    "lines": lambda axes, n: [axes.plot(m, m, "o") for m in range(n)],
}


@pytest.mark.parametrize("kind", MANY)
def test_many_marks_are_pixels(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page would draw for minutes is one image, and words and axes around it stay what they are."""
    monkeypatch.setattr(style, "MOST_MARKS", 300)
    with style.style():
        few, many = (Figure(figsize=(3, 2)) for _ in range(2))
        for figure, count in ((few, 200), (many, 400)):
            MANY[kind](figure.add_subplot(xlabel="words"), count)
    assert not style.rasterise(few)
    assert b"<image" not in to_svg(few)
    assert style.rasterise(many) == 400
    svg = to_svg(many)
    assert svg.count(b"<image") == 1
    assert svg.count(b"<use") + svg.count(b"<path") < 100
    assert b">words<" in svg


def test_a_long_line_is_a_line() -> None:
    """A curve of many points is one path, which costs nothing; so it is never pixels, beside many points neither."""
    with style.style():
        figure = Figure(figsize=(3, 2))
        axes = figure.add_subplot()
        (line,) = axes.plot(np.arange(50_000))
    assert not style.rasterise(figure)
    axes.scatter(np.arange(5000), np.arange(5000))
    assert style.rasterise(figure) == 5000
    assert not line.get_rasterized()


def test_no_word_is_cut_off() -> None:
    """A figure without a layout of its own gets one where words would lie beyond its edges, and stays as it is else."""
    with style.style():
        low, high = (Figure(figsize=(4, height)) for height in (1.5, 4))
        for figure in (low, high):
            figure.add_subplot(xlabel="words", ylabel="more words").plot([1, 2])
    before = high.axes[0].get_position().bounds
    for figure in (low, high):
        to_svg(figure)
        with style.style():
            figure.draw_without_rendering()
            assert (figure.get_tightbbox().min >= 0).all()
    assert high.axes[0].get_position().bounds == before
