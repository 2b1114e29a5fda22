"""Records of WARC files.

https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/: a record is a line ``WARC/1.x``,
header lines, an empty line, ``Content-Length`` bytes, and two empty lines. Records of type ``response`` hold an HTTP
answer, ``resource`` the bare content, ``conversion`` text.
"""

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.crawls.records import MAX_HEADER_BYTES, Reader, Record
from tasks.ingest.document import UnreadableError

HEAD_BYTES = 5
_TYPES = ("warcinfo", "request", "metadata", "revisit", "continuation")


def begins(head: bytes) -> bool:
    """Whether a record begins with these bytes, of which ``HEAD_BYTES`` are enough."""
    return head.startswith(b"WARC/")


def record(reader: Reader, options: IngestOptions) -> Record:
    """The record that begins where the reader stands, which is behind it then.

    Raises:
        UnreadableError: when it is broken, or larger than the options allow.
    """
    version = reader.line()
    if not begins(version):
        raise UnreadableError("broken warc", f"no record begins with {version[:40]!r}")
    headers = _headers(reader)
    length = headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 15:
        raise UnreadableError("broken warc", f"Content-Length is {length[:40]!r}")
    kind = headers.get("warc-type", "").lower()
    content = reader.sized(int(length), options.max_file_bytes + MAX_HEADER_BYTES)
    if kind not in ("response", "resource", "conversion"):
        return Record(None, kind if kind in _TYPES else "record of no known type")
    if content is None:
        raise UnreadableError("record over limit", f"{length} bytes, more than {options.max_file_bytes}")
    url, day = headers.get("warc-target-uri"), headers.get("warc-date", "")[:10]
    return Record(content, kind, url and url.strip("<>"), day or None, headers.get("content-type", ""), _cut(headers))


def _cut(headers: dict[str, str]) -> str:
    """What says that the content is less than there was: a crawler's limit, or a first segment of several."""
    if "warc-truncated" in headers:
        why = headers["warc-truncated"].lower()
        return why if why in ("length", "time", "disconnect") else "unspecified"
    return "segment" if "warc-segment-number" in headers else ""


def _headers(reader: Reader) -> dict[str, str]:
    headers: dict[str, str] = {}
    size, name = 0, ""
    while line := reader.line().rstrip(b"\r\n"):
        size += len(line)
        if size > MAX_HEADER_BYTES:
            raise UnreadableError("broken warc", f"more than {MAX_HEADER_BYTES} bytes of header")
        text = line.decode("utf-8", "replace")
        if text[0] in " \t" and name:
            headers[name] += " " + text.strip()
        else:
            name, _, value = text.partition(":")
            name = name.strip().lower()
            headers[name] = value.strip()
    return headers
