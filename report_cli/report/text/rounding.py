"""Rounding as people do it by hand: on the decimal digits that they see, halves away from zero, and never to -0."""

from decimal import ROUND_HALF_UP, Context, Decimal

# A float is sure of so many digits; those behind them are of the binary system, or of earlier arithmetic.
SURE = 15
# Room for every digit of the largest float.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)


def rounded(number: float, digits: int, factor: int = 1) -> Decimal:
    """Return `number` times `factor` with `digits` decimals: 0.575 in percent is 58, 57.49 is 57, -0.2 is 0."""
    result = _CONTEXT.multiply(exact(number), Decimal(factor)).quantize(Decimal(1).scaleb(-digits), context=_CONTEXT)
    return result.copy_abs() if result.is_zero() else result


def exact(number: float) -> Decimal:
    """Return the decimal number that people see: 57.5 for 57.49999999999999, which is 100 * 0.575."""
    return Decimal(f"{number:.{SURE}g}") if abs(number) < 10**SURE else Decimal(number)
