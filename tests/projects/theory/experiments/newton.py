"""Newton's method for logistic regression with one weight, in Python alone."""

import math

import report_cli as report

POINTS = ((-2.0, 0), (-1.0, 0), (-0.5, 1), (0.5, 0), (1.0, 1), (3.0, 1))


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def loss(weight):
    return sum(math.log1p(math.exp(weight * x)) - y * weight * x for x, y in POINTS)


def slope(weight):
    return sum((sigmoid(weight * x) - y) * x for x, y in POINTS)


def curvature(weight):
    return sum(sigmoid(weight * x) * (1 - sigmoid(weight * x)) * x**2 for x, _ in POINTS)


@report.experiment(
    "newton",
    title="Newton's method on six points",
    metrics={
        "weight": report.Metric("", "weight at the end"),
        "loss": report.Metric("nat", "loss at the end"),
        "steps": report.Metric("count", "steps until the slope is below the tolerance"),
        "gap": report.Metric("", "largest distance between the slope and a difference quotient"),
    },
    profiles={"tolerance": 1e-10, "width": 1e-5},
)
def newton(params, record):
    """How many steps does Newton's method take from zero? Expected: about five. Cost: none."""
    weight, rows, gap = 0.0, [], 0.0
    while abs(slope(weight)) > params.tolerance:
        quotient = (loss(weight + params.width) - loss(weight - params.width)) / (2 * params.width)
        gap = max(gap, abs(quotient - slope(weight)))
        rows.append({"step": len(rows), "weight": weight, "loss": loss(weight), "slope": slope(weight)})
        weight -= slope(weight) / curvature(weight)
    record.table("steps", rows)
    record(weight=weight, loss=loss(weight), steps=len(rows), gap=gap)
