"""Each experiment is run anew by `testing.run`, in its smallest profile; nothing of it gets into the report."""

from report_cli import testing


def test_more_points_come_nearer_to_pi(tmp_path):
    """A thousand times as many points are off by less, and by about what chance allows."""
    few, many = testing.run("pi", tmp_path, points=100), testing.run("pi", tmp_path, points=100_000)
    assert many.scalars["error"] < few.scalars["error"]
    assert many.scalars["error"] < 4 * 1.6 / 100_000**0.5


def test_the_pendulum_tells_gravity(tmp_path):
    """The known gravity lies within two standard errors, and fewer lengths leave a larger one."""
    whole, short = testing.run("pendulum", tmp_path), testing.run("pendulum", tmp_path, longest_m=0.5)
    assert abs(whole.scalars["gravity"] - 9.81) < 2 * whole.scalars["error"]
    assert short.scalars["error"] > whole.scalars["error"]
