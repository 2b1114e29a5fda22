r"""Manual pages: the text of roff sources in the ``man`` and ``mdoc`` macro languages.

Not a typesetter: fonts, spacing and page breaks are dropped, lines that roff would fill are joined to
paragraphs, headings, tagged items and literal blocks stay what they are. https://man7.org/linux/man-pages/man7/groff_char.7.html
"""

import re
import shlex

from tasks.ingest.document import UnreadableError

_CHARS = {
    "aq": "'", "dq": '"', "lq": "“", "rq": "”", "oq": "‘", "cq": "’", "bu": "•", "em": "—", "en": "–", "hy": "-", "mi": "−",  # noqa: E501
    "co": "©", "rg": "®", "tm": "™", "->": "→", "<-": "←", "ha": "^", "ti": "~", "ga": "`", "rs": "\\", "bv": "|", "ba": "|",  # noqa: E501
    "sl": "/", "ul": "_", "ru": "_", "de": "°", "mu": "×", "+-": "±", "<=": "≤", ">=": "≥", "!=": "≠", "==": "≡", "if": "∞",  # noqa: E501
    "Po": "£", "Eu": "€", "ct": "¢", "Ye": "¥", "sc": "§", "dg": "†", "sq": "□", "ci": "○", "at": "@", "sh": "#", "Do": "$",  # noqa: E501
    "Fo": "«", "Fc": "»", "fo": "‹", "fc": "›", "lB": "[", "rB": "]", "lC": "{", "rC": "}", "la": "⟨", "ra": "⟩", "12": "½",  # noqa: E501
    "14": "¼", "34": "¾", "*a": "α", "*b": "β", "*p": "π", "*m": "μ", "u2019": "’", "hA": "⇔", "rA": "⇒", "lA": "⇐", "pl": "+",  # noqa: E501
}  # fmt: skip
_ESCAPE = re.compile(
    r"""\\(?:
      [fF](?:\[[^\]]*\]|\(..|.)            # fonts
    | s[+-]?(?:\[[^\]]*\]|'[^']*'|\d{1,2}) # sizes
    | [mM](?:\[[^\]]*\]|\(..|.)            # colours
    | [hvwDlLbXZoSHxY]'[^']*'              # motion, drawing
    | [nk](?:[+-]?(?:\[[^\]]*\]|\(..|.))   # registers
    | \*(?:\[(?P<string>[^\]]*)\]|\((?P<string2>..)|(?P<string1>.))
    | \[(?P<named>[^\]]*)\] | \((?P<named2>..)
    | (?P<char>.)
    )""",
    re.VERBOSE,
)
_SIMPLE = {"e": "\\", "-": "-", "&": "", "|": "", "^": "", " ": " ", "~": " ", "0": " ", "/": "", ",": "", "c": "", ":": "",  # noqa: E501
           "%": "", "'": "´", "`": "`", ".": ".", "\\": "\\", "t": "\t", "E": "\\", "p": "", "d": "", "u": "", ")": "", "_": "_",  # noqa: E501
           "{": "", "}": "", "a": "", "z": "", "r": "", "!": "", "?": ""}  # fmt: skip
_STRINGS = {"lq": "“", "rq": "”", "R": "®", "Tm": "™", "Aq": "'", 'L"': "“", 'R"': "”", "C`": '"', "C'": '"', "--": "—"}
_FONTS = {"B", "I", "R", "SM", "SB", "BR", "RB", "BI", "IB", "IR", "RI"}
_PARAGRAPHS = {"PP", "P", "LP", "HP", "Pp", "sp", "Lp"}
_MDOC_PUNCTUATION = {".", ",", ":", ";", ")", "]", "?", "!"}
_MDOC_QUOTES = {
    "Aq": "<>",
    "Bq": "[]",
    "Brq": "{}",
    "Dq": "“”",
    "Oq": "[]",
    "Op": "[]",
    "Pq": "()",
    "Ql": "''",
    "Qq": '""',
    "Sq": "‘’",
}
_MDOC_WORDS = {"Ad", "An", "Ar", "Cd", "Cm", "Dv", "Em", "Er", "Ev", "Fa", "Fn", "Ft", "Ic", "Li", "Lk", "Ms", "Mt", "Nm", "No", "Pa",  # noqa: E501
               "St", "Sy", "Tn", "Va", "Vt", "Xr", "Fl", "Sx", "Bx", "Fx", "Nx", "Ox", "Dx", "Ux", "At", "Ns", "Ap", "Xo", "Xc", "Nd", "Fd", "In"}  # fmt: skip  # noqa: E501


def text_of(source: str) -> str:
    """The text of a manual page.

    Raises:
        UnreadableError: when the page only points to another (``.so``), or holds no text.
    """
    page = _Page()
    for line in source.splitlines():
        page.line(line)
    text = page.finish()
    if not text:
        alias = re.match(r"\s*\.so\s+(\S+)", source)
        raise UnreadableError("alias", alias.group(1)) if alias else UnreadableError("man page without text")
    return text


class _Page:
    """A manual page on its way from requests to paragraphs."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.words: list[str] = []
        self.literal = self.table = self.tag_next = False
        self.until: str | None = None  # the request that ends what is skipped
        self.name = ""

    def line(self, line: str) -> None:
        if self.until is not None:
            if line.strip().startswith(self.until):
                self.until = None
            return
        if self.table:
            self._table_row(line)
        elif line[:1] in ".'" and line[1:2] not in ("", "'"):
            self._request(line[1:].strip())
        elif not line.strip() and not self.literal:
            self._break("")
        else:
            self._text(_plain(line))

    def finish(self) -> str:
        self._flush()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.blocks)).strip()

    def _text(self, text: str) -> None:
        if self.literal:
            self.blocks.append(text.rstrip())
        elif text.strip():
            self.words.append(text.strip())
            if self.tag_next:
                self.tag_next = False
                self._flush()

    def _flush(self) -> None:
        if self.words:
            self.blocks.append(_join(self.words))
            self.words = []

    def _break(self, *after: str) -> None:
        self._flush()
        self.blocks.extend(after)

    def _request(self, line: str) -> None:
        if line.startswith(('\\"', '"')):
            return
        name, _, rest = line.partition(" ")
        name, rest = (name[:2], name[2:] + rest) if name[:2] in ("\\}",) else (name, rest.strip())
        if name in _FONTS:
            self._text(_fonts(name, _arguments(rest)))
        elif name in ("SH", "SS", "Sh", "Ss"):
            self.literal = False
            self._break("", " ".join(_arguments(rest)), "")
        elif name == "TH":
            self._break(" ".join(_arguments(rest)[:1]), "")
        elif name in _PARAGRAPHS:
            self._break("")
        elif name in ("br", "ti", "RS", "RE", "in", "ce", "Bl", "El", "Bd", "Ed", "D1", "Dl"):
            self._break()
            self.literal = (name == "Bd" and bool(re.search(r"-(?:literal|unfilled)", rest))) or (
                self.literal and name != "Ed"
            )
            if name in ("D1", "Dl"):
                self._break(_mdoc(rest, self.name))
        elif name == "TP":
            self._break("")
            self.tag_next = True
        elif name in ("IP", "It"):
            tag = _mdoc(re.sub(r"\bXo\b", "", rest), self.name) if name == "It" else " ".join(_arguments(rest)[:1])
            self._break("")
            if tag:
                self._text(tag)
                if tag not in "•-*–":
                    self._flush()
        elif name in ("nf", "EX"):
            self._break()
            self.literal = True
        elif name in ("fi", "EE"):
            self._break()
            self.literal = False
        elif name in ("UR", "MT"):
            self._text(rest)
        elif name in ("TS",):
            self._break("")
            self.table, self.until = True, None
        elif name in ("de", "de1", "am", "ig"):
            self.until = f".{_arguments(rest)[1]}" if name != "ig" and len(_arguments(rest)) > 1 else ".."
        elif name in ("EQ", "PS"):
            self.until = {"EQ": ".EN", "PS": ".PE"}[name]
        elif name in _MDOC_WORDS or name in _MDOC_QUOTES:
            if name == "Nm" and rest and not self.name:
                self.name = rest.split()[0]
            self._text(("— " if name == "Nd" else "") + _mdoc(line, self.name))

    def _table_row(self, line: str) -> None:
        if line.startswith(".TE"):
            self.table = False
            self.blocks.append("")
        elif (
            line.startswith((".", "'"))
            or line.rstrip().endswith((";", "."))  # noqa: RUF021
            and "\t" not in line
            and re.match(r"^[lLcCrRnNaAsS^|_\-\s\d.;,wWfFbBiItTpPxXzZeE()+]*$", line)
        ):
            return
        else:
            row = _plain(re.sub(r"T[{}]", "", line)).strip().strip("_=")
            if row:
                self.blocks.append(row)


def _arguments(rest: str) -> list[str]:
    """The arguments of a request: quoted or apart by blanks, escapes resolved."""
    found = re.findall(r'"((?:[^"]|"")*)"?|((?:\\ |\S)+)', rest)
    return [_plain(quoted.replace('""', '"') or bare) for quoted, bare in found]


def _fonts(name: str, arguments: list[str]) -> str:
    return "".join(arguments) if len(name) == 2 and name not in ("SM", "SB") else " ".join(arguments)


def _mdoc(rest: str, page_name: str) -> str:
    """A line of mdoc macros and words, as text."""
    try:
        words = (
            shlex.split(rest.replace("'", "\\'").replace("\\\\'", "\\'"), posix=True) if '"' in rest else rest.split()
        )
    except ValueError:
        words = rest.split()
    out, closing, glue, flag = "", "", True, False
    for i, word in enumerate(words):
        if word in _MDOC_QUOTES:
            out += ("" if glue else " ") + _MDOC_QUOTES[word][0]
            closing, glue = _MDOC_QUOTES[word][1] + closing, True
        elif word == "Fl":
            flag = True
        elif word in ("Ns", "Ap"):
            out, glue = out + ("'" if word == "Ap" else ""), True
        elif word == "Nm" and (i + 1 == len(words) or words[i + 1] in _MDOC_WORDS):
            out, glue = out + ("" if glue else " ") + page_name, False
        elif word in _MDOC_WORDS or word in ("Oo", "Oc"):
            if word in ("Oo", "Oc"):
                out, glue = (
                    out + {"Oo": "" if glue else " ", "Oc": ""}[word] + {"Oo": "[", "Oc": "]"}[word],
                    word == "Oo",
                )
        elif word == "Xr" and i + 1 < len(words):
            continue
        else:
            tight = glue or word in _MDOC_PUNCTUATION
            out += ("" if tight else " ") + ("-" if flag else "") + _plain(word)
            flag, glue = False, word in ("(", "[")
    return re.sub(r"(\S+) (\d)(?=[.,;]?$|[.,;] )", r"\1(\2)", out + closing) if "Xr" in rest else out + closing


def _plain(line: str) -> str:
    """The line with its escapes resolved."""
    line = re.sub(r"""(?<!\\)\\(?:"|\#).*$""", "", line)
    return _ESCAPE.sub(_escape, line)


def _escape(found: re.Match[str]) -> str:
    if (char := found["char"]) is not None:
        return _SIMPLE.get(char, char)
    if (string := found["string"] or found["string2"] or found["string1"]) is not None:
        return _STRINGS.get(string, "")
    named = found["named"] or found["named2"]
    if named is None:
        return ""
    if code := re.fullmatch(r"u([0-9A-F]{4,6})", named):
        return chr(int(code[1], 16))
    return _CHARS.get(named, named[0] if len(named) == 2 and named[1] in "'`^:~,o/" else "")


def _join(words: list[str]) -> str:
    """Lines of a paragraph in one: no blank where both sides are Chinese."""
    out = words[0]
    for word in words[1:]:
        tight = out[-1:] >= "\u2e80" and word[:1] >= "\u2e80"
        out += word if tight else f" {word}"
    return out
