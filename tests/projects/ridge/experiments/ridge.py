"""Ridge regression of rents, for several penalties."""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import report_cli as report
from report_cli.figures import style

FLATS = report.Table("flats", "Rents of flats", file="data/flats.csv", target="rent")
PENALTIES = [0.01, 0.1, 1.0, 10.0, 100.0]


def draw(results, figures):
    """Draw the errors of all seeds, and their means, against the penalty."""
    figure = style.new_figure(height_mm=60)
    axes = figure.add_subplot(xlabel=r"penalty $\lambda$", ylabel="root mean squared error", xscale="log")
    for part, colour in (("train", style.GREY), ("test", style.ACCENT)):
        errors = np.array([results.where(penalty=p).metric(f"{part}_error") for p in PENALTIES])
        axes.plot(PENALTIES, errors, ".", color=colour, markersize=3)
        axes.plot(PENALTIES, errors.mean(axis=1), color=colour, label=part)
    axes.legend(frameon=False)
    best = PENALTIES[errors.mean(axis=1).argmin()]
    figures.add("errors", figure, alt=f"Training errors grow with the penalty; test errors are lowest at {best:g}.")


@report.experiment(
    "ridge",
    title="Ridge regression of rents",
    data=FLATS,
    metrics={
        "train_error": report.Metric("", "root mean squared error on the flats that it was fitted to"),
        "test_error": report.Metric("", "root mean squared error on other flats"),
        "test_flats": report.Metric("count", "other flats"),
    },
    profiles={"penalty": 1.0, "degree": 3, "test": 0.3},
    grid=report.grid(penalty=PENALTIES),
    seeds=5,
    figures=("errors",),
    draw=draw,
)
def ridge(params, data, record):
    """Which penalty predicts rents best? Expected: one between 1 and 10. Cost: a second."""
    split = data.split(test=params.test, seed=record.seed)
    model = make_pipeline(StandardScaler(), PolynomialFeatures(params.degree), Ridge(params.penalty))
    model.fit(split.train.features, split.train.target)
    record(test_flats=len(split.test))
    for part, flats in (("train", split.train), ("test", split.test)):
        missed = model.predict(flats.features) - flats.target
        record(**{f"{part}_error": float(np.sqrt((missed**2).mean()))})
