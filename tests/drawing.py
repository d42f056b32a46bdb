"""Figures as they are written: laid out, then as SVG."""

from matplotlib.figure import Figure

from report_cli.figures import style


def to_svg(figure: Figure) -> bytes:
    """Lay `figure` out, and return it as SVG."""
    style.lay_out(figure)
    return style.to_svg(figure)
