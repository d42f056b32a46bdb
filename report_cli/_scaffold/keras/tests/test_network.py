"""The network is trained anew in its smallest profile."""

import pytest

from report_cli import testing

pytest.importorskip("keras")


def test_it_learns(tmp_path):
    """With more epochs the loss is lower, on images that it was not trained on, too."""
    few, more = testing.run("bars", tmp_path, epochs=1), testing.run("bars", tmp_path, epochs=10)
    assert more.scalars["train_loss"] < few.scalars["train_loss"]
    assert more.scalars["test_loss"] < few.scalars["test_loss"]
