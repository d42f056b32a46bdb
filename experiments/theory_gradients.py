"""Questions about gradients: what max pooling passes back, and how Grad-CAM weighs the maps."""

import numpy as np

import report_cli as report
from experiments import theory_definitions as definitions

METRICS = {
    **definitions.counts(
        q12_window="height and width of the pooling window in the example of question 12",
    ),
    "q12_reached": report.Metric("fraction", "fraction of the inputs that a gradient reaches in the example"),
    "q21_alpha_1": report.Metric("", "weight of the first map in the example of question 21"),
    "q21_alpha_2": report.Metric("", "weight of the second map in the example"),
    "q21_score": report.Metric("", "class score in the example, before the sigmoid"),
    "q21_sigmoid_slope": report.Metric("", "derivative of the sigmoid at that score"),
}


def question_12(record: report.Record) -> None:
    """Pool a map with distinct maxima by 2x2, and pass a gradient back through the pooling."""
    size = 2
    values = np.array([[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 2], [6, 2, 3, 1]])
    upstream = np.array([[1, -2], [3, 4]])
    gradient = definitions.max_pool_gradient(values[:, :, None], size, upstream[:, :, None])[:, :, 0]
    record.array("q12_input", values)
    record.array("q12_output", definitions.max_pool(values[:, :, None], size)[:, :, 0])
    record.array("q12_upstream", upstream)
    record.array("q12_gradient", gradient)
    record(q12_window=size, q12_reached=int(np.count_nonzero(gradient)) / gradient.size)


def question_21(record: report.Record) -> None:
    """Grad-CAM by hand on two maps of 3x3 and a class score that is linear in them, so its gradient is its weights."""
    maps = np.array([[[0, 1, 3], [0, 2, 4], [0, 0, 1]], [[2, 1, 0], [3, 1, 1], [1, 0, 0]]])
    gradients = np.array([[[0, 1, 2], [0, 1, 2], [0, 1, 2]], [[-2, -1, 0], [-2, -1, 0], [-2, -1, 0]]])
    alpha = gradients.mean(axis=(1, 2))
    score = float((gradients * maps).sum())
    probability = 1 / (1 + np.exp(-score))
    for number in (1, 2):
        record.array(f"q21_map_{number}", maps[number - 1])
        record.array(f"q21_gradient_{number}", gradients[number - 1])
        record(**{f"q21_alpha_{number}": float(alpha[number - 1])})
    weighted = np.tensordot(alpha, maps, 1)
    record.array("q21_sum", weighted)
    record.array("q21_heatmap", np.maximum(weighted, 0))
    record(q21_score=score, q21_sigmoid_slope=float(probability * (1 - probability)))
