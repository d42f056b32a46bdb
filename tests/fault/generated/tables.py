"""CSV files: right ones, and such as people export."""

from hypothesis import strategies as st

CELL = st.one_of(
    st.integers(-5, 5).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(
        [
            "",
            " ",
            "a",
            "é",
            '"',
            '"a,b"',
            '"a\nb"',
            "1,5",
            "1e400",
            "nan",
            "-0",
            "0x1",
            "١",
            "漢",
            "\x00",
            "True",
            "1_000",
            "=A1",
        ]
    ),
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a CSV file, mostly with a header and as many cells in each row."""
    columns = draw(st.integers(1, 4))
    header = draw(
        st.lists(st.sampled_from(["x", "y", "z", "", " y", "é", "x y", "1"]), min_size=columns, max_size=columns)
    )
    ragged = draw(st.integers(0, 9)) == 9
    rows = [
        draw(st.lists(CELL, min_size=0 if ragged else columns, max_size=columns))
        for _ in range(draw(st.integers(0, 6)))
    ]
    end = draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
    mark = draw(st.sampled_from([",", ",", ",", ";", "\t"]))
    text = end.join(mark.join(row) for row in [header, *rows]) + draw(st.sampled_from(["", end]))
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"])), errors="replace")
