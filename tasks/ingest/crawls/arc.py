"""Records of ARC files, which came before WARC (the Internet Archive's until 2009, Common Crawl's until 2012).

https://archive.org/web/researcher/ArcFileFormat.php: a record is a line ``URL address date media-type … length``,
``length`` bytes and an empty line; the first record of a file begins with ``filedesc:``. The fields between type and
length differ by version, and old types have blanks in them, so a header is known by address, date and length.
"""

import re

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.crawls.records import MAX_HEADER_BYTES, Reader, Record
from tasks.ingest.document import UnreadableError

HEAD_BYTES = 2048
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{0,30}:")
_ADDRESS = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:.]{2,45}|-")
_DATE = re.compile(rb"(?:19|20)\d{6,15}")


def begins(head: bytes) -> bool:
    """Whether a record begins with these bytes, of which ``HEAD_BYTES`` are enough."""
    return _fields(head.partition(b"\n")[0]) is not None


def record(reader: Reader, options: IngestOptions) -> Record:
    """The record that begins where the reader stands, which is behind it then.

    Raises:
        UnreadableError: when it is broken, or larger than the options allow.
    """
    line = reader.line()
    fields = _fields(line)
    if fields is None:
        raise UnreadableError("broken warc", f"no record begins with {line[:40]!r}")
    url, date, media, size = fields
    content = reader.sized(size, options.max_file_bytes + MAX_HEADER_BYTES)
    if url.startswith("filedesc:"):
        return Record(None, "warcinfo")
    if content is None:
        raise UnreadableError("record over limit", f"{size} bytes, more than {options.max_file_bytes}")
    return Record(content, "response", url, f"{date[:4]}-{date[4:6]}-{date[6:8]}", media)


def _fields(line: bytes) -> tuple[str, str, str, int] | None:
    """Address, date, media type and length that the header line of a record says, or None for any other line."""
    if not _SCHEME.match(line):
        return None
    words = line.rstrip(b"\r\n").split(b" ")
    for at in range(1, len(words) - 2):
        if _DATE.fullmatch(words[at + 1]) and _ADDRESS.fullmatch(words[at]):
            if not words[-1].isdigit() or len(words[-1]) > 15:
                return None
            url, media = b" ".join(words[:at]), b" ".join(words[at + 2 : -1])
            return url.decode("utf-8", "replace"), words[at + 1].decode(), media.decode("latin-1"), int(words[-1])
    return None
