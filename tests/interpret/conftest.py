import pytest


@pytest.fixture(scope="session", autouse=True)
def session() -> None:
    """TensorFlow takes the number of its threads only before its first operation."""
    from report_cli.training import backend

    backend.start(0)
