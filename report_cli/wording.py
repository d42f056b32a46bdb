"""The one place that reads the clock. Times go into manifests and messages, never into a key."""

import time
from datetime import UTC, datetime


def now() -> str:
    """Return the current time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def monotonic_s() -> float:
    """Return seconds from an arbitrary start, for durations."""
    return time.monotonic()


def words(seconds: float) -> str:
    """Return a duration for people: 45 s, 3 min, 2 h 05 min."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
