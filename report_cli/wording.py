"""How times, sizes, numbers and lists read, and the one place that reads the clock; none of it goes into a key."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal


def timestamp() -> str:
    """Return the current time in UTC, to the second, as ISO 8601. It goes into manifests, never into a key."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def moment(when: str) -> str:
    """Return a time of `timestamp` as people here say it: today at 20:12, yesterday at ..., on 2026-11-28 at 20:12."""
    local = datetime.fromisoformat(when).astimezone()
    days = (datetime.now().astimezone().date() - local.date()).days
    return f"{('today', 'yesterday')[days] if days in (0, 1) else f'on {local:%Y-%m-%d}'} at {local:%H:%M}"


def duration(seconds: float) -> str:
    """Return a duration: 0.2 s, 45 s, 3 min, 2 h 05 min."""
    if 0 < seconds < 0.95:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(size_bytes: int) -> str:
    """Return a size: 870 bytes, 14 kB, 12 MB, 3.2 GB."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if size_bytes < factor * 999.5:
            return f"{size_bytes / factor:.0f} {unit}"
    return f"{size_bytes / 1e9:.1f} GB"


def listing(words: Sequence[str], last: str = "and") -> str:
    """Return words as a list: a, b and c."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), words[-1] if words else "") if part)


def printable(text: str) -> str:
    """Return `text` with what a terminal would obey or couldn't show (escapes, bells, lone surrogates) spelled out."""
    return "".join(
        c if c.isprintable() or c == "\n" or unicodedata.category(c) == "Zs" else c.encode("unicode_escape").decode()
        for c in text
    )


# A float is sure of so many digits; those behind them are of the binary system, or of earlier arithmetic.
SURE_DIGITS = 15
# What is nearer to all than this is all.
SURELY = 1e-9
# Room for every digit of the largest float.
_BY_HAND = Context(prec=400, rounding=ROUND_HALF_UP)


def round_by_hand(number: float, digits: int, factor: int = 1) -> Decimal:
    """Return `number` times `factor` with `digits` decimals, rounded as people do it: on the decimal digits that they
    see, halves away from zero, and never to -0. 0.575 in percent is 58, 57.49 is 57, -0.2 is 0."""
    product = _BY_HAND.multiply(decimal(number), Decimal(factor))
    result = product.quantize(Decimal(1).scaleb(-digits), context=_BY_HAND)
    return result.copy_abs() if result.is_zero() else result


def percentage(share: float, digits: int) -> Decimal:
    """Return a share (0-1) in percent, rounded by hand; with more digits where what isn't all would become 100."""
    while (result := round_by_hand(share, digits, 100)) == 100 and share < 1 - SURELY:
        digits += 1
    return result


def decimal(number: float) -> Decimal:
    """Return the decimal number that people see: 57.5 for 57.49999999999999, which is 100 * 0.575."""
    return Decimal(f"{number:.{SURE_DIGITS}g}") if abs(number) < 10**SURE_DIGITS else Decimal(number)
