"""How a number is written: each function returns (text, TeX), the first for prose, the second for formulas."""

import math
import re
from decimal import ROUND_HALF_UP, Context

from report_cli.errors import UsageError
from report_cli.report.text.rounding import exact, rounded

MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SPECIAL = re.compile(r"[\\{}$&#%_^~]")

Written = tuple[str, str]


def percent(number: float, digits: int = 1) -> Written:
    """Return the fraction `number` (0-1) in percent: 73.8 %."""
    digits_text = f"{rounded(number, _count(digits), 100):f}"
    return _minus(digits_text) + NARROW + "%", digits_text + r"\,\%"


def decimals(number: float, digits: int = 2) -> Written:
    """Return `number` with a fixed count of decimals: 0.64."""
    text = f"{rounded(number, _count(digits)):,f}"
    return _minus(text), _tex(text)


def integer(number: float) -> Written:
    """Return the whole number `number` in groups of three: 1,791,786. UsageError when it has a fraction."""
    if abs(number - round(number)) > 1e-9 * max(1.0, abs(number)):
        raise UsageError(f"{number!r} is not a whole number", "use the filter decimals(n)")
    text = f"{round(number):,}"
    return _minus(text), _tex(text)


def scientific(number: float, digits: int = 2) -> Written:
    """Return `number` with a power of ten: 1.79 × 10⁶."""
    short = Context(prec=_count(digits) + 1, rounding=ROUND_HALF_UP).plus(exact(number))
    mantissa, power = f"{short.scaleb(-short.adjusted()):.{digits}f}", str(short.adjusted())
    return f"{_minus(mantissa)} × 10{power.translate(SUPERSCRIPT)}", rf"{mantissa} \times 10^{{{power}}}"


def duration(number: float) -> Written:
    """Return `number` seconds in the largest fitting units: 85 ms, 12.4 s, 3 min 20 s, 2 h 5 min."""
    text = _duration(number)
    return text, rf"\text{{{text.replace(NARROW, ' ')}}}"


def plain(number: float, unit: str) -> Written:
    """Return `number` as its unit asks: counts in groups, times as durations, the rest with four digits."""
    if unit == "s":
        return duration(number)
    if float(number).is_integer() and abs(number) < 1e15:
        written = integer(number)
    else:
        written = _four_digits(number)
    if unit in ("", "count", "fraction"):
        return written
    # The unit is text from a stored run: in a formula, none of it may be a command.
    spelled = SPECIAL.sub(lambda match: " " if match[0] in "\\^~" else "\\" + match[0], unit)
    return written[0] + NARROW + unit, rf"{written[1]}\,\text{{{spelled}}}"


def _four_digits(number: float) -> Written:
    magnitude = math.floor(math.log10(abs(number)))
    if -4 <= magnitude < 6:
        return decimals(number, max(0, 3 - magnitude))
    return scientific(number, 3)


def _duration(seconds: float) -> str:
    if seconds < 0:
        return MINUS + _duration(-seconds)
    if seconds < 0.9995:
        return f"{rounded(seconds, 0, 1000)}{NARROW}ms"
    if seconds < 59.95:
        return f"{rounded(seconds, 1)}{NARROW}s"
    whole = int(rounded(seconds, 0))
    if whole < 3600:
        return f"{whole // 60}{NARROW}min {whole % 60}{NARROW}s"
    minutes = int(rounded(seconds / 60, 0))
    return f"{minutes // 60}{NARROW}h {minutes % 60}{NARROW}min"


def _count(digits: object) -> int:
    if not isinstance(digits, int) or not 0 <= digits <= 12:
        raise UsageError(f"{digits!r} is not a count of digits", "0 to 12")
    return digits


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def _tex(text: str) -> str:
    # A bare comma in math mode is punctuation and sets a space after itself.
    return rf"\text{{{text}}}" if "," in text else text
