"""Formats that begin like text and are none: what stands in them is markup, transport encoding or drawing commands.

Read as text they would pass every rule that looks for words. They are known by their first bytes, whatever the file
is called, and refused by name.
"""

import re

from tasks.ingest.document import UnreadableError

_HEAD = 1 << 14
_BEGINNINGS = {
    b"{\\rtf": "RTF",
    b"%!PS": "PostScript",
    b"\x04%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"%PDF-": "PDF",
    b"AT&TFORM": "DjVu",
    b"PK\x03\x04": "ZIP (EPUB, DOCX, ODT and others)",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "OLE (DOC, XLS, MSG and others)",
    b"Rar!\x1a\x07": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"%FDF-": "FDF",
    b"=ybegin ": "yEnc",
    b"(This file must be converted with BinHex": "BinHex",
    b"-----BEGIN PGP MESSAGE-----": "PGP message",
    b"-----BEGIN CERTIFICATE-----": "certificate",
    b"BEGIN:VCALENDAR": "iCalendar",
    b"BEGIN:VCARD": "vCard",
    b"gimp xcf": "XCF",
    b"ITSF": "CHM",
}
_MBOX = re.compile(
    rb"From \S{1,200} +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:\d{1,2} +)?"
    rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
)
_FIELD = re.compile(rb"[!-9;-~]{1,76}:")
_UUENCODED = re.compile(
    rb"(?:^|\n)begin(?:-base64)? [0-7]{3,4} [^\r\n]{1,200}\r?\n(?:M[ -`]{60}|[A-Za-z0-9+/]{60,76})\r?\n"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{60,76}={0,2}\r?")
_MIXED = (re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"[0-9]"))
_BASE64_LINES = 12


def refuse_foreign(content: bytes) -> None:
    """Refuse what is in a format that isn't read.

    Raises:
        UnreadableError: with the format's name.
    """
    if name := foreign(content):
        raise UnreadableError("other format", name)


def foreign(content: bytes) -> str:
    """Name of the format that isn't read and shows in the first bytes; empty for anything else."""
    head = content[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, name in _BEGINNINGS.items():
        if head.startswith(beginning):
            return name
    if _MBOX.match(head):
        return "MBOX"
    if _is_mail(head):
        return "MHTML or mail"
    if content[257:262] == b"ustar":
        return "tar"
    if _UUENCODED.search(head):
        return "uuencoded"
    return "base64" if _is_base64(head) else ""


def _is_mail(head: bytes) -> bool:
    """Whether it begins with the header of a message that has MIME's encodings; mail in plain text is text."""
    if not _FIELD.match(head):
        return False
    fields = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0].lower().splitlines()
    if not all(line[:1] in b" \t" or _FIELD.match(line) for line in fields[:-1]):
        return False
    return any(line.startswith((b"mime-version:", b"content-transfer-encoding:")) for line in fields)


def _is_base64(head: bytes) -> bool:
    lines = head.split(b"\n")[:-1]
    if len(lines) < _BASE64_LINES:
        return False
    fitting = sum(_BASE64.fullmatch(line) is not None for line in lines)
    return fitting >= 0.9 * len(lines) and all(kind.search(lines[1]) for kind in _MIXED)
