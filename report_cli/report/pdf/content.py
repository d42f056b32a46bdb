"""What a PDF of ours shows, read from the file itself: its text with its values and pictures, piece by piece.

The text is taken in the reading order of the tags, so it doesn't depend on where lines and pages end: where another
version of Pango breaks lines elsewhere, the same content is read. White space is left out for this reason, and hyphens
between letters. What no tag leads to (running heads, backgrounds, whatever was laid over a page) is read apart.
"""

import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report_cli import wording
from report_cli.errors import ReportError
from report_cli.report.deadline import deadline
from report_cli.report.provenance import NAME

if TYPE_CHECKING:
    import pikepdf

# A file from outside may be made to fill memory or time.
MOST_BYTES = 100 * 2**20
MOST_UNPACKED = 400 * 2**20
READING_S = 120
HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
# Where a line ends within a word.
BROKEN = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")
PAGE_NUMBER = re.compile(r"\d+$")
# Back by more than this, in thousandths of their size, letters are moved by whoever exchanges them.
FAR = 400
# A size or an area of text below it is none.
FLAT = 1e-4
# What moves or shrinks text beside where it is put: its operators, with what each does where it does nothing.
STEADY = {"Tc": 0, "Tw": 0, "Ts": 0, "Tz": 100}
# The operators that take a colour, in small letters.
COLOURS = ("g", "rg", "k", "sc", "scn")
CODES = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]*)>")


@dataclass(frozen=True)
class Piece:
    """A piece of what is shown: "text", a "value" whose `target` is its run, or a "picture" with a digest of shapes."""

    kind: str
    text: str
    page: int
    target: str = ""
    # Where the text of another page begins: (place in the text, page).
    turns: tuple[tuple[int, int], ...] = ()
    # The text as it is read, with spaces.
    words: str = ""

    def page_at(self, place: int) -> int:
        """Return the page on which the character at `place` of the text stands."""
        return max((turn for turn in self.turns if turn[0] <= place), default=(0, self.page))[1]

    @property
    def same(self) -> tuple[str, str, str]:
        """What two pieces have in common that show the same."""
        return self.kind, self.text, self.target


@dataclass(frozen=True)
class Content:
    """The pieces of a PDF: its text; figures and tables, which may stand before or after; what precedes the text, and
    footnotes, which stand between parts of the appendix where a page ends there; the appendix; and for each page what
    no tag leads to."""

    text: tuple[Piece, ...]
    floats: tuple[Piece, ...]
    notes: tuple[Piece, ...]
    apart: tuple[Piece, ...]
    headings: frozenset[str]
    outside: tuple[str, ...]
    # What else there is, in words: the operators with which is drawn what no tag leads to, what is drawn within text,
    # its colours, annotations and what they do, addresses, boxes of pages, metadata, the outline, files.
    extras: frozenset[str]


def attachment(path: Path) -> tuple[bytes, str]:
    """Return a PDF, and the text of its provenance.json.

    Raises:
        ReportError: it is none, is encrypted, broken or too large, or carries no provenance.json.
    """
    import pikepdf

    try:
        if path.stat().st_size > MOST_BYTES:
            raise ReportError(f"{path.name} has more than {MOST_BYTES // 2**20} MB, which no report has")
        content = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path.name} can't be read: {error.strerror}", _another(path)) from error
    with _reading(path.name, _another(path)), pikepdf.open(io.BytesIO(content)) as pdf:
        if pdf.is_encrypted:
            raise ReportError(f"{path.name} is encrypted, and no report is", "ask for the file that was built")
        if NAME not in pdf.attachments:
            raise ReportError(f"{path.name} carries no {NAME}: it was not built by this program, or it was saved anew")
        stream = pdf.attachments[NAME].get_file().obj
        text = _Reader(pdf).unpacked(stream).decode()
    return content, text


def _another(path: Path) -> str:
    """Return which PDF may have been meant by a path that is none: the one beside a page, or those of its folder."""
    beside = path.parent / f"{path.stem}.pdf"
    if path.suffix != ".pdf" and beside.is_file():
        return f"name the PDF that lies beside it: {beside}"
    if path.suffix == ".html" and path.is_file():
        return f"name a PDF; report build {path.stem} --to pdf writes it"
    there = [] if path.is_file() else sorted((path if path.is_dir() else path.parent).glob("*.pdf"))
    return f"there are {wording.listing([str(each) for each in there[:5]])}" if there else ""


def read(content: bytes, name: str) -> Content:
    """Return what the PDF in `content` shows; ReportError, which calls it `name`, where it can't be read."""
    import pikepdf

    with _reading(name), deadline(f"reading {name}", READING_S), pikepdf.open(io.BytesIO(content)) as pdf:
        return _Reader(pdf).read()


@contextmanager
def _reading(name: str, hint: str = "") -> Iterator[None]:
    """Whatever fails within the block is the fault of the file `name`."""
    import pikepdf

    try:
        yield
    except ReportError:
        raise
    except pikepdf.PasswordError as error:
        raise ReportError(f"{name} is encrypted, and no report is", "ask for the file that was built") from error
    except Exception as error:
        why = f": {error}" if isinstance(error, ValueError) else ""
        raise ReportError(f"{name} is no whole PDF of a report{why}", hint) from error


@dataclass
class _Mark:
    """What is drawn within one marked content: pieces of text, and a digest of the rest."""

    page: int
    text: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    # What else is no part of plain text.
    traits: set[str] = field(default_factory=set)

    def digest(self, kind: str) -> str:
        # Words of a figure are laid out by the renderer, so where they stand says nothing of the figure.
        drawn = self.shapes if self.text and kind == "Figure" else self.moves
        return sha256("\n".join(drawn).encode()).hexdigest()[:16]


class _Reader:
    def __init__(self, pdf: "pikepdf.Pdf") -> None:
        self.pdf = pdf
        self.room = MOST_UNPACKED
        self.marks: dict[tuple[int, int], _Mark] = {}
        self.pages: dict[tuple[int, int], int] = {}
        self.outside: list[list[str]] = []
        self.extras: set[str] = set()
        self.fonts: dict[tuple[int, int], dict[int, str]] = {}
        self.seen: set[tuple[int, int]] = set()
        self.head = ""

    def read(self) -> Content:
        self.extras |= set(self._beside())
        for number, page in enumerate(self.pdf.pages, 1):
            self.pages[page.obj.objgen] = number
            self.outside.append([])
            self._draw(number, page.obj.Contents, page.resources)
            self.extras |= set(self._around(page))
        parts: dict[str, list[Piece]] = {"text": [], "floats": [], "notes": [], "apart": []}
        headings: list[Piece] = []
        for element in self.pdf.Root.StructTreeRoot.K[0].K:
            self._walk(element, parts, "text" if element.S == "/Part" else "notes", headings)
        for (number, _), mark in self.marks.items():
            self.outside[number - 1] += mark.text
            self.extras |= {f"{words.split()[-1]} in a mark of its own" for words in mark.shapes} | mark.traits
        joined = {name: tuple(_joined(pieces)) for name, pieces in parts.items()}
        titles = frozenset(plain(piece.text) for piece in headings)
        count = len(self.outside)
        outside = tuple(plain("".join(t)).removesuffix(f"{n}/{count}") for n, t in enumerate(self.outside, 1))
        return Content(**joined, headings=titles, outside=outside, extras=frozenset(self.extras))

    def _beside(self) -> Iterator[str]:
        """Yield what the file says and does beside its pages."""
        for key, content in self.pdf.docinfo.items():
            # Its renderer is named by its version.
            if key not in ("/Producer", "/Creator"):
                yield f"{key[1:]} {content}"
        for key in ("/OpenAction", "/AA"):
            if key in self.pdf.Root:
                yield f"the action {key[1:]}"
        yield from (f"the file {name}" for name in self.pdf.attachments)
        yield from (f"the names {key[1:]}" for key in self.pdf.Root.get("/Names", {}) if key != "/Dests")
        with self.pdf.open_outline() as outline:
            items = list(outline.root)
            while items:
                item = items.pop()
                yield f"the entry {item.title!r} of the outline"
                items += item.children

    def _around(self, page: "pikepdf.Page") -> Iterator[str]:
        """Yield what a page has beside what is drawn on it."""
        for name in ("mediabox", "cropbox", "trimbox"):
            yield f"a page with the {name} {' '.join(map(_spelled, getattr(page, name)))}"
        if "/AA" in page.obj:
            yield "the action AA of a page"
        for annotation in page.obj.get("/Annots", ()):
            if (kind := str(annotation.get("/Subtype"))) != "/Link":
                yield f"annotation {kind}"
            if "/AP" in annotation:
                yield f"a picture in an annotation {kind}"
            if (action := annotation.get("/A")) is not None:
                yield f"a link that does {action.get('/S')} {action.get('/URI', '')}"

    def unpacked(self, stream: Any) -> bytes:
        """Return the content of a stream that may be made to fill the memory."""
        filters = stream.get("/Filter")
        raw: bytes = stream.read_raw_bytes()
        if filters is None:
            return raw
        if str(filters) != "/FlateDecode" and [str(f) for f in filters] != ["/FlateDecode"]:
            raise ValueError(f"a stream is packed by {filters}")
        content = zlib.decompressobj().decompress(raw, self.room)
        self.room -= len(content)
        if self.room <= 0:
            raise ValueError(f"it unpacks to more than {MOST_UNPACKED // 2**20} MB")
        return content

    def _draw(self, number: int, contents: Any, resources: Any, within: _Mark | None = None) -> None:
        """Sort what a page draws by its marked content; `within` is the one that a form on it belongs to."""
        import pikepdf

        streams = contents if isinstance(contents, pikepdf.Array) else [contents]
        whole = self.pdf.make_stream(b"\n".join(self.unpacked(stream) for stream in streams))
        open_: list[_Mark | None] = [within]
        font: dict[int, str] = {}
        place = size = ""
        for instruction in pikepdf.parse_content_stream(whole):
            operands: Any = instruction.operands
            name = str(instruction.operator)
            if trait := _trait(name, operands, resources):
                (self.extras if open_[-1] is None else open_[-1].traits).add(trait)
            if name in ("BMC", "BDC"):
                open_.append(self._opened(number, name, operands, open_[-1]))
            elif name == "EMC":
                open_.pop()
            elif name == "Tm":
                place = " ".join(map(_spelled, operands))
            elif name == "Tf":
                font, size = self._font(resources["/Font"][str(operands[0])]), _spelled(operands[1])
            elif name in ("Tj", "TJ", "'", '"'):
                self._write(number, open_[-1], operands, font, f"{size} {place}")
            elif name == "Do":
                drawn = resources["/XObject"][str(operands[0])]
                if drawn.get("/Subtype") == "/Form":
                    self._draw(number, drawn, drawn.get("/Resources", resources), open_[-1])
                else:
                    self._note(open_[-1], f"Do {self._picture(drawn)}", ())
            else:
                self._note(open_[-1], name, operands)

    def _opened(self, number: int, name: str, operands: Any, outer: _Mark | None) -> _Mark | None:
        """Return the mark of what is drawn from here on: what is within the mark of another one belongs to that."""
        properties: Any = operands[1] if name == "BDC" else {}
        mark = outer
        if mark is None and "/MCID" in properties:
            mark = self.marks.setdefault((number, int(properties.MCID)), _Mark(number))
        if "/ActualText" in properties:
            # What is found and copied in place of what is seen.
            self._text_of(number, mark).append(str(properties.ActualText))
        return mark

    def _text_of(self, number: int, mark: _Mark | None) -> list[str]:
        """Return where the text goes that is drawn on a page, in a mark or in none."""
        return self.outside[number - 1] if mark is None else mark.text

    def _note(self, mark: _Mark | None, name: str, operands: Any) -> None:
        """Note an operator that is no text: in the mark that it is in, or as something that no tag leads to."""
        words = " ".join([*map(_spelled, operands), name])
        if name == "Tr" or mark is None:
            # Whoever covers something takes a colour.
            colour = name.lower() in COLOURS
            self.extras.add(words if colour or name == "Tr" else name)
        elif not name.startswith("T") and name not in ("BT", "ET", "q", "Q", "gs"):
            if name != "cm":
                mark.shapes.append(words)
            # The first ones say where on the page the picture is, and how large.
            if name != "cm" or mark.shapes:
                mark.moves.append(words)

    def _write(self, number: int, mark: _Mark | None, operands: Any, font: dict[int, str], where: str) -> None:
        """Note what is written, in which size and place."""
        text = "".join(_decoded(font, string) for string in _strings(operands))
        self._text_of(number, mark).append(text)
        if mark is not None:
            mark.moves.append(f"{where} {text}")

    def _font(self, font: Any) -> dict[int, str]:
        if font.objgen not in self.fonts:
            # Both bfchar and bfrange have pairs of one code here: WeasyPrint writes no ranges.
            table = self.unpacked(font.ToUnicode)
            pairs = CODES.findall(table[table.index(b"beginbfchar") :]) if b"beginbfchar" in table else ()
            self.fonts[font.objgen] = {
                int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs
            }
        return self.fonts[font.objgen]

    def _picture(self, picture: Any) -> str:
        """Return a digest of an image."""
        packed = str(picture.get("/Filter")) not in ("None", "/FlateDecode")
        digest = sha256(picture.read_raw_bytes() if packed else self.unpacked(picture))
        for key in ("/Width", "/Height", "/ColorSpace", "/Decode", "/DecodeParms"):
            digest.update(repr(picture.get(key)).encode())
        if "/SMask" in picture:
            digest.update(self._picture(picture.SMask).encode())
        return digest.hexdigest()[:16]

    def _walk(self, element: Any, parts: dict[str, list[Piece]], place: str, headings: list[Piece]) -> None:
        """Sort the content below an element of the tree of tags into `parts`, in reading order."""
        if element.objgen in self.seen:
            raise ValueError("its tags run in a circle")
        self.seen.add(element.objgen)
        kind, children = str(element.S)[1:], list(_children(element))
        page = self.pages.get(element.Pg.objgen, 0)
        captioned = kind == "NonStruct" and any(_is_element(child) and child.S == "/Caption" for child in children)
        if kind == "Table" or captioned:
            place = "floats"
        elif kind == "Sect":
            place = "apart"
        pieces, before = parts[place], len(parts[place])
        if kind == "Link":
            pieces.append(self._link(page, children))
        elif kind in ("Figure", "Formula"):
            mark = self.marks.pop((page, next(c for c in children if isinstance(c, int))), _Mark(page))
            # Figures have lines and areas that are seen through.
            self.extras |= mark.traits if kind == "Formula" else set()
            words = f"{element.get('/Alt', '')} {plain(''.join(mark.text))}"
            pieces.append(Piece("picture", words.strip(), page, mark.digest(kind)))
        else:
            for child in children:
                if isinstance(child, int):
                    pieces.append(Piece("text", self._text(page, child), page))
                elif _is_element(child):
                    self._walk(child, parts, place, headings)
        self._end(kind, page, pieces, before, headings)

    def _end(self, kind: str, page: int, pieces: list[Piece], before: int, headings: list[Piece]) -> None:
        """Note the end of an element, whose pieces begin at `before`."""
        words = "".join(piece.text for piece in pieces[before:])
        if kind in ("TD", "TH"):
            # The values of two cells are never one that was parted.
            pieces.append(Piece("text", " ", page))
        elif kind in ("H1", "H2"):
            headings.append(Piece("text", words, page))
        elif kind == "THead":
            if words == self.head:
                # A table that goes on on the next page has its head again.
                del pieces[before:]
            self.head = words

    def _link(self, page: int, children: Sequence[Any]) -> Piece:
        text, target = "", ""
        for child in children:
            if isinstance(child, int):
                text += self._text(page, child)
            elif _is_element(child):
                # A link within a link is the number of a page, in the contents: it depends on where pages end.
                number = PAGE_NUMBER.search(self._link(page, list(_children(child))).text)
                if number and number[0] != str(self.place(target)):
                    text += number[0]
            elif child.get("/Type") == "/OBJR":
                target = str(child.Obj.get("/Dest", ""))
        return Piece("value", text, page, target) if target.startswith("run-") else Piece("text", text, page)

    def place(self, target: str) -> int:
        """Return the page that a link within the document leads to."""
        import pikepdf

        names = pikepdf.NameTree(self.pdf.Root.Names.Dests)
        return self.pages.get(names[target][0].objgen, 0) if target in names else 0

    def _text(self, page: int, mcid: int) -> str:
        mark = self.marks.pop((page, mcid), None)
        if mark is None:
            return ""
        self.extras |= mark.traits
        for words in mark.shapes:
            is_colour = words.split()[-1].lower() in COLOURS
            self.extras.add(f"text in the colour {words}" if is_colour else f"{words.split()[-1]} within text")
        return "".join(mark.text)


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield pieces without what depends on the ends of lines and pages: text as one, a value that was parted as one."""
    for (kind, target, _), run in groupby(
        pieces, lambda piece: (piece.kind, piece.target, piece.kind == "picture" and id(piece))
    ):
        text, turns, parts = "", [], list(run)
        for part in parts:
            turns.append((len(plain(text)), part.page))
            text += part.text
        words = " ".join(BROKEN.sub("", "\n".join(part.text for part in parts)).split())
        yield Piece(kind, plain(text), parts[0].page, target, tuple(turns), words)


def plain(text: str) -> str:
    """Return `text` without what depends on where lines end."""
    return HYPHEN.sub("", "".join(text.split()).replace("\N{SOFT HYPHEN}", ""))


def _children(element: Any) -> Iterator[Any]:
    import pikepdf

    kids = element.get("/K", ())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        yield int(kid) if not isinstance(kid, pikepdf.Object) or kid._type_name == "integer" else kid


def _is_element(child: Any) -> bool:
    return not isinstance(child, int) and child.get("/Type") == "/StructElem"


def _strings(operands: Any) -> Iterator[Any]:
    import pikepdf

    for operand in operands:
        for each in operand if isinstance(operand, pikepdf.Array) else [operand]:
            if isinstance(each, pikepdf.String):
                yield each


def _trait(name: str, operands: Any, resources: Any) -> str:
    """Return what an instruction does to text that no renderer of ours does, or nothing."""
    import pikepdf

    if name == "gs":
        state = resources["/ExtGState"][str(operands[0])]
        is_faint = "/SMask" in state or min(float(state.get(key, 1)) for key in ("/ca", "/CA")) < 1
        return "text that is seen through" if is_faint else ""
    if name == "Tm":
        a, b, c, d, *_ = map(float, operands)
        return "text without width or height" if abs(a * d - b * c) < FLAT else ""
    if name == "Tf":
        return "text of no size" if abs(float(operands[1])) < FLAT else ""
    if name in STEADY:
        return f"text that {name} moves" if float(operands[0]) != STEADY[name] else ""
    if name == "TJ":
        moves = (each for each in operands[0] if not isinstance(each, pikepdf.String))
        return "letters moved back" if any(float(each) > FAR for each in moves) else ""
    return ""


def _decoded(font: dict[int, str], string: Any) -> str:
    codes = bytes(string)
    return "".join(
        font.get(int.from_bytes(codes[n : n + 2]), "\N{REPLACEMENT CHARACTER}") for n in range(0, len(codes), 2)
    )


def _spelled(operand: Any) -> str:
    try:
        return f"{float(operand) or 0:.2f}".replace("-0.00", "0.00")
    except (TypeError, ValueError):
        return str(operand)
