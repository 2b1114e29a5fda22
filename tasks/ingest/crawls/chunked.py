"""The chunked transfer coding (RFC 9112, 7.1), told from bodies that only look like it.

A crawler may have taken the chunks away and left the header, and a text may begin with a line that reads as a size
(``2024``, ``Dad``, ``0``). So a body has chunks only where a line end follows each of them at the byte that its size
says, up to the one of size 0 or the end.
"""

import re
from typing import Literal, NamedTuple

_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]{0,4096})?(\r?\n)")
_TRAILERS = re.compile(rb"(?:[\w!#$%&'*+.^`|~-]+:[^\r\n]*\r?\n)*(?:\r?\n|\Z)")
_CONTENT = re.compile(rb"\s*<|\x1f\x8b|\x28\xb5\x2f\xfd")


class Unchunked(NamedTuple):
    """A body without its chunks.

    Attributes:
        state: ``whole``; ``open`` where the last chunk, that of size 0, is missing; ``torn`` where a chunk breaks off;
            ``broken`` where chunks begin and don't go on; ``none`` where there are none. In the last two, ``content``
            is the body.
        lacks: bytes that a torn chunk lacks.
    """

    content: bytes
    state: Literal["whole", "open", "torn", "broken", "none"]
    lacks: int = 0


def unchunked(body: bytes) -> Unchunked:
    """The content of the chunks that ``body`` is made of, if it is."""
    pieces: list[bytes] = []
    at = 0
    while at < len(body):
        found = _SIZE.match(body, at)
        if found is None:
            return _unlike(body, pieces)
        size, start = int(found[1], 16), found.end()
        if size == 0:
            end = _TRAILERS.match(body, start)
            whole = end is not None and (pieces or end.end() == len(body))
            return Unchunked(b"".join(pieces), "whole") if whole else _unlike(body, pieces)
        stop = start + size
        if stop > len(body):
            if not pieces and not _CONTENT.match(body, start):
                return Unchunked(body, "none")  # a line of text as likely as a size
            return Unchunked(b"".join([*pieces, body[start:]]), "torn", stop - len(body))
        pieces.append(body[start:stop])
        at = stop + (2 if body.startswith(b"\r\n", stop) else body.startswith(b"\n", stop))
        if at == stop < len(body):
            return _unlike(body, pieces[:-1])
    return Unchunked(b"".join(pieces), "open") if pieces else Unchunked(body, "none")


def _unlike(body: bytes, pieces: list[bytes]) -> Unchunked:
    """A body that isn't chunked: by chance like it for a chunk, or broken behind several."""
    return Unchunked(body, "broken" if len(pieces) > 1 else "none")
