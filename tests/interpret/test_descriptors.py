import numpy as np
import pytest

from report_cli.interpret import descriptors
from report_cli.interpret.receptive_field import ReceptiveField

SIDE = 24


def _image(seed: int = 0) -> np.ndarray:
    """A smooth random image, so that its maps differ from each other."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (6, 6, 3)).astype(np.uint8).repeat(SIDE // 6, axis=0).repeat(SIDE // 6, axis=1)


def _square(low: tuple[int, int, int], high: tuple[int, int, int]) -> np.ndarray:
    """A square of one colour on a ground of another."""
    image = np.full((SIDE, SIDE, 3), low, np.uint8)
    image[8:16, 8:16] = high
    return image


@pytest.mark.parametrize("name", descriptors.NAMES)
def test_a_channel_that_is_a_map_is_recognised(name: str) -> None:
    """A channel that is one of the named maps, scaled and shifted, matches that map with r = 1."""
    maps = descriptors.reference_maps(_image())
    channel = 3 * maps[descriptors.NAMES.index(name)] + 5
    found = descriptors.match(channel[..., None].astype(np.float32), maps)
    assert found.name.tolist() == [name]
    assert found.r[0] == pytest.approx(1, abs=1e-4)


def test_maps_are_where_their_names_say() -> None:
    """A white square on black has its upper edge darker above, its left edge darker to the left, and so on."""
    named = dict(zip(descriptors.NAMES, descriptors.reference_maps(_square((0, 0, 0), (255, 255, 255))), strict=True))
    assert named["brightness"][12, 12] == pytest.approx(1)
    assert named["darkness"][0, 0] == pytest.approx(1)
    rows = {"brighter below": 7, "brighter above": 16}
    for name, row in rows.items():
        assert named[name][row, 12] == pytest.approx(1)
        assert named["horizontal edges"][row, 12] == pytest.approx(1)
        assert named[name][:, :4].max() == 0
    assert named["brighter right"][12, 7] == named["brighter left"][12, 16] == pytest.approx(1)
    assert named["brighter right"][12, 16] == named["brighter above"][7, 12] == 0
    assert named["vertical edges"][12, [7, 16]] == pytest.approx([1, 1])


def test_colours_have_their_own_maps() -> None:
    """Red over green is where red is stronger than green, and only there; likewise the other directions."""
    named = dict(zip(descriptors.NAMES, descriptors.reference_maps(_square((0, 0, 255), (255, 0, 0))), strict=True))
    assert named["red over green"][12, 12] == 1
    assert named["red over green"][0, 0] == named["green over red"].max() == 0
    assert named["blue over yellow"][0, 0] == 1
    assert named["yellow over blue"][12, 12] == 0.5


def test_weak_and_silent_channels_are_named_so() -> None:
    """Noise matches nothing clearly; a channel that is the same everywhere is silent, with r = 0."""
    maps = descriptors.reference_maps(_image())
    noise = np.random.default_rng(1).normal(size=(SIDE, SIDE))
    found = descriptors.match(np.stack([noise, np.full((SIDE, SIDE), 7.0)], axis=-1).astype(np.float32), maps)
    assert found.name.tolist() == [descriptors.NO_MATCH, descriptors.SILENT]
    assert found.r[1] == 0
    assert 0 < found.r[0] < descriptors.CLEAR


def test_a_map_without_variation_matches_nothing() -> None:
    """In a grey image no channel resembles a colour, and nothing is divided by zero."""
    grey = _image()[..., :1].repeat(3, axis=2)
    found = descriptors.match(grey[..., :1].astype(np.float32), descriptors.reference_maps(grey))
    assert found.name.tolist() == ["brightness"]
    np.testing.assert_array_equal(found.all_r[0, 8:], 0)


def test_maps_are_read_where_the_units_look() -> None:
    """The cells around the centres of the fields are averaged: 3 by 1 drops a pixel, 8 by 2 three and joins pairs."""
    maps = np.arange(2 * 14 * 14, dtype=np.float64).reshape(2, 14, 14)
    np.testing.assert_array_equal(
        descriptors.average_over_units(maps, ReceptiveField(3, 1), (12, 12)), maps[:, 1:13, 1:13]
    )
    pairs = descriptors.average_over_units(maps, ReceptiveField(8, 2), (4, 4))
    assert pairs.shape == (2, 4, 4)
    assert pairs[0, 1, 2] == maps[0, 5:7, 7:9].mean()


@pytest.mark.parametrize(("cycles", "axis"), [(4, 0), (3, 1), (8, 0), (4.5, 1)])
def test_the_period_of_a_wave(cycles: float, axis: int) -> None:
    """A wave along either axis has its period, whatever its colour and brightness, and carries the pattern."""
    at = np.indices((SIDE, SIDE))[axis]
    wave = np.sin(2 * np.pi * cycles * at / SIDE)[..., None] * [0.0, 0.3, 0.1] + 0.1
    strongest = descriptors.strongest_wave(wave)
    assert SIDE / strongest.period == pytest.approx(cycles, abs=0.5)
    assert strongest.share > 2 * descriptors.CARRIED
    if isinstance(cycles, int):
        assert strongest.share == pytest.approx(1, abs=0.05)


def test_chance_has_no_wave_that_carries_it() -> None:
    """In noise, smooth or not, the strongest of many waves has little of the power; where nothing varies is none."""
    noise = np.random.default_rng(0).normal(0, 0.2, (50, 64, 64, 3))
    smooth = sum(np.roll(noise, step, axis) for step in (-1, 0, 1) for axis in (1, 2))
    for fields in (noise, smooth):
        assert max(descriptors.strongest_wave(each).share for each in fields) < descriptors.CARRIED
    even = np.full((SIDE, SIDE, 3), 0.3)
    assert descriptors.strongest_wave(even) == descriptors.strongest_wave(0 * even) == descriptors.Wave(0, 0)


def test_even_is_what_the_eye_takes_for_even() -> None:
    """A pattern is even where it varies by less than the eye sees; dots that are seen make it uneven."""
    pattern = np.full((SIDE, SIDE, 3), 0.3)
    assert descriptors.is_even(pattern + np.random.default_rng(0).normal(0, 0.01, pattern.shape))
    pattern[::4, ::4] -= 0.3
    assert not descriptors.is_even(pattern)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ((0.2, 0.2, 0.2), "light"),
        ((-0.2, -0.2, -0.2), "dark"),
        ((0.0, 0.0, 0.0), "grey"),
        ((0.4, -0.1, -0.1), "red"),
        ((-0.01, 0.4, 0.04), "green"),
        ((0.5, 0.5, -0.5), "yellow"),
        ((0.45, 0.1, -0.3), "orange"),
        ((0.5, 0.1, 0.25), "pink"),
        ((0.15, -0.3, 0.35), "violet"),
        ((-0.1, -0.1, 0.3), "blue"),
        ((-0.3, 0.2, 0.2), "cyan"),
    ],
)
def test_colours_are_named_by_their_hue(pattern: tuple[float, float, float], name: str) -> None:
    """The mean colour has the name of the nearest hue however bright it is, and without a hue of its brightness."""
    even = np.broadcast_to(pattern, (SIDE, SIDE, 3))
    assert descriptors.colour(even) == name
    dotted = even.copy()
    dotted[::6, ::6] = 0
    assert descriptors.colour(dotted) == name


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        ((0.3, 0.3, 0.3), "dark and light"),
        ((0.4, -0.2, -0.2), "cyan and red"),
        ((-0.2, -0.2, 0.4), "blue and yellow"),
        ((0.0, 0.0, 0.0), "grey"),
    ],
)
def test_patterns_that_alternate_have_two_colours(ends: tuple[float, float, float], name: str) -> None:
    """Where departures from grey cancel, the pattern is named by both ends between which it varies."""
    stripes = np.where(np.arange(SIDE) % 2, 1, -1)[:, None, None] * np.broadcast_to(ends, (SIDE, SIDE, 3))
    assert descriptors.colour(stripes) == name


def test_focus_compares_centre_and_border() -> None:
    """An even pattern has focus 1, one that is twice as strong in the centre 4, one only at the border 0."""
    even = np.full((SIDE, SIDE, 3), 0.1)
    assert descriptors.focus(even) == pytest.approx(1)
    strong = even.copy()
    strong[6:18, 6:18] *= 2
    assert descriptors.focus(strong) == pytest.approx(4)
    strong[3:21, 3:21] = 0
    assert descriptors.focus(strong) == 0
