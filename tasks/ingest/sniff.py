"""Which format a raw file has, by its first bytes: where its name doesn't say, and where names say too little."""

import codecs
import json
import re

from smelt.sources.layouts import PLAIN, Layout, fields_of

_ROFF = re.compile(rb"(?:^|\n)\.(?:TH|Dd|SH|Sh) ")
_BLANK = re.compile(rb"[\s\0]*")
_TAG = re.compile(rb"<(?:(html|head|title|body|meta|link|base|script|style|frameset)|([a-z][a-z0-9]*))(?=[\s/>])")
_DOCTYPE = re.compile(rb"<!doctype\s+html\b")
_BODY_TAGS = frozenset(
    b"""a article b blockquote br center div dl font form h1 h2 h3 h4 h5 h6 header hr iframe img main nav ol p pre
    section span table ul""".split()
)
_MARKDOWN = re.compile(rb"^(?:#{1,6} |```|[-*] \[)", re.MULTILINE)
_PHP = re.compile(rb"<\?(?!xml\s)")
_ROWS = 8


def by_content(head: bytes) -> str:
    """The format that the first bytes of the decompressed content show; ``text`` when they show nothing else."""
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"WARC/", b"filedesc:")):
        return "warc"
    if is_page(head):
        return "html"
    if head.startswith(b"#!") or head.removeprefix(codecs.BOM_UTF8).lstrip()[:5].lower() in (b"<?xml", b"<?php"):
        return "code"
    if head.startswith((b'.\\"', b"'\\\"", b".TH", b".so ")) or _ROFF.search(head, 0, 4096):
        return "man"
    return "text"


def is_page(head: bytes, *, surely: bool = False) -> bool:
    """Whether a web page begins with these bytes, behind a byte order mark, white space, comments or an XML prolog.

    Args:
        surely: whether it must say so by a doctype or an element that no fragment begins with.
    """
    head = _narrow(head)
    at, instructions = 0, 0
    while (at := _after_blank(head, at)) < len(head):
        if head.startswith(b"<!--", at):
            end = head.find(b"-->", at + 4) + 3
        elif head.startswith(b"<?xml", at):
            end, instructions = head.find(b">", at) + 1, instructions + 1
        else:
            break
        if end < at + 4:  # it has no end
            return False
        at = end
    start = head[at : at + 256].lower()
    if _DOCTYPE.match(start):
        return True
    found = _TAG.match(start)
    if found is None:
        return False
    if found[1] is not None:
        return not instructions or found[1] == b"html"
    return not (surely or instructions) and found[2] in _BODY_TAGS and not _MARKDOWN.search(head)


def are_rows(head: bytes, layout: Layout, *, alone: bool) -> bool:
    """Whether the first lines are JSON objects: most of the first eight, and at least two.

    Args:
        head: the first bytes of the file, up to some in the middle of a line where it goes on.
        layout: the layout of the source; one that somebody has named makes rows of whatever begins like JSON.
        alone: whether a single object is a row, too, if it has a text where the layout says.
    """
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not head.startswith(b"{"):
        return False
    if layout != PLAIN:
        return True
    lines = [line.rstrip() for line in head.split(b"\n", 4 * _ROWS)[: 4 * _ROWS] if line.strip()][:_ROWS]
    rows = [_object(line) for line in lines]
    if len(rows) == 1:
        return alone and rows[0] is not None and fields_of(rows[0], layout).text is not None
    ends = [line.endswith(b"}") for line in lines[:-1]] + [True]  # the last may be cut
    like = sum(line.startswith(b"{") and end for line, end in zip(lines, ends, strict=True))
    return any(row is not None for row in rows) and 2 * like > len(lines)


def is_program(head: bytes) -> bool:
    """Whether what looks like a page is a program that makes one."""
    return _PHP.search(head) is not None


def has_mark(head: bytes) -> bool:
    """Whether a byte order mark of UTF-16 or UTF-32 says that the NULs in it are text."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))


def _object(line: bytes) -> dict[str, object] | None:
    try:
        row = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _after_blank(head: bytes, at: int) -> int:
    found = _BLANK.match(head, at)
    return found.end() if found else at


def _narrow(head: bytes) -> bytes:
    """The head without its byte order mark; what is in UTF-16 in UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, b"<\0")):
        return head.decode("utf-16-le", "ignore").encode("utf-8", "ignore").removeprefix(codecs.BOM_UTF8)
    if head.startswith((codecs.BOM_UTF16_BE, b"\0<")):
        return head.decode("utf-16-be", "ignore").encode("utf-8", "ignore").removeprefix(codecs.BOM_UTF8)
    return head.removeprefix(codecs.BOM_UTF8)
