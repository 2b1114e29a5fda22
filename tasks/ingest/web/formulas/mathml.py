r"""MathML to TeX: the formulas of pages whose author's TeX is gone.

https://www.w3.org/TR/mathml-core/ and MathML 3's elements. What is broken (a fraction of one part, text where elements
belong, tokens that never end) is written as far as it goes: nothing raises, and every operator comes out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tasks.ingest.web.formulas import symbols
from tasks.ingest.web.formulas.latex import is_tex_encoding, tidy
from tasks.ingest.web.formulas.pieces import NOTHING, Piece, environment, in_fences, joined
from tasks.ingest.web.formulas.tokens import loose, written

TOKENS = frozenset(("mi", "mn", "mo", "mtext", "ms", "ci", "cn", "csymbol"))
_HIDDEN = frozenset(("annotation", "annotation-xml", "script", "style", "none", "mprescripts", "maligngroup",
                     "malignmark"))  # fmt: skip
_SIZES = {"thinmathspace": 0.167, "mediummathspace": 0.222, "thickmathspace": 0.278, "verythinmathspace": 0.056,
          "veryverythinmathspace": 0.056, "verythickmathspace": 0.333, "veryverythickmathspace": 0.389}  # fmt: skip
_UNITS = {"em": 1.0, "ex": 0.5, "px": 1 / 16, "pt": 1 / 12, "cm": 2.4, "mm": 0.24, "in": 6.0, "rem": 1.0, "mu": 1 / 18}
_LENGTH = re.compile(r"\s*(-?[\d.]+)\s*([a-z]*)")
_PRIMES = re.compile(r"'+")


@dataclass(slots=True)
class Element:
    """An element of MathML: its name without prefix in lower case, its attributes, and elements and text in it."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """An attribute's value."""
        return self.attributes.get(name, default)

    def text(self) -> str:
        """All text in it."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


def tex_of(formula: Element) -> str:
    """A ``math`` element as TeX without dollar signs, or nothing where it holds nothing that is seen."""
    return _row(formula.children, "").tex.strip()


def _piece(element: Element | str, variant: str) -> Piece:
    if isinstance(element, str):
        return loose(element, variant)
    name = element.name
    if name in _HIDDEN:
        return NOTHING
    variant = element.get("mathvariant") or variant
    if name in TOKENS:
        return _token(element, variant)
    if name in _WRITERS:
        return _WRITERS[name](element, variant)
    return _row(element.children, variant)


def _row(children: Iterable[Element | str], variant: str) -> Piece:
    return joined([_piece(child, variant) for child in children])


def _token(element: Element, variant: str) -> Piece:
    text = "".join(child for child in element.children if isinstance(child, str))
    inner = [child for child in element.children if isinstance(child, Element)]
    if any(child.name.startswith("m") and child.name != "mark" for child in inner):  # not ended, or a formula in text
        return joined(
            [
                written(child, element.name, variant) if isinstance(child, str) else _piece(child, variant)
                for child in element.children
            ]
        )
    name = {"ci": "mi", "cn": "mn", "csymbol": "mi"}.get(element.name, element.name)
    piece = written(element.text() if inner else text, name, variant)
    return replace(piece, kind="ord") if piece.kind == "bin" and element.get("form") in ("prefix", "postfix") else piece


def _arguments(element: Element, count: int, variant: str) -> tuple[list[Piece], list[Piece]]:
    """The parts of an element that has so many, empty where they lack, and what is over."""
    pieces = [
        _piece(child, variant)
        for child in element.children
        if not (isinstance(child, str) and not child.strip()) and not (isinstance(child, Element) and _is_note(child))
    ]
    return (pieces + [NOTHING] * count)[:count], pieces[count:]


def _is_note(element: Element) -> bool:
    return element.name.startswith("annotation")


def _with_rest(piece: Piece, rest: list[Piece]) -> Piece:
    return joined([piece, *rest]) if rest else piece


def _fraction(element: Element, variant: str) -> Piece:
    (over, under), rest = _arguments(element, 2, variant)
    parts = f"{{{over.tex}}}{{{under.tex}}}"
    thickness = _LENGTH.match(element.get("linethickness"))
    if thickness and not float(thickness[1].strip(".") or 1):
        made = Piece(f"\\genfrac{{}}{{}}{{0pt}}{{}}{parts}", rows=parts)
    elif element.get("bevelled") == "true":
        made = Piece(f"{_nucleus(over)}/{_nucleus(under)}")
    else:
        made = Piece(f"\\frac{parts}")
    return _with_rest(made, rest)


def _root(element: Element, variant: str) -> Piece:
    if element.name == "msqrt":
        return Piece(f"\\sqrt{{{_row(element.children, variant).tex}}}", whole=True)
    (base, index), rest = _arguments(element, 2, variant)
    order = f"[{index.tex}]" if index.tex else ""
    return _with_rest(Piece(f"\\sqrt{order}{{{base.tex}}}", whole=True), rest)


def _scripts(element: Element, variant: str) -> Piece:
    """``msub``, ``msup`` and ``msubsup``."""
    if element.name == "msubsup":
        (base, sub, sup), rest = _arguments(element, 3, variant)
    else:
        (base, script), rest = _arguments(element, 2, variant)
        sub, sup = (script, NOTHING) if element.name == "msub" else (NOTHING, script)
    return _with_rest(_scripted(base, sub, sup), rest)


def _scripted(base: Piece, sub: Piece, sup: Piece) -> Piece:
    tex = _nucleus(base)
    raised = sup.tex.removeprefix("^{").removesuffix("}") if sup.tex.startswith("^{") else sup.tex
    if sub.tex:
        tex += f"_{{{sub.tex}}}"
    if raised:
        tex += raised if _PRIMES.fullmatch(raised) else f"^{{{raised}}}"
    return Piece(tex, base.kind or "ord")


def _nucleus(piece: Piece) -> str:
    """What scripts stand behind."""
    return piece.tex if piece.whole else f"{{{piece.tex}}}"


def _limits(element: Element, variant: str) -> Piece:
    """``munder``, ``mover`` and ``munderover``: limits, accents, labels."""
    if element.name == "munderover":
        (base, under, over), rest = _arguments(element, 3, variant)
    else:
        (base, script), rest = _arguments(element, 2, variant)
        under, over = (script, NOTHING) if element.name == "munder" else (NOTHING, script)
    children = [child for child in element.children if isinstance(child, Element)]
    raw = [child.text() for child in children[1:]]
    under_text, over_text = (raw[0] if under.tex and raw else ""), (raw[-1] if over.tex and raw else "")
    takes = base.kind == "op" or base.tex.startswith(("\\overbrace", "\\underbrace", "\\overbracket", "\\underbracket"))
    if takes:
        if base.tex.startswith("\\operatorname{"):
            base = replace(base, tex=base.tex.replace("\\operatorname{", "\\operatorname*{", 1))
        tex = base.tex + (f"_{{{under.tex}}}" if under.tex else "") + (f"^{{{over.tex}}}" if over.tex else "")
        return _with_rest(Piece(tex, base.kind), rest)
    if base.kind == "rel" and base.tex in ("\\rightarrow", "\\leftarrow", "\\longrightarrow", "\\longleftarrow"):
        arrow = "\\xrightarrow" if "right" in base.tex else "\\xleftarrow"
        below = f"[{under.tex}]" if under.tex else ""
        return _with_rest(Piece(f"{arrow}{below}{{{over.tex}}}", "rel", whole=True), rest)
    made = base
    if under.tex:
        command = symbols.UNDER.get(symbols.accent(under_text))
        tex = f"{command}{{{made.tex}}}" if command else f"\\underset{{{under.tex}}}{{{made.tex}}}"
        made = Piece(tex, base.kind or "ord", whole=True)
    if over.tex:
        commands = symbols.OVER.get(symbols.accent(over_text))
        if commands and not (element.get("accent") == "false" and len(over_text.strip()) > 1):
            tex = f"{commands[not base.whole]}{{{made.tex}}}"
        else:
            tex = f"\\overset{{{over.tex}}}{{{made.tex}}}"
        made = Piece(tex, base.kind or "ord", whole=True)
    return _with_rest(made, rest)


def _multiscripts(element: Element, variant: str) -> Piece:
    """Scripts on both sides: pairs of sub and sup, behind the base and then before it."""
    parts: list[list[Piece]] = [[], []]
    before = 0
    for child in element.children:
        if isinstance(child, Element) and child.name == "mprescripts":
            before = 1
        elif isinstance(child, Element) or child.strip():
            parts[before].append(_piece(child, variant))
    behind, front = parts[0][1:], parts[1]
    made = parts[0][0] if parts[0] else NOTHING
    tex = "".join(f"{{}}{_pair(pair)}" for pair in _pairs(front)) + _nucleus(made)
    return Piece(tex + "{}".join(_pair(pair) for pair in _pairs(behind)), made.kind or "ord")


def _pairs(pieces: list[Piece]) -> list[list[Piece]]:
    return [pieces[place : place + 2] for place in range(0, len(pieces), 2)]


def _pair(pair: list[Piece]) -> str:
    return "".join(f"{mark}{{{piece.tex}}}" for mark, piece in zip("_^", pair, strict=False) if piece.tex)


def _table(element: Element, variant: str) -> Piece:
    lines: list[str] = []
    num_columns = 0
    for row in element.children:
        if isinstance(row, str):
            if row.strip():
                lines.append(loose(row, variant).tex)
            continue
        is_row = row.name in ("mtr", "mlabeledtr", "tr")
        cells = [_piece(cell, variant).tex for cell in (row.children if is_row else [row]) if not _is_blank(cell)]
        if row.name == "mlabeledtr" and cells:
            cells = [*cells[1:-1], (cells[-1] if len(cells) > 1 else "") + f" \\qquad {cells[0]}"]
        num_columns = max(num_columns, len(cells))
        lines.append(" & ".join(cells).strip())
    rows = " \\\\ ".join(lines)
    aligned = element.get("columnalign").split()[:2] == ["right", "left"] or (
        element.get("displaystyle") == "true" and num_columns > 1
    )
    return Piece(environment("aligned" if aligned else "matrix", rows), whole=True, rows=rows or " ")


def _is_blank(child: Element | str) -> bool:
    return isinstance(child, str) and not child.strip()


def _fenced(element: Element, variant: str) -> Piece:
    opening = written(element.get("open", "("), "mo", "").tex
    closing = written(element.get("close", ")"), "mo", "").tex
    pieces = [piece for child in element.children if (piece := _piece(child, variant)).kind]
    if len(pieces) == 1 and pieces[0].rows and (made := in_fences(pieces[0], opening, closing)):
        return made
    marks = element.get("separators", ",").split() or [""]
    marks = list("".join(marks)) or [""]
    parts: list[Piece] = []
    for place, piece in enumerate(pieces):
        if place:
            parts.append(written(marks[min(place, len(marks)) - 1], "mo", ""))
        parts.append(piece)
    inner = joined(parts).tex
    if not (opening and closing) or "\\frac" in inner or "\\begin" in inner:
        left, right = opening or ".", closing or "."
        start = " " if left[-1].isalpha() and inner[:1].isalnum() else ""
        return Piece(f"\\left{left}{start}{inner}\\right{right}", whole=True)
    return Piece(joined([Piece(opening, "open"), Piece(inner), Piece(closing, "close")]).tex, whole=True)


def _space(element: Element, variant: str) -> Piece:
    if element.get("linebreak") == "newline":
        return Piece("\\\\ ", "space")
    width = element.get("width")
    found = _LENGTH.match(width)
    try:
        size = _SIZES.get(width) or (float(found[1]) * _UNITS.get(found[2], 1.0) if found else 0.0)
    except ValueError:
        size = 0.0
    for least, tex in ((1.9, "\\qquad"), (0.9, "\\quad"), (0.25, "\\;"), (0.2, "\\:"), (0.1, "\\,")):
        if size >= least:
            return Piece(tex, "space")
    return Piece("\\!", "space") if size <= -0.1 else NOTHING


def _enclosed(element: Element, variant: str) -> Piece:
    inner = _row(element.children, variant)
    for notation, command in (
        ("box", "\\boxed"), ("circle", "\\boxed"), ("radical", "\\sqrt"), ("updiagonalstrike", "\\cancel"),
        ("downdiagonalstrike", "\\bcancel"), ("horizontalstrike", "\\sout"), ("top", "\\overline"),
        ("bottom", "\\underline"),
    ):  # fmt: skip
        if notation in element.get("notation").split():
            return Piece(f"{command}{{{inner.tex}}}", whole=True)
    return inner


def _semantics(element: Element, variant: str) -> Piece:
    """What is shown, or its author's TeX where that is noted."""
    for child in element.children:
        if isinstance(child, Element) and child.name == "annotation" and is_tex_encoding(child.get("encoding")):
            tex = tidy(child.text())
            if tex:
                return Piece(tex)
    return _row(element.children, variant)


def _first(element: Element, variant: str) -> Piece:
    """``maction``: the child that is shown at first."""
    shown = [child for child in element.children if isinstance(child, Element)]
    return _piece(shown[0], variant) if shown else _row(element.children, variant)


def _phantom(element: Element, variant: str) -> Piece:
    return Piece(f"\\phantom{{{_row(element.children, variant).tex}}}", whole=True)


def _image(element: Element, variant: str) -> Piece:
    return written(element.get("alt"), "mtext", variant)


_WRITERS = {
    "mfrac": _fraction, "msqrt": _root, "mroot": _root, "msub": _scripts, "msup": _scripts, "msubsup": _scripts,
    "munder": _limits, "mover": _limits, "munderover": _limits, "mmultiscripts": _multiscripts, "mtable": _table,
    "mfenced": _fenced, "mspace": _space, "menclose": _enclosed, "semantics": _semantics, "maction": _first,
    "mphantom": _phantom, "mglyph": _image, "img": _image,
}  # fmt: skip
