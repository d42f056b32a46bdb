import pytest

from report_cli.errors import UsageError
from report_cli.report.text import formats

GAP = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (formats.percent(0.7383), f"73.8{GAP}%"),
        (formats.percent(-0.012, 2), f"−1.20{GAP}%"),
        (formats.percent(0.575, 0), f"58{GAP}%"),
        (formats.percent(-0.0004), f"−0.04{GAP}%"),
        (formats.percent(3e-9), f"3 × 10⁻⁷{GAP}%"),
        (formats.percent(0.0, 1), f"0.0{GAP}%"),
        (formats.percent(0.9996), f"99.96{GAP}%"),
        (formats.percent(0.996, 0), f"99.6{GAP}%"),
        (formats.percent(1.0), f"100.0{GAP}%"),
        (formats.percent(1.0004), f"100.0{GAP}%"),
        (formats.percentage(0.7383), "73.8"),
        (formats.percentage(-0.012), "−1.2"),
        (formats.percentage(0.9999, 1), "99.99"),
        (formats.decimals(3e-9), "3 × 10⁻⁹"),
        (formats.decimals(-0.2, 0), "−0.2"),
        (formats.decimals(0.00456, 2), "0.0046"),
        (formats.decimals(0.005, 2), "0.01"),
        (formats.decimals(0.0, 2), "0.00"),
        (formats.decimals(0.638, 3), "0.638"),
        (formats.decimals(100 * 0.575, 0), "58"),
        (formats.decimals(1234567.5, 0), "1,234,568"),
        (formats.integer(1791786), "1,791,786"),
        (formats.scientific(1791786), "1.79 × 10⁶"),
        (formats.scientific(-0.00002, 0), "−2 × 10⁻⁵"),
        (formats.scientific(0.000125, 1), "1.3 × 10⁻⁴"),
        (formats.scientific(9.9996e9), "1.00 × 10¹⁰"),
        (formats.scientific(0), "0.00 × 10⁰"),
        (formats.duration(0.0005), f"0.5{GAP}ms"),
        (formats.duration(0.000254), f"0.25{GAP}ms"),
        (formats.duration(-0.000001), f"−0.001{GAP}ms"),
        (formats.p_value(0.01273), "0.013"),
        (formats.p_value(0.001), "0.001"),
        (formats.p_value(0.0497), "0.0497"),
        (formats.p_value(0.04996), "0.04996"),
        (formats.p_value(0.0504), "0.050"),
        (formats.p_value(0.00099), "<\N{NO-BREAK SPACE}0.001"),
        (formats.duration(0.00096), f"1{GAP}ms"),
        (formats.duration(0), f"0{GAP}ms"),
        (formats.duration(0.085), f"85{GAP}ms"),
        (formats.duration(12.44), f"12.4{GAP}s"),
        (formats.duration(59.97), f"1{GAP}min 0{GAP}s"),
        (formats.duration(62.5), f"1{GAP}min 3{GAP}s"),
        (formats.duration(200.4), f"3{GAP}min 20{GAP}s"),
        (formats.duration(7500), f"2{GAP}h 5{GAP}min"),
        (formats.plain(0.7383, "fraction"), "0.7383"),
        (formats.plain(1250858, "count"), "1,250,858"),
        (formats.plain(12.5, "MB"), f"12.50{GAP}MB"),
        (formats.plain(0.0, ""), "0"),
        (formats.plain(0.0099999, ""), "0.01000"),
        (formats.plain(999.96, ""), "1,000"),
        (formats.exact(0.03), "0.03"),
        (formats.exact(-0.5), "−0.5"),
        (formats.exact(0.0001), "0.0001"),
        (formats.exact(1.5e-05), "1.5 × 10⁻⁵"),
        (formats.exact(40_000), "40,000"),
        (formats.exact(100.0), "100"),
        (formats.exact(0), "0"),
        (formats.rounded(-0.0), "0"),
        (formats.rounded(123456.7), "123,457"),
        (formats.rounded(-12345.6), "−12,346"),
        (formats.rounded(1 / 3), "0.3333"),
        (formats.rounded(1234.56), "1,235"),
        (formats.rounded(1.5e20), "1.5 × 10²⁰"),
    ],
)
def test_a_number_is_written_as_its_filter_says(written: tuple[str, str], text: str) -> None:
    """Every filter has one way to write a number in prose."""
    assert written[0] == text


def test_thousands_in_a_formula_are_not_punctuation() -> None:
    """Inside a formula a grouped number is text, because a comma there would set a space after itself."""
    assert formats.integer(1791786)[1] == r"\text{1,791,786}"


def test_a_fraction_is_no_integer() -> None:
    """The filter `integer` never rounds silently."""
    with pytest.raises(UsageError, match="not a whole number"):
        formats.integer(0.7383)


def test_a_count_of_digits_is_checked() -> None:
    """A count of digits that makes no sense is refused."""
    with pytest.raises(UsageError, match="count of digits"):
        formats.percent(0.5, -1)


def test_a_unit_in_a_formula_is_no_command() -> None:
    """Of a unit, which comes from a stored run, nothing is read as TeX."""
    _, tex = formats.plain(0.5, "}$%\\input{x}")
    assert tex == r"0.5000\,\text{\}\$\% input\{x\}}"
