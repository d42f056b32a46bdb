"""Wie weit ein Ball mit und ohne Luftwiderstand fliegt."""

import numpy as np

import report_cli as report
from report_cli.figures import style

GRAVITY = 9.81
ANGLES = [15, 30, 45, 60, 75]
DRAGS = [0.0, 0.01, 0.03]


def draw(results, figures):
    """Zeichne die Weite gegen den Winkel, eine Linie für jeden Widerstand."""
    figure = style.new_figure(height_mm=60)
    axes = figure.add_subplot(xlabel="Winkel (Grad)", ylabel="Weite (m)")
    for drag, mark in zip(DRAGS, "os^", strict=True):
        label = f"$k$ = {drag:g} / m".replace(".", ",")
        ranges = results.where(drag=drag).metric("range_m")
        axes.plot(ANGLES, ranges, f"{mark}-", color=style.ACCENT, markersize=3, label=label)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figures.add("weite", figure, alt="Die Weite ist bei mittleren Winkeln am größten und sinkt mit dem Widerstand.")


@report.experiment(
    "wurf",
    title="Schiefer Wurf",
    metrics={
        "range_m": report.Metric("m", "Weite"),
        "height_m": report.Metric("m", "größte Höhe"),
        "steps": report.Metric("count", "Rechenschritte"),
    },
    profiles={"speed": 20.0, "angle": 45, "drag": 0.0, "step_s": 0.001},
    grid=report.grid(angle=ANGLES, drag=DRAGS),
    figures=("weite",),
    draw=draw,
)
def wurf(params, record):
    """Bei welchem Winkel fliegt der Ball am weitesten? Erwartet: 45 Grad ohne Luft, darunter mit Luft."""
    angle = np.radians(params.angle)
    place, velocity = np.zeros(2), params.speed * np.array([np.cos(angle), np.sin(angle)])
    height, steps = 0.0, 0
    while place[1] >= 0:
        acceleration = -params.drag * np.linalg.norm(velocity) * velocity - [0, GRAVITY]
        # Mittelpunktregel
        place = place + params.step_s * (velocity + params.step_s / 2 * acceleration)
        velocity = velocity + params.step_s * acceleration
        height, steps = max(height, place[1]), steps + 1
    record(range_m=float(place[0]), height_m=float(height), steps=steps)
