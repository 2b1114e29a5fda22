"""Raw files as binary files, wherever they lie.

An object is read by ranges of one version of it: no more than a block is ever held, a request that breaks off is made
again for its own range only, and an object that is written again while it is read is noticed.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from smelt.lake import Lake
from smelt.lake.remote import RemoteFile

BLOCK = 4 << 20
"""Bytes of a request when an object is read from end to end."""


@dataclass(frozen=True)
class Stored:
    """An object: its key in a lake (or another bucket), its size in bytes, and its ETag where one was listed."""

    lake: Lake
    key: str
    num_bytes: int
    etag: str | None = None

    def ranges(self) -> RemoteFile:
        """The object as a file without a buffer: each read is a request."""
        return RemoteFile(self.lake, self.key, self.num_bytes, self.etag)


def opened(content: bytes | Path | Stored) -> BinaryIO:
    """The content as a seekable file that reads ahead."""
    if isinstance(content, bytes):
        return io.BytesIO(content)
    if isinstance(content, Stored):
        return io.BufferedReader(content.ranges(), BLOCK)
    return content.open("rb", buffering=1 << 20)
