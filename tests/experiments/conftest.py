import pytest


@pytest.fixture(scope="session", autouse=True)
def session() -> None:
    """TensorFlow takes the number of its threads only before its first operation."""
    from tests.training.memory import start

    start(0)
