import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

from experiments import catsdogs_best, catsdogs_explain, catsdogs_filters, catsdogs_gradcam
from experiments.catsdogs import Params, split_of
from experiments.datasets import toy_pets
from report_cli.datasets import normalise
from report_cli.datasets.images import ImageData
from report_cli.experiment import Experiment
from report_cli.interpret import descriptors
from report_cli.training import classify, fit
from report_cli.training.fit import Trainer
from tests.experiments.pets import SIDE, SIZES, noise
from tests.training.memory import MemoryFigures, MemoryRecord, MemoryRun, start

EXPLAINING = (
    catsdogs_explain.catsdogs_activations,
    catsdogs_filters.catsdogs_filters,
    catsdogs_gradcam.catsdogs_gradcam,
)


@pytest.fixture(scope="module")
def images() -> ImageData:
    return noise()


@pytest.fixture(scope="module")
def best(images: ImageData) -> MemoryRun:
    """What catsdogs-best records, of the second network, untrained."""
    start(3)
    split = split_of(images, Params(**SIZES))
    model = catsdogs_best.build(2, SIDE)
    normalisation = normalise.fit(split.train.pixels)
    logits = Trainer(model, classify.by(normalisation)).predict(split.test.pixels)
    record = MemoryRecord()
    record(chosen=2)
    record.arrays = {
        "mean": normalisation.mean,
        "std": normalisation.std,
        "test_ids": split.test.numbers,
        "test_labels": split.test.labels.astype(np.uint8),
        "test_logits": logits.astype(np.float32),
    }
    record.weights(fit.weights(model))
    return MemoryRun(record, size=SIDE)


@pytest.fixture(scope="module")
def runs(images: ImageData, best: MemoryRun) -> dict[str, MemoryRecord]:
    """The three explanations, each measured once."""
    done = {}
    for experiment in EXPLAINING:
        done[experiment.name] = MemoryRecord({"catsdogs-best": best})
        experiment.measure(experiment.params["smoke"], images, done[experiment.name])
    return done


@pytest.mark.parametrize("experiment", EXPLAINING, ids=lambda e: e.name)
def test_measures_and_draws_what_it_declares(experiment: Experiment, runs: dict[str, MemoryRecord]) -> None:
    """A run records every declared metric and no other, and `draw` makes the declared figures from it."""
    record = runs[experiment.name]
    assert set(record.scalars) == set(experiment.metrics)
    figures = MemoryFigures()
    assert experiment.draw is not None
    experiment.draw(MemoryRun(record), figures)
    assert tuple(figures.figures) == experiment.figures
    assert all(len(alt) > 40 for alt in figures.alts.values())


def test_the_network_is_opened_as_it_was_tested(images: ImageData, best: MemoryRun) -> None:
    """With the stored weights and normalisation, the network gives the stored logits of the test images again."""
    start(0)
    network = catsdogs_explain.load(images, best)
    logits = network.model.predict_on_batch(network.inputs(slice(None)))
    np.testing.assert_allclose(logits, best.arrays["test_logits"], rtol=1e-4, atol=1e-3)


def test_cat_1275_is_shown_where_there_is_one(images: ImageData, runs: dict[str, MemoryRecord]) -> None:
    """The image shown is cat 1275; without it the cat with the first id, never a dog."""
    record = runs["catsdogs-activations"]
    assert record.scalars["is_1275"] == 1
    shown = images.train.pixels[images.train.names == "cat.1275"][0]
    np.testing.assert_array_equal(record.arrays["image"], shown)
    other = noise(first=2000).train
    assert catsdogs_explain.cat_shown(other, 0) == int(np.flatnonzero(other.labels == 0)[0])


def test_every_channel_is_counted_once(runs: dict[str, MemoryRecord]) -> None:
    """Matches by map, unmatched and silent channels add up to all channels, and the lists name them from 1."""
    record = runs["catsdogs-activations"]
    assert tuple(name.replace("_", " ") for name in catsdogs_explain.MAPS) == descriptors.NAMES
    for layer, channels in (("first", 32), ("deeper", 128)):
        counts = [record.scalars[f"{layer}_{name}_count"] for name in catsdogs_explain.MAPS]
        silent, unmatched = (record.scalars[f"{layer}_{name}"] for name in ("silent", "unmatched"))
        assert sum(counts) + silent + unmatched == record.scalars[f"{layer}_channels"] == channels
        *named, others = [
            [] if text == "none" else re.findall(r"(\d+)\u00a0\((-?\d\.\d\d)\)", text)
            for text in record.arrays[f"{layer}_lists"].tolist()
        ]
        assert [len(channels) for channels in named] == counts
        assert len(others) == unmatched
        for channel, r in itertools.chain(*named, others):
            assert 0 <= record.arrays[f"{layer}_r"][int(channel) - 1] - float(r) < 0.01, "rounded down"
        assert all(float(r) < 0.5 for _, r in others)
        assert record.scalars[f"{layer}_dead"] <= channels


def test_chance_is_what_the_maps_of_other_images_give(runs: dict[str, MemoryRecord]) -> None:
    """The share of clear matches stands beside that with the maps of other images, never the image's own."""
    record = runs["catsdogs-activations"]
    assert record.scalars["others"] == 4
    for layer in catsdogs_explain.LAYERS:
        names = record.arrays[f"{layer}_match"]
        heard = names != descriptors.SILENT
        clear = heard & (names != descriptors.NO_MATCH)
        assert record.scalars[f"{layer}_clear"] == clear.sum() / heard.sum()
        shares = record.arrays[f"{layer}_chance_shares"]
        assert len(shares) == 4
        assert record.scalars[f"{layer}_chance"] == shares.mean() <= record.scalars[f"{layer}_chance_highest"]
        assert record.scalars[f"{layer}_chance_spread"] == pytest.approx(shares.std(ddof=1))


def test_patches_are_of_test_images(images: ImageData, best: MemoryRun, runs: dict[str, MemoryRecord]) -> None:
    """The patches of the last layer are cut from test images, and the classes are counted among the strongest."""
    record = runs["catsdogs-filters"]
    patches = record.arrays["last_patches"]
    assert patches.shape == (16, 4, 38, 38, 3)
    tested = images.train.pixels[np.searchsorted(images.train.numbers, best.arrays["test_ids"])]
    starts = range(SIDE - 38 + 1)
    windows = {image[r : r + 38, c : c + 38].tobytes() for image in tested for r in starts for c in starts}
    assert all(patch.tobytes() in windows for row in patches for patch in row)
    assert int(record.arrays["top"]) == 12
    assert (record.arrays["last_top_cats"] == 6).all()


def test_a_filter_stands_for_a_class_where_chance_does_not_explain_it() -> None:
    """Filters whose strongest patches are mostly of one class are counted, unless no image wakes them."""
    filters, record = MemoryRecord(), MemoryRecord()
    for layer in catsdogs_filters.LAYERS:
        filters.array(f"{layer}_top_cats", np.array([40, 0, 22, 40]))
        filters.array(f"{layer}_awake", np.array([True, True, True, False]))
    filters.array("top", np.array(40))
    record = MemoryRecord({"catsdogs-filters": MemoryRun(filters)})
    catsdogs_filters.catsdogs_filter_classes.measure(record)
    assert record.scalars == {"first_cats": 1, "first_dogs": 1, "last_cats": 1, "last_dogs": 1}


def test_answers_are_picked_by_rule() -> None:
    """Shown are the most certain right and wrong answers and the least certain of the rest, as far as there are any."""
    labels = np.array([1, 1, 0, 0, 1])
    picked = catsdogs_gradcam.pick(np.array([0.9, 0.2, 0.7, 0.05, 0.55]), labels)
    assert picked == {"right": 3, "wrong": 1, "doubtful": 4}
    assert catsdogs_gradcam.pick(np.array([0.9, 0.8, 0.1, 0.2, 0.6]), labels) == {"right": 0, "doubtful": 4}
    assert catsdogs_gradcam.pick(np.array([0.9]), labels[:1]) == {"right": 0}


def test_heat_is_not_measured_where_nothing_is_known(runs: dict[str, MemoryRecord]) -> None:
    """On images without a known region no share of it is claimed."""
    record = runs["catsdogs-gradcam"]
    assert record.scalars["masked"] == record.scalars["in_region"] == record.scalars["gain"] == 0
    assert (
        record.scalars["warm"]
        == record.scalars["images"] - record.scalars["cold"]
        == len(record.arrays["centre_shares"])
    )
    assert record.arrays["outline"].size == 0


def test_heat_of_weights_that_were_shuffled_is_compared(runs: dict[str, MemoryRecord]) -> None:
    """Each stage has the correlations of the images whose maps both have heat, and their mean."""
    record = runs["catsdogs-gradcam"]
    for stage in ("other", *catsdogs_gradcam.SHUFFLED):
        r = record.arrays[f"{stage}_rs"]
        assert record.scalars[f"{stage}_r_images"] == len(r) <= record.scalars["images"]
        assert record.scalars[f"{stage}_r"] == pytest.approx(r.mean() if len(r) else 0)


def test_heat_is_measured_against_the_deciding_region(
    images: ImageData, best: MemoryRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On drawn images the shares are those of the heat in the region, of the area, and in another image's region."""
    half = np.zeros((SIDE, SIDE), np.bool_)
    half[:, : SIDE // 2] = True
    monkeypatch.setattr(toy_pets, "deciding_region", lambda ids: np.stack([half] * len(ids)))
    record = MemoryRecord({"catsdogs-best": best})
    experiment = catsdogs_gradcam.catsdogs_gradcam
    experiment.measure(experiment.params["smoke"], replace(images, name="toy-pets"), record)
    assert record.scalars["masked"] == record.scalars["warm"] == record.scalars["images"] - record.scalars["cold"] > 1
    shares = record.arrays["region_shares"]
    assert len(shares) == len(record.arrays["centre_shares"]) == record.scalars["warm"]
    assert record.scalars["in_region_error"] == pytest.approx(shares.std(ddof=1) / np.sqrt(len(shares)))
    assert record.scalars["region"] == 0.5
    assert 0 < record.scalars["in_region"] < 1
    # All regions are the same, so another image's is no worse.
    assert record.scalars["in_region"] == record.scalars["in_other"]
    assert record.scalars["gain"] == record.scalars["gain_error"] == 0
