import keras
import numpy as np

from report_cli.interpret import activations
from report_cli.interpret.receptive_field import ReceptiveField


def _edges() -> keras.Model:
    """Two hand-made filters: one for an edge that is brighter on the right, one that never responds."""
    model = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Conv2D(2, 3, activation="relu", name="conv1")])
    kernel = np.zeros((3, 3, 1, 2), np.float32)
    kernel[1, :, 0, 0] = [-1, 0, 1]
    model.layers[-1].set_weights([kernel, np.array([0, -1], np.float32)])
    return model


def _images() -> np.ndarray:
    """Images with a white rectangle whose left edge is at another place in each."""
    images = np.zeros((60, 12, 12, 1), np.float32)
    for number, image in enumerate(images):
        image[4:8, 2 + number % 7 :] = 1 + number
    return images


def test_maps_are_the_layer_by_hand() -> None:
    """The maps are ReLU of the convolution, computed here by hand, in the order of the inputs."""
    images = _images()
    maps = activations.maps(_edges(), "conv1", images)
    by_hand = (images[:, 1:-1, 2:, 0] - images[:, 1:-1, :-2, 0]).clip(0)
    np.testing.assert_allclose(maps[..., 0], by_hand)
    assert maps[..., 1].max() == 0


def test_strongest_finds_the_edge() -> None:
    """Each channel's largest response is found in every image, over several batches, with its place."""
    images = _images()
    peaks, places = activations.peaks(_edges(), "conv1", images)
    np.testing.assert_allclose(peaks[:, 0], 1 + np.arange(60))
    assert peaks[:, 1].max() == 0
    # A unit's place is the corner of its field: the edge lies one or two pixels to the right of it.
    edge = 2 + np.arange(60) % 7
    np.testing.assert_array_equal(places[:, 0, 1], edge - 2)
    np.testing.assert_array_equal(places[:, 0, 0], 3)


def test_a_patch_is_what_the_unit_sees() -> None:
    """The patch is the field of the unit; a small field comes with its surroundings, inside the image."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)
    seen = activations.patch(pixels, np.array([3, 1]), ReceptiveField(8, 2))
    np.testing.assert_array_equal(seen, pixels[6:14, 2:10])
    wider = activations.patch(pixels, np.array([9, 0]), ReceptiveField(3, 1), 7)
    np.testing.assert_array_equal(wider, pixels[7:14, 0:7])
    at_the_end = activations.patch(pixels, np.array([17, 17]), ReceptiveField(3, 1), 7)
    np.testing.assert_array_equal(at_the_end, pixels[13:20, 13:20])
    assert activations.patch(pixels, np.array([0, 0]), ReceptiveField(30, 1), 40).shape == (20, 20, 3)
