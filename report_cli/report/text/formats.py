"""How a number is written: each function returns (text, TeX), the first for prose, the second for formulas."""

import math
import re
from decimal import ROUND_HALF_UP, Context

from report_cli import wording
from report_cli.errors import UsageError
from report_cli.wording import decimal, round_by_hand

MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
NO_BREAK = "\N{NO-BREAK SPACE}"
LEAST_P = 0.001
# A p-value below it is never written as if it weren't.
LARGEST_P = 0.05
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SPECIAL = re.compile(r"[\\{}$&#%_^~]")

# Text in a formula, which stays, or a number with a decimal comma or several groups of digits.
_SIGNED = re.compile(rf"(\\text\{{(?:\\.|[^\\}}])*\}})|(?=[\d.]+[,{NARROW}]\d|\d+\.\d+\.\d)\d+(?:[.,{NARROW}]\d+)+")

Written = tuple[str, str]


def percent(number: float, digits: int = 1) -> Written:
    """Return the fraction `number` (0-1) in percent, as `percentage` does, with the sign: 73.8 %."""
    text, tex = percentage(number, digits)
    return text + NARROW + "%", tex + r"\,\%"


def percentage(number: float, digits: int = 1) -> Written:
    """Return the fraction `number` (0-1) in percent, for a column of percentages or for a difference in points: 73.8.

    What isn't nothing is never written as 0, and what isn't all never as 100.
    """
    short = wording.percentage(number, _count(digits))
    return _small(100 * number) if short.is_zero() and number else _both(f"{short:f}")


def decimals(number: float, digits: int = 2) -> Written:
    """Return `number` with a fixed count of decimals: 0.64. What isn't nothing is never written as 0."""
    short = round_by_hand(number, _count(digits))
    return _small(number) if short.is_zero() and number else _both(f"{short:,f}")


def integer(number: float) -> Written:
    """Return the whole number `number` in groups of three: 1,791,786. UsageError when it has a fraction."""
    if abs(number - round(number)) > 1e-9 * max(1.0, abs(number)) or (number and not round(number)):
        raise UsageError(f"{number!r} is not a whole number", "use the filter decimals(n)")
    return _both(f"{round(number):,}")


def scientific(number: float, digits: int = 2) -> Written:
    """Return `number` with a power of ten: 1.79 × 10⁶."""
    short = Context(prec=_count(digits) + 1, rounding=ROUND_HALF_UP).plus(decimal(number))
    mantissa, power = f"{short.scaleb(-short.adjusted()):.{digits}f}", str(short.adjusted())
    return (
        f"{mantissa.replace('-', MINUS)} × 10{power.translate(SUPERSCRIPT)}",
        rf"{mantissa} \times 10^{{{power}}}",
    )


def p_value(number: float) -> Written:
    """Return a p-value with three decimals, or those that tell it from 0.05; a smaller one with the sign that says so:
    0.013, 0.0497, < 0.001."""
    digits = 3
    while number < LARGEST_P - wording.SURELY and round_by_hand(number, digits) == decimal(LARGEST_P):
        digits += 1
    text, tex = decimals(max(number, LEAST_P), digits)
    return (text, tex) if number >= LEAST_P else (f"<{NO_BREAK}{text}", f"< {tex}")


def duration(number: float) -> Written:
    """Return `number` seconds in the largest fitting units: 0.25 ms, 85 ms, 12.4 s, 3 min 20 s, 2 h 5 min."""
    seconds = abs(number)
    if 0 < seconds < 0.00095:
        text = f"{_small(1000 * seconds)[0]} ms"
    elif seconds < 0.9995:
        text = f"{round_by_hand(seconds, 0, 1000)} ms"
    elif seconds < 59.95:
        text = f"{round_by_hand(seconds, 1)} s"
    elif (whole := int(round_by_hand(seconds, 0))) < 3600:
        text = f"{whole // 60} min {whole % 60} s"
    else:
        minutes = int(round_by_hand(seconds / 60, 0))
        text = f"{minutes // 60} h {minutes % 60} min"
    text = (MINUS if number < 0 else "") + text
    # The words are parted by plain spaces, a number and its unit by narrow ones.
    return re.sub(r"(?<=\d) ", NARROW, text), rf"\text{{{text}}}"


def exact(number: float) -> Written:
    """Return `number` as someone set it, with the digits that it has: 0.03, 40,000, 1 × 10⁻⁵."""
    whole = decimal(number + 0.0).normalize()  # which is never -0
    if -5 < whole.adjusted() < 15:
        return _both(f"{whole:,f}")
    return scientific(number, len(whole.as_tuple().digits) - 1)


def rounded(number: float) -> Written:
    """Return `number` with at most four digits, but with all of its whole ones: 0.3333, 123,457."""
    whole = 0 < len(str(abs(int(number)))) - 4 < 12 if math.isfinite(number) else False
    return exact(float(round_by_hand(number, 0)) if whole else float(f"{number:.4g}"))


def plain(number: float, unit: str) -> Written:
    """Return `number` as its unit asks: counts in groups, times as durations, the rest with four digits."""
    if unit == "s":
        return duration(number)
    if float(number).is_integer() and abs(number) < 1e15:
        text, tex = integer(number)
    elif -4 <= (magnitude := Context(prec=4, rounding=ROUND_HALF_UP).plus(decimal(number)).adjusted()) < 6:
        text, tex = decimals(number, max(0, 3 - magnitude))
    else:
        text, tex = scientific(number, 3)
    if unit in ("", "count", "fraction"):
        return text, tex
    # The unit is text from a stored run: in a formula, none of it may be a command.
    spelled = SPECIAL.sub(lambda match: " " if match[0] in "\\^~" else "\\" + match[0], unit)
    return text + NARROW + unit, rf"{tex}\,\text{{{spelled}}}"


def upright(tex: str) -> str:
    """Return TeX with each number that has a comma or a group of digits as text, where no space follows the sign.

    In a formula a comma is punctuation, a decimal one only where a digit stands right behind it.
    """
    return _SIGNED.sub(lambda match: match[1] or rf"\text{{{match[0]}}}", tex)


def _small(number: float) -> Written:
    """Return `number`, of which the digits asked for would show nothing but zeros, with its first two that count."""
    return exact(float(f"{number:.2g}"))


def _count(digits: object) -> int:
    if not isinstance(digits, int) or not 0 <= digits <= 12:
        raise UsageError(f"{digits!r} is not a count of digits", "0 to 12")
    return digits


def _both(text: str) -> Written:
    # A bare comma in math mode is punctuation and sets a space after itself.
    return text.replace("-", MINUS), rf"\text{{{text}}}" if "," in text else text
