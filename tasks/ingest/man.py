"""Manual pages: the text of roff sources in the ``man`` and ``mdoc`` macro languages.

Not a typesetter: fonts, spacing and page breaks are dropped, lines that roff would fill are joined to paragraphs,
headings, tagged items and literal blocks stay what they are. What the language itself decides is in ``roff``.
"""

import re

from tasks.ingest.document import UnreadableError
from tasks.ingest.joined import joined
from tasks.ingest.roff.escapes import JOINED
from tasks.ingest.roff.language import Roff
from tasks.ingest.roff.mdoc import QUOTES, WORDS, mdoc
from tasks.ingest.roff.tbl import Table

_FONTS = {"B", "I", "R", "SM", "SB", "BR", "RB", "BI", "IB", "IR", "RI"}
_ALTERNATING = {"BR", "RB", "BI", "IB", "IR", "RI"}
_PARAGRAPHS = {"PP", "P", "LP", "HP", "Pp", "sp", "Lp"}
_BREAKS = {"br", "ti", "RS", "RE", "in", "ce", "Bl", "El", "Bd", "Ed", "YS", "D1", "Dl"}
_MARK = re.compile(r"[•○·o+*–—-]|\(?[0-9A-Za-z]{1,3}[.)]")  # of an item, that stands in one line with its text


def text_of(source: str) -> str:
    """The text of a manual page.

    Raises:
        UnreadableError: when the page only points to another (``.so``), holds no text, or comes to far more than was
            written.
    """
    text = _Page().read(source)
    if not text:
        alias = re.match(r"\s*\.so\s+(\S+)", source)
        raise UnreadableError("alias", alias.group(1)) if alias else UnreadableError("man page without text")
    return text


class _Page:
    """A manual page on its way from requests to paragraphs."""

    def __init__(self) -> None:
        self.roff = Roff(self._line, self._request)
        self.blocks: list[str] = []
        self.words: list[str] = []
        self.literal = self.tag_next = self.heading_next = self.glued = False
        self.table: Table | None = None
        self.name = self.link = ""

    def read(self, source: str) -> str:
        self.roff.read(source)
        self._flush()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.blocks)).strip()

    def _line(self, line: str) -> None:
        if self.table is not None:
            self.table.line(self.roff.text(line))
        elif not line.strip() and not self.literal:
            self._break("")
        else:
            self._text(self.roff.text(line))

    def _text(self, text: str) -> None:
        """Take in a line's text; one that ends in JOINED goes on in the next."""
        if self.table is not None:
            self.table.line(text)
            return
        glued, self.glued = self.glued, text.endswith(JOINED)
        text = text.replace(JOINED, "")
        if self.literal:
            if glued and self.blocks:
                self.blocks[-1] += text.rstrip()
            else:
                self.blocks.append(text.rstrip())
        elif glued and self.words:
            self.words[-1] += text.rstrip()
        elif text.strip():
            self.words.append(text.strip() if not self.glued else text.lstrip())
        else:
            return
        if self.glued:
            return
        if self.heading_next:
            self.heading_next = False
            self._break("")
        elif self.tag_next:
            self.tag_next = False
            if not _MARK.fullmatch("".join(self.words)):
                self._flush()

    def _flush(self) -> None:
        if self.words:
            self.blocks.append(joined(self.words))
            self.words = []

    def _break(self, *after: str) -> None:
        self._flush()
        self.glued = False
        self.blocks.extend(after)

    def _request(self, name: str, rest: str) -> None:
        if name in _FONTS:
            arguments = self.roff.arguments(rest)
            if arguments:
                self._text(("" if name in _ALTERNATING else " ").join(arguments))
        elif name in ("SH", "SS", "Sh", "Ss"):
            self.literal = False
            heading = " ".join(self.roff.arguments(rest)).replace(JOINED, "")
            self._break("", *([heading, ""] if heading else []))
            self.heading_next = not heading
        elif name == "TH":
            self._break(" ".join(self.roff.arguments(rest)[:1]), "")
        elif name in _PARAGRAPHS:
            self._break("")
        elif name in _BREAKS:
            self._set_apart(name, rest)
        elif name in ("TP", "TQ"):
            self._break(*[""][: name == "TP"])
            self.tag_next = True
        elif name in ("IP", "It"):
            self._item(name, rest)
        elif name in ("nf", "fi", "EX", "EE"):
            self._break()
            self.literal = name in ("nf", "EX")
        elif name in ("TS", "T&", "TE"):
            self._table(name)
        elif name in ("UR", "MT", "UE", "ME", "MR", "SY", "OP"):
            self._reference(name, self.roff.arguments(rest))
        elif name in WORDS or name in QUOTES:
            if name == "Nm" and rest and not self.name:
                self.name = rest.split()[0]
            self._text(("— " if name == "Nd" else "") + mdoc(f"{name} {rest}", self.name, self.roff.text))

    def _set_apart(self, name: str, rest: str) -> None:
        """A break of a line, or the beginning or end of a block."""
        self._break()
        begins = name == "Bd" and bool(re.search(r"-(?:literal|unfilled)", rest))
        self.literal = begins or (self.literal and name != "Ed")
        if name in ("D1", "Dl"):
            self._break(mdoc(rest, self.name, self.roff.text))

    def _item(self, name: str, rest: str) -> None:
        tag = "".join(self.roff.arguments(rest)[:1])
        if name == "It":
            tag = mdoc(re.sub(r"\bXo\b", "", rest), self.name, self.roff.text)
        self._break("")
        if tag:
            self.tag_next = True
            self._text(tag)

    def _table(self, name: str) -> None:
        if name == "TS":
            self._break("")
            self.table = Table()
        elif self.table is not None and name == "T&":
            self.table.format()
        elif self.table is not None:
            self.blocks += [*self.table.rows(), ""]
            self.table = None

    def _reference(self, name: str, arguments: list[str]) -> None:
        """Links, other pages and synopses."""
        first, *more = arguments or [""]
        if name in ("UR", "MT"):
            self.link = first
        elif name in ("UE", "ME"):
            self._text((f"⟨{self.link}⟩" if self.link else "") + first)
            self.link = ""
        elif name == "MR":
            self._text(f"{first}({''.join(more[:1])})" + "".join(more[1:]))
        elif name == "OP":
            self._text(f"[{' '.join(arguments)}]")
        else:
            self._break()
            self._text(first)
