"""Tokens of formulas (identifiers, numbers, operators, text) as TeX."""

import re
from functools import lru_cache

from tasks.ingest.web.formulas import symbols
from tasks.ingest.web.formulas.pieces import NOTHING, Piece, joined, runs_on

_MAX_TOKEN = 500
"""Characters of a token; what is longer is no identifier, number or operator."""
_LOOSE = re.compile(r"\d[\d.,]*(?<![.,])|[^\W\d_]+|\S")


def loose(text: str, variant: str) -> Piece:
    """Text where elements belong, a token for each number, word or sign."""
    found = _LOOSE.findall(text)
    return joined([written(token, "mn" if token[0].isdigit() else "mi", variant) for token in found])


@lru_cache(maxsize=8192)
def written(text: str, name: str, variant: str) -> Piece:
    """The text of a token of that name."""
    if name in ("mtext", "ms"):
        words = symbols.in_text(text if name == "mtext" else f'"{text}"')
        if not words:
            return NOTHING
        return Piece("\\ ", "space") if words == " " else Piece(f"\\text{{{words}}}", whole=True)
    if len(text) > _MAX_TOKEN:
        return Piece(f"\\text{{{symbols.in_text(text)}}}", whole=True)
    text = symbols.composed(text.strip(" \t\r\n\f"))
    if len(text) == 1:
        return _character(text, name, variant)
    if not text:
        return NOTHING
    if text.endswith("\u0338"):  # a stroke through what no character has struck out
        return Piece(f"\\not{written(text[:-1], name, variant).tex}", "rel", whole=True)
    if name == "mn":
        return Piece(symbols.in_variant(_characters(text), variant), whole=True)
    if text in symbols.FUNCTIONS:
        return Piece(f"\\{text}", "op", whole=True)
    if name == "mo" and text == "mod":
        return Piece("\\bmod", "bin")
    if text.isascii() and text.isalpha():
        if name == "mo":
            return Piece(f"\\operatorname{{{text}}}", "op", whole=True)
        return Piece(symbols.in_variant(text, variant or "normal"), whole=True)
    if not any(c.isalpha() for c in text):
        made = [_character(c, name, variant) for c in text]
        kinds = {piece.kind for piece in made if piece.kind}
        return Piece("".join(piece.tex for piece in made), kinds.pop() if len(kinds) == 1 else "rel" if kinds else "")
    if any(c > "\u024f" and c.isalpha() and c not in symbols.ALL and symbols.styled(c)[1] == "" for c in text) or any(
        c.isspace() for c in text
    ):
        return Piece(f"\\text{{{symbols.in_text(text)}}}", whole=True)
    return Piece(_characters(text), whole=False)


def _characters(text: str) -> str:
    out = ""
    for c in text:
        tex = _character(c, "mn", "").tex
        out += (" " if out and runs_on(out, tex) else "") + tex
    return out


def _character(c: str, name: str, variant: str) -> Piece:
    """One character as a token."""
    if c in symbols.INVISIBLE:
        return NOTHING
    if c in symbols.SPACES:
        return Piece(symbols.SPACES[c], "space")
    if name != "mn":
        for kind, known in symbols.KINDS.items():
            if c in known:
                return Piece(known[c], kind, whole=True)
    if raised := symbols.raised(c):
        return Piece(raised)
    plain, own = symbols.styled(c)
    tex = symbols.ALL.get(plain, plain)
    if plain.isalpha() and plain > "\u024f" and plain not in symbols.ALL and not own:
        tex = f"\\text{{{plain}}}"
    elif plain.isalnum() and (own or variant) and not (variant == "italic" and name == "mi"):
        tex = symbols.in_variant(tex, own or variant)
    if not plain.isalnum() and plain not in symbols.ALL and name == "mo":
        return Piece(tex, "rel", whole=True)  # an operator of its own
    return Piece(tex, whole=not tex.startswith("^"))
