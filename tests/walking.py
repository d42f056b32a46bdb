"""A small experiment with epochs and checkpoints, computed with numpy on the real worker, runner and store."""

import os
from pathlib import Path

WALK = '''
    """A random walk in as many epochs as asked, for tests of the run wing."""

    import os
    import pathlib
    import time

    import numpy as np

    import report_cli as report

    STEP = 1.0


    def draw(results, figures):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(2, 1))
        for run in results:
            figure.add_subplot().plot([row["position"] for row in run.history])
        figures.add("path", figure, alt=f"{len(results)} walks")


    @report.experiment(
        "walk",
        title="A walk",
        metrics={"end": report.Metric("", "where it ends")},
        profiles={"epochs": 6, "wait_s": 0.0, "fail": ""},
        figures=("path",),
        draw=draw,
    )
    def walk(params, record):
        """Where does it end?"""
        saved = record.checkpoint.load()
        done, position, history = 0, np.zeros(3), []
        if saved:
            done, position, history = saved[0], saved[1]["position"], saved[2]["history"]
        for row in history:
            record.row(**row)
        for epoch in range(done + 1, params.epochs + 1):
            position = position + STEP * np.random.default_rng([record.seed, epoch]).normal(size=3)
            row = {"epoch": epoch, "position": float(position[0])}
            history.append(row)
            record.row(**row)
            record.checkpoint.save(epoch, {"position": position}, {"history": history})
            record.progress(epoch, params.epochs, position=float(position[0]))
            time.sleep(params.wait_s)
            if params.fail == "raise":
                raise LookupError("no such step")
            if params.fail == "die":
                os.kill(os.getpid(), 9)
            if params.fail == "memory":
                np.ones(1 << 36)
            if params.fail == "fill":
                disk = os.statvfs("build")
                pathlib.Path("build/filling").write_bytes(bytes(disk.f_bavail * disk.f_frsize))
        record.array("position", position)
        record.weights({"w": position})
        if params.fail != "forget":
            record(end=float("nan") if params.fail == "nan" else position.sum())
'''


def fill(folder: str | Path) -> Path:
    """Return a file in `folder` that leaves no room on its disk, as another program might write one."""
    filling, disk = Path(folder) / "filling", os.statvfs(folder)
    filling.write_bytes(bytes(disk.f_bavail * disk.f_frsize))
    return filling
