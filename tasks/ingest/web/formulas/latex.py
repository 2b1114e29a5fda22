r"""TeX as pages carry it: whether a text is TeX, and TeX without what only its page needed."""

import re

from tasks.ingest.web.formulas import symbols

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_STYLE = re.compile(r"\{\s*\\(?:displaystyle|textstyle|scriptstyle)\b(.*)\}", re.DOTALL)
_LEADING = re.compile(r"\\(?:displaystyle|textstyle)\b\s*")
_DELIMITERS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$"))
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_STRUCTURE = """frac dfrac tfrac cfrac binom sqrt sum prod int lim begin end left right mathbb mathbf mathrm mathcal
mathfrak mathsf mathit boldsymbol operatorname text textrm textbf mbox hat bar vec dot ddot tilde overline underline
overbrace underbrace overset underset stackrel displaystyle textstyle quad qquad ldots cdots vdots ddots dots to gets
infty partial exists neg cdot circ ast star le ge neq not land lor lnot mod pmod bmod phantom tag label big Big
bigg Bigg bigl bigr limits nolimits over choose atop rm bf it cal hbox ce pu iint oiint lvert rvert lVert rVert epsilon
varepsilon phi varphi asymp sqsubset colon iff implies impliedby xrightarrow xleftarrow substack boxed color cancel"""
COMMANDS = (
    frozenset(_STRUCTURE.split())
    | symbols.FUNCTIONS
    | {tex[1:] for tex in symbols.ALL.values() if re.fullmatch(r"\\[A-Za-z]+", tex)}
)
"""Commands of formulas, by name."""


def is_tex_encoding(encoding: str) -> bool:
    """Whether an annotation's ``encoding`` says TeX (``application/x-tex``, ``LaTeX``, ``text/x-latex`` ...)."""
    return "tex" in encoding.lower().removeprefix("text/")


def is_formula(text: str) -> bool:
    """Whether text that stands for an image is a formula: it is between delimiters, or has commands of TeX."""
    text = text.strip()
    if delimited(text)[1]:
        return True
    found = [name in COMMANDS for name in _COMMAND.findall(text)]
    return bool(found) and 2 * sum(found) >= len(found) and not re.match(r"[A-Za-z]:\\|\\\\", text)


def delimited(text: str) -> tuple[str, str]:
    """A formula without its delimiters, and the opening one; text that has none as it is, and nothing."""
    for opening, closing in _DELIMITERS:
        inner = text[len(opening) : -len(closing)]
        if text.startswith(opening) and text.endswith(closing) and inner.strip() and closing not in inner:
            return inner, opening
    return text, ""


def tidy(tex: str) -> str:
    r"""TeX in one line, without comments, ``\displaystyle`` around all of it and blanks at its ends."""
    if "%" in tex and "\n" in tex:
        tex = _COMMENT.sub(r"\1", tex)
    tex = " ".join(tex.split())
    if (found := _STYLE.fullmatch(tex)) and _closes_last(tex):
        tex = found[1].strip()
    return _LEADING.sub("", tex, count=1) if _LEADING.match(tex) else tex


def _closes_last(tex: str) -> bool:
    """Whether the brace that opens at the start closes at the very end."""
    depth = 0
    for found in re.finditer(r"\\.|[{}]", tex, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.end() == len(tex) if found[0] == "}" else False
    return False
