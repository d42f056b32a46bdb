"""LaTeX as authors write it, in the words that pandoc reads; what it would lose is refused."""

import re

COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
# Pandoc knows no such command, or takes it for a near one: the same in its words, or the character itself.
SAME = {
    r"\thinspace": r"\,", r"\medspace": r"\:", r"\thickspace": r"\;", r"\negthinspace": r"\!",
    r"\negmedspace": r"\hspace{-0.222em}", r"\negthickspace": r"\hspace{-0.278em}",
    r"\cfrac": r"\dfrac", r"\dbinom": r"\genfrac{⟮}{⟯}{}{0}", r"\tbinom": r"\genfrac{⟮}{⟯}{}{1}",
    r"\injlim": r"\operatorname*{inj\,lim}", r"\projlim": r"\operatorname*{proj\,lim}",
    r"\varlimsup": r"\overline{\lim}", r"\varliminf": r"\underline{\lim}",
    r"\varinjlim": r"\underrightarrow{\lim}", r"\varprojlim": r"\underleftarrow{\lim}",
    r"\limsup": r"\operatorname*{lim\,sup}", r"\liminf": r"\operatorname*{lim\,inf}",
    r"\idotsint": r"\int\!\cdots\!\int ", r"\colon": r"\hspace{0.111em}\mathord{:}\hspace{0.333em}",
    r"\amalg": "⨿", r"\wr": "≀", r"\underbar": r"\underline",
    r"\notag": "", r"\nonumber": "", r"\allowbreak": "",  # Rows have no numbers and formulas no page breaks.
    r"\Hat": r"\hat", r"\Check": r"\check", r"\Tilde": r"\tilde", r"\Acute": r"\acute", r"\Grave": r"\grave",
    r"\Dot": r"\dot", r"\Ddot": r"\ddot", r"\Breve": r"\breve", r"\Bar": r"\bar", r"\Vec": r"\vec",
    r"\thicksim": r"\sim", r"\thickapprox": r"\approx", r"\setminus": r"\smallsetminus", r"\varnothing": r"\emptyset",
    r"\longleftarrow": "⟵", r"\longrightarrow": "⟶", r"\longleftrightarrow": "⟷", r"\longmapsto": "⟼",
    r"\Longleftarrow": "⟸", r"\Longrightarrow": "⟹", r"\Longleftrightarrow": "⟺", r"\iff": r"\;⟺\;",
    r"\implies": r"\;⟹\;", r"\impliedby": r"\;⟸\;",
    r"\preceq": "⪯", r"\succeq": "⪰", r"\leqslant": "⩽", r"\geqslant": "⩾", r"\square": "□",
}  # fmt: skip
# The brackets of \dbinom and \tbinom, for which pandoc would forget the size: `mathml` takes the line out.
STACKED = "⟮⟯"
# Commands of one argument that pandoc doesn't know, as one that it knows: `mathml` finds the name below the argument.
CARRIED = (r"\hphantom", r"\vphantom")
CARRIER = "⟦{}⟧"
_LABEL = "a display formula is numbered by its label, behind it: $$ ... $$ {#eq-name}"
_BESIDE = r"write scripts beside a sign as \sum\nolimits_a^b, and a prime as \sum\nolimits'"
_STYLE = "it may only begin a formula; write \\dfrac or \\tfrac for a fraction"
_TEXT = "end the formula, write the text, and begin another formula"
_BOX = r"leave it out, or write \phantom"
_COLOR = "leave it out: formulas have the colour of the text"
_DELIMITERS = r"write delimiters without a line: \left( \begin{array}{cc} ... \end{array} \right)"
REFUSED = {
    r"\tag": _LABEL, r"\label": _LABEL, r"\eqref": "write @eq-name outside the formula",
    r"\ref": "write @eq-name outside the formula", r"\intertext": _TEXT, r"\shortintertext": _TEXT,
    r"\sideset": _BESIDE, r"\leftroot": "leave it out", r"\uproot": "leave it out", r"\smash": _BOX,
    r"\hline": _DELIMITERS, r"\hdotsfor": r"write a row of \dots", r"\color": _COLOR, r"\textcolor": _COLOR,
    r"\displaystyle": _STYLE, r"\textstyle": _STYLE, r"\scriptstyle": _STYLE, r"\scriptscriptstyle": _STYLE,
    r"\surd": r"write \sqrt{...}", r"\over": r"write \frac{...}{...}", r"\def": r"write \newcommand",
    r"\cancel": "nothing is struck out", r"\shoveleft": "leave it out",
    r"\shoveright": "leave it out", r"\underleftrightarrow": r"write \overleftrightarrow{...}",
    r"\overparen": r"write \overbrace{...}", r"\underparen": r"write \underbrace{...}",
    r"\allowdisplaybreaks": "leave it out", r"\displaybreak": "leave it out", r"\sphat": r"write \widehat{...}",
    r"\numberwithin": "leave it out",
}  # fmt: skip
# What pandoc takes in and loses in part.
_LOST = (
    (r"\\begin\{\w+\*?\}(?:\{\d+\})?\[[tbc]\]", "leave [t], [c] and [b] out"),
    (r"\\begin\{array\}\{[^}]*[^lcr\s}][^}]*\}", _DELIMITERS),
    (r"\\begin\{multlined?\*?\}", r"write \begin{aligned} ... \end{aligned}, with & where the lines align"),
    (r"\\begin\{(?:subequations|CD|flalign|flaligned)\*?\}", r"write \begin{align} ... \end{align}"),
    (r"\\[cd]?frac\s*\[[lr]\]", "leave [l] and [r] out"),
    (r"\\genfrac(?!\{[^{}]*\}\{[^{}]*\}(?:\{\}\{0?\}|\{0pt\}\{\}))", r"write \dfrac, \tfrac, \dbinom or \tbinom"),
    (r"\\mathop(?![A-Za-z]|\{\\[A-Za-z]+\})", r"write \operatorname*{name}"),
    (r"\\math(?:bin|rel)(?=\s*\{?[A-Za-z])", r"write \;R\;"),
    (r"\\operatorname(?=\*?\s*\{[^{}]*\\[A-Za-z])", "the name of an operator is letters and spaces like \\,"),
)
# amsmath has the dots before such signs as high as the signs.
_CENTRED = (
    r"\\dots(?![A-Za-z])(?=\s*(?:[-+=<>]|\\(?:pm|mp|times|cdot|cap|cup|o(?:plus|times)|wedge|vee|leq?|geq?|neq?|i{1,4}nt)"
    r"(?![A-Za-z])))"
)
_NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|alignat|gather|eqnarray)\*?\}")
_WITHIN = {name: (rf"\begin{{{name}ed}}", rf"\end{{{name}ed}}") for name in ("align", "alignat", "gather")} | {
    "equation": ("", ""),
    "eqnarray": (r"\begin{array}{rcl}", r"\end{array}"),
}
_BOLD_LETTER = re.compile(r"\\(?:boldsymbol|bm|pmb)\s*(?:\{(?:[^{}\\]|\\[A-Za-z]+)*?(?<![\\A-Za-z])[A-Za-z]|[A-Za-z])")


def refusal(tex: str) -> tuple[str, str] | None:
    """Return what in a formula can't be set as LaTeX sets it, and what to write instead; None if there is nothing."""
    for match in COMMAND.finditer(_without_style(tex)):
        if (command := match[0]) in REFUSED:
            return command, REFUSED[command]
    for pattern, hint in _LOST:
        if lost := re.search(rf"(?<!\\)(?:\\\\)*({pattern})", tex):
            return lost[1], hint
    if has_upright_bold(tex) and _BOLD_LETTER.search(tex):
        return r"\mathbf", r"beside letters in \boldsymbol, write those of \mathbf so, too"
    return None


def has_upright_bold(tex: str) -> bool:
    r"""Whether the formula has letters in \mathbf, which are upright; its figures are so in each bold."""
    return r"\mathbf" in re.sub(r"\\mathbf\s*(?:\d|\{[\s\d.,+-]*\})", "", tex)


def is_display(tex: str, display: bool) -> bool:
    """Return whether the formula has limits below its signs and high fractions."""
    return not tex.lstrip().startswith(r"\textstyle") and (display or tex.lstrip().startswith(r"\displaystyle"))


def readable(tex: str, display: bool) -> str:
    """Return the formula in the words that pandoc reads."""

    def translate(match: re.Match[str]) -> str:
        command = match[0]
        if command in CARRIED:
            return rf"\underset{{\text{{{CARRIER.format(command[1:])}}}}}"
        if command in (r"\pmod", r"\pod"):  # what pandoc's space lacks to that of amsmath
            return rf"\hspace{{{0.778 if display else 0.222}em}}{command}"
        if command == r"\mod":
            return rf"\hspace{{{0.556 if display else 0.223}em}}{command}"
        return SAME.get(command, command)

    tex = COMMAND.sub(translate, _without_style(tex))
    tex = re.sub(r"\\begin\{subarray\}", r"\\begin{array}", tex).replace(r"\end{subarray}", r"\end{array}")
    # A mu is the eighteenth part of an em; pandoc reads no negative one.
    tex = re.sub(r"\\m(?:space\s*\{|kern\s*)(-?[\d.]+)\s*mu\}?", lambda m: rf"\hspace{{{float(m[1]) / 18:.3f}em}}", tex)
    tex = re.sub(_CENTRED, r"\\cdots ", tex)
    # A comma within a number has no space behind it.
    tex = re.sub(r"(?<=\d)\{,\}(?=\d)", r"\\mathord{,}", tex)
    # The fixed sizes of relations have space on both sides.
    return re.sub(r"\\([bB]igg?)m\s*(\\[A-Za-z]+|\\?.)", r"\\;\\\1\2\\;", tex)


def for_word(tex: str, display: bool) -> str:
    """Return the formula in words that pandoc reads, with nothing that `mathml` would have to put right."""
    tex = re.sub(r"\\genfrac\{⟮\}\{⟯\}\{\}\{[01]\}", r"\\binom", readable(tex, display))
    return re.sub(r"\\underset\{\\text\{⟦[hv]phantom⟧\}\}", r"\\phantom", tex)


def for_latex(tex: str) -> str:
    """Return a display formula as it may stand between \\[ and \\], where LaTeX takes no environment with numbers."""
    return _NUMBERED.sub(lambda match: _WITHIN[match[2]][match[1] == "end"], tex)


def _without_style(tex: str) -> str:
    return re.sub(r"^\s*\\(?:display|text)style(?![A-Za-z])", "", tex)
