"""Lines of the mdoc language as text: words, and the macros that put signs around and between them.

https://man.openbsd.org/mdoc.7
"""

import re
import shlex
from collections.abc import Callable

QUOTES = {
    "Aq": "<>", "Bq": "[]", "Brq": "{}", "Dq": "“”", "Oq": "[]", "Op": "[]", "Pq": "()", "Ql": "''", "Qq": '""', "Sq": "‘’",  # noqa: E501
}  # fmt: skip
WORDS = {"Ad", "An", "Ar", "Cd", "Cm", "Dv", "Em", "Er", "Ev", "Fa", "Fn", "Ft", "Ic", "Li", "Lk", "Ms", "Mt", "Nm", "No", "Pa",  # noqa: E501
         "St", "Sy", "Tn", "Va", "Vt", "Xr", "Fl", "Sx", "Bx", "Fx", "Nx", "Ox", "Dx", "Ux", "At", "Ns", "Ap", "Xo", "Xc", "Nd",  # noqa: E501
         "Fd", "In"}  # fmt: skip
_PUNCTUATION = {".", ",", ":", ";", ")", "]", "?", "!"}


def mdoc(rest: str, page_name: str, plain: Callable[[str], str]) -> str:
    """A line of macros and words as text.

    Args:
        page_name: what ``Nm`` without a name stands for.
        plain: a word's text.
    """
    out, closing, glued, flag = "", "", True, False
    words = _words(rest)
    for i, word in enumerate(words):
        if word in QUOTES:
            out += ("" if glued else " ") + QUOTES[word][0]
            closing, glued = QUOTES[word][1] + closing, True
        elif word == "Fl":
            flag = True
        elif word in ("Ns", "Ap"):
            out, glued = out + ("'" if word == "Ap" else ""), True
        elif word == "Nm" and (i + 1 == len(words) or words[i + 1] in WORDS):
            out, glued = out + ("" if glued else " ") + page_name, False
        elif word == "Oo":
            out, glued = out + ("" if glued else " ") + "[", True
        elif word == "Oc":
            out, glued = out + "]", False
        elif word not in WORDS:
            out += ("" if glued or word in _PUNCTUATION else " ") + ("-" if flag else "") + plain(word)
            flag, glued = False, word in ("(", "[")
    return re.sub(r"(\S+) (\d)(?=[.,;]?$|[.,;] )", r"\1(\2)", out + closing) if "Xr" in rest else out + closing


def _words(rest: str) -> list[str]:
    if '"' not in rest:
        return rest.split()
    try:
        return shlex.split(rest.replace("'", "\\'").replace("\\\\'", "\\'"), posix=True)
    except ValueError:
        return rest.split()
