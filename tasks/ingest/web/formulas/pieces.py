"""Parts of a formula beside each other: what blanks stand between them, and which tables stand in fences."""

import re
from dataclasses import dataclass

_MATRICES = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("\\{", "\\}"): "Bmatrix", ("|", "|"): "vmatrix",
             ("\\|", "\\|"): "Vmatrix", ("\\{", ""): "cases"}  # fmt: skip


@dataclass(slots=True, frozen=True)
class Piece:
    """A part of a formula.

    Attributes:
        kind: how it stands to its neighbours: ``ord``, ``op`` (functions, sums), ``bin``, ``rel``, ``open``,
            ``close``, ``fence`` (a bar), ``punct``, ``space``; empty where nothing is seen.
        whole: whether scripts can stand behind it without braces.
        rows: a table's rows or a binomial's two parts, which the fences around decide on.
    """

    tex: str
    kind: str = "ord"
    whole: bool = False
    rows: str = ""


NOTHING = Piece("", "")


def joined(pieces: list[Piece]) -> Piece:
    """Pieces beside each other as one."""
    pieces = _fenced_tables([piece for piece in pieces if piece.kind])
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return NOTHING
    out: list[str] = []
    before = ""
    for place, piece in enumerate(pieces):
        kind = piece.kind
        after = pieces[place + 1].kind if place + 1 < len(pieces) else ""
        if kind == "bin" and (before in ("", "bin", "rel", "open", "punct", "op") or after in ("", "close", "punct")):
            kind = "ord" if after else "close"
        blank = kind in ("bin", "rel") or before in ("bin", "rel", "punct") or before == "op" != kind
        if kind in ("close", "punct", "space") or piece.tex.startswith(("(", "[", "^", "_", "'")):
            blank = before in ("bin", "rel", "punct") and kind != "punct"
        last = out[-1] if out else ""
        if last and ((blank and not last.endswith(" ")) or runs_on(last, piece.tex)):
            out.append(" ")
        out.append(piece.tex)
        before = kind
    closed = pieces[0].kind in ("open", "fence") and pieces[-1].kind in ("close", "fence")
    return Piece("".join(out), whole=closed and sum(piece.kind in ("open", "fence") for piece in pieces[:-1]) == 1)


def runs_on(left: str, right: str) -> bool:
    """Whether a command's name would go on in what follows it."""
    return right[:1].isalnum() and left[-1].isalpha() and re.search(r"\\[A-Za-z]+$", left) is not None


def _fenced_tables(pieces: list[Piece]) -> list[Piece]:
    """Tables and binomials taken together with the fences around them."""
    out: list[Piece] = []
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        if piece.rows and out and out[-1].kind in ("open", "fence"):
            closing = pieces[place + 1] if place + 1 < len(pieces) else NOTHING
            ends = closing.kind in ("close", "fence")
            fenced = in_fences(piece, out[-1].tex, closing.tex if ends else "")
            if fenced:
                out[-1] = fenced
                place += 1 + ends
                continue
        out.append(piece)
        place += 1
    return out


def in_fences(piece: Piece, opening: str, closing: str) -> Piece | None:
    if piece.tex.startswith("\\genfrac"):
        return Piece(f"\\binom{piece.rows}", whole=True) if (opening, closing) == ("(", ")") else None
    if name := _MATRICES.get((opening, closing)):
        return Piece(environment(name, piece.rows), whole=True)
    left, right = opening or ".", closing or "."
    return Piece(f"\\left{left}{piece.tex}\\right{right}", whole=True)


def environment(name: str, rows: str) -> str:
    return f"\\begin{{{name}}} {rows} \\end{{{name}}}"
