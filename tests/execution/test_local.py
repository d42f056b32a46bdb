"""How the cores of a machine are shared out."""

import pytest

from report_cli.execution.local import share


@pytest.mark.parametrize(("cores", "at_once"), [(8, 2), (8, 3), (3, 2), (2, 2), (64, 5)])
def test_shares_are_disjoint_and_leave_no_core_out(cores: int, at_once: int) -> None:
    """Where there are enough cores, each is one run's."""
    shares = [share(range(cores), number, at_once) for number in range(at_once)]
    assert sorted(core for each in shares for core in each) == list(range(cores))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_more_runs_than_cores_share_them() -> None:
    """Each run has one core, in turn."""
    assert [share([4, 6], number, 5) for number in range(5)] == [[4], [6], [4], [6], [4]]


def test_a_run_alone_is_not_bound() -> None:
    """Nothing is named, which is all cores."""
    assert share(range(8), 0, 1) == []
