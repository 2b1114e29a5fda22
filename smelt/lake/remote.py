"""An object in the lake as a file that can be read anywhere: each read is one ranged request.

So a reader of Parquet fetches the footer, then the columns of the row groups that it is asked for, and the rest
of the object never travels.
"""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smelt.lake.store import Lake


class RemoteFile(io.RawIOBase):
    """A read-only, seekable view of an object.

    Attributes:
        size: bytes of the object.
        etag: the version to read, or None for whichever there is.
    """

    def __init__(self, lake: "Lake", key: str, size: int, etag: str | None = None) -> None:
        self.lake, self.key, self.size, self.etag = lake, key, size, etag
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted == 0:
            return b""
        content = self.lake.get_range(self.key, self._at, wanted, etag=self.etag)
        self._at += len(content)
        return content

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, target: Any) -> int:
        content = self.read(len(target))
        target[: len(content)] = content
        return len(content)
