"""Lines of a PDF's pages put together to paragraphs: what a line's end cut in two, blanks that only set letters apart.

pdfium marks a hyphen at a line's end in one way, whether the word has it or was only broken there. The document itself
says which: whether it has the word elsewhere, with its hyphen or without.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tasks.ingest.joined import glue

HYPHEN = "\u00ad"
"""At a line's end: a hyphen that may be the word's or the line's."""
_ENDS = re.compile(r"[.!?:;。！？：；…]['\")」』”’）]*$")
_ITEM = re.compile(r"^\s*(?:[•◦▪*–-]\s|\d+(?:\.\d+)*[.)]?\s|第\s*\d+)")
_HYPHENS = ("-", "\u2010", "\u2011", HYPHEN)
_WORD = re.compile(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)*")
_LAST = re.compile(r"\S{1,200}$")
_FIRST = re.compile(r"\S{1,200}")
_CUT_HEAD = re.compile(r"[^\W_]{1,80}$")
_CUT_TAIL = re.compile(r"[^\W_]{1,80}")
_ADDRESS = re.compile(r"://|[/\\@_=]|www\.|\w\.\w|^--?\w")  # in what has such signs, a hyphen is one of them
_ALONE = {
    "self",
    "well",
    "ill",
    "all",
    "ex",
    "half",
    "quasi",
    "vice",
    "cross",
    "e",
    "x",
    "t",
    "u",
}  # have their hyphen anywhere
_AND = {"and", "or", "to", "und", "oder", "bis", "sowie", "et", "ou", "y", "o", "e", "en", "of", "og", "och", "eller", "i", "и",  # noqa: E501
        "или"}  # fmt: skip
_WIDE = "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff01-\uff5e"
_SPACED = re.compile(f"(?<=[{_WIDE}])[ \u3000]+(?=[{_WIDE}])")
_WIDE_CHARACTER = re.compile(f"[{_WIDE}]")
_FEWEST_SPACED = 3  # ideographs of a line that is taken for one with its letters set apart


def words_of(pages: Iterable[Sequence[str]]) -> Counter[str]:
    """How often a document has each word in small letters, with the hyphens in it.

    Words at a line's end that is cut are none, nor is what follows them.
    """
    found: Counter[str] = Counter()
    for page in pages:
        cut = False
        for line in page:
            words = _WORD.findall(line.lower())
            ends_cut = line.endswith(_HYPHENS)
            found.update(words[int(cut) : len(words) - ends_cut])
            cut = ends_cut
    return found


def reflow(lines: Sequence[str], words: Counter[str] | None = None) -> str:
    """Join lines that were broken at the right margin; a short line, an item or a sentence's end closes a paragraph.

    Args:
        words: how often the document has each word; by default, those of these lines.
    """
    words = words_of([lines]) if words is None else words
    widths = sorted(_width(line) for line in lines if line)
    full = widths[int(len(widths) * 0.9)] * 0.75 if widths else 0
    out: list[list[str]] = []
    open_line, before = False, ""
    for line in map(unspaced, lines):
        if before.endswith(_HYPHENS) and line and (sign := hyphen(before, line, words)) is not None:
            out[-1][-1] = before.rstrip("".join(_HYPHENS)) + sign
            out[-1].append(line.lstrip())
        elif open_line and line and not _ITEM.match(line):
            out[-1] += [glue(before, line.lstrip()), line.lstrip()]
        else:
            out.append([line])
        open_line, before = _width(line) >= full and not _ENDS.search(line), line
    return "\n".join("".join(parts) for parts in out).replace(HYPHEN, "-").strip()


def hyphen(before: str, after: str, words: Counter[str]) -> str | None:
    """What takes the place of the hyphen between two lines: nothing, the hyphen, the hyphen and a blank.

    Args:
        before: ends in a hyphen.
        words: how often the document has each word.

    Returns:
        None where the lines don't belong together by it: it is a dash, or ends what is no word.
    """
    rest = after.lstrip()
    token, tail = _last(before), _CUT_TAIL.match(rest)
    head = _CUT_HEAD.search(token)
    if tail is None or not token:
        return None
    if head is None:
        return "-" if token[-1:] in ")]}”’\"'" or _ADDRESS.search(token) else None
    if tail[0].lower() in _AND and tail.end() < len(rest) and rest[tail.end()].isspace():
        return "- "
    first = _FIRST.match(rest)
    if _ADDRESS.search(token) or (first is not None and re.search(r"://|[@_=]", first[0])):
        return "-"
    if not tail[0][0].islower() or not head[0][-1].isalpha() or len(token) > len(head[0]) + 3:
        return _between_capitals(head[0], tail[0], words) if tail[0][0].isupper() else "-"
    with_hyphen, without = _counts(token, rest, words)
    if with_hyphen != without:
        return "-" if with_hyphen > without else ""
    return "-" if head[0].lower() in _ALONE or "-" in token or _goes_on_with_hyphen(rest) else ""


def unspaced(line: str) -> str:
    """The line without the blanks that set its ideographs apart, where (nearly) all are."""
    if " " not in line and "\u3000" not in line:
        return line
    number, gaps = len(_WIDE_CHARACTER.findall(line)), len(_SPACED.findall(line))
    return _SPACED.sub("", line) if number >= _FEWEST_SPACED and 5 * gaps >= 4 * (number - 1) else line


def _last(line: str) -> str:
    """What stands before a line's hyphen, up to the last blank."""
    found = _LAST.search(line[-200:])
    return found[0].rstrip("".join(_HYPHENS)) if found and not found[0].endswith("--") else ""


def _counts(token: str, rest: str, words: Counter[str]) -> tuple[int, int]:
    """How often the document has the word with its hyphen, and without."""
    head = re.search(r"[^\W_]+(?:[-\u2010][^\W_]+)*$", token)
    tail = _WORD.match(rest)
    one, other = (head[0] if head else token).lower(), (tail[0] if tail else "").lower()
    short = re.split(r"[-\u2010\u2011]", other)[0]
    return max(words[f"{one}-{other}"], words[f"{one}-{short}"]), max(words[one + other], words[one + short])


def _goes_on_with_hyphen(rest: str) -> bool:
    word = _WORD.match(rest)
    return word is not None and "-" in word[0]


def _between_capitals(head: str, tail: str, words: Counter[str]) -> str:
    """A hyphen before a capital is the word's, unless all are capitals and the document has them in one."""
    joined = head.isupper() and tail.isupper() and words[(head + tail).lower()] > words[f"{head}-{tail}".lower()]
    return "" if joined else "-"


def _width(line: str) -> int:
    return sum(2 if char >= "\u2e80" else 1 for char in line)
