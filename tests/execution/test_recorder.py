"""What a run keeps of its progress on disk."""

from pathlib import Path

import numpy as np

from report_cli.execution.recorder import CheckpointFolder


def test_what_is_kept_outlives_later_checkpoints(tmp_path: Path) -> None:
    """Of the checkpoints only the newest stay; what is kept stays until the run is finished, and is no checkpoint."""
    folder = CheckpointFolder(tmp_path)
    assert folder.kept("weights") is None
    folder.keep("weights", {"kernel": np.arange(3)})
    assert folder.load() is None
    for epoch in range(1, 5):
        folder.save(epoch, {"place": np.array(epoch)}, {"rows": epoch})
    again = CheckpointFolder(tmp_path)
    assert len(list(tmp_path.glob("epoch-*.npz"))) == 2
    kept, loaded = again.kept("weights"), again.load()
    assert kept is not None
    assert kept["kernel"].tolist() == [0, 1, 2]
    assert loaded is not None
    assert (loaded[0], loaded[1]["place"], loaded[2]) == (4, 4, {"rows": 4})


def test_what_is_damaged_is_not_there(tmp_path: Path) -> None:
    """A flipped byte shows: damaged arrays are never returned."""
    folder = CheckpointFolder(tmp_path)
    folder.keep("weights", {"kernel": np.zeros(100)})
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert folder.kept("weights") is None
