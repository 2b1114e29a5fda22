"""Megatron's indexed datasets: token ids in a ``.bin``, and an ``.idx`` that says where each document lies.

The layout is that of ``megatron.core.datasets.indexed_dataset`` (read there for the reference), written and
read here without torch, and from bytes rather than paths, since ours lie in an object store. A document is
one sequence. Little-endian: magic, version, type code, counts, then lengths, byte pointers and document ends.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xxhash

from smelt.errors import StageError

_MAGIC, _VERSION = b"MMIDIDX\x00\x00", 1
_HEADER = struct.Struct("<9sQBQQ")
_CODES: dict[int, np.dtype] = {4: np.dtype("<i4"), 8: np.dtype("<u2")}
_SMALL_VOCABULARY = 65_500  # Megatron's own limit for two bytes


@dataclass(frozen=True)
class Index:
    """What an ``.idx`` says.

    Attributes:
        dtype: type of the token ids in the ``.bin``.
        lengths: int32, tokens of each document.
        starts: int64, where each document starts in the ``.bin``, in bytes.
    """

    dtype: np.dtype
    lengths: np.ndarray
    starts: np.ndarray


def checksums(content: bytes, lengths: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A checksum (XXH3, uint64) of each document's tokens, for those who read them by ranges.

    Args:
        content: the ``.bin``, or documents of it.
        lengths: tokens of each document.
    """
    view, borders = memoryview(content), np.concatenate(([0], np.cumsum(lengths))) * dtype.itemsize
    return np.array([xxhash.xxh3_64_intdigest(view[start:end]) for start, end in pairwise(borders)], np.uint64)


def token_dtype(vocab_size: int) -> np.dtype:
    """The type that token ids of a vocabulary are stored in."""
    return _CODES[8 if vocab_size < _SMALL_VOCABULARY else 4]


def index_bytes(lengths: np.ndarray, dtype: np.dtype) -> bytes:
    """The ``.idx`` of documents of these lengths (in tokens), one after the other in the ``.bin``."""
    code = next(code for code, known in _CODES.items() if known == dtype)
    lengths = np.asarray(lengths, "<i4")
    starts = np.zeros(len(lengths), "<i8")
    np.cumsum(lengths[:-1], out=starts[1:])
    return b"".join(
        (
            _HEADER.pack(_MAGIC, _VERSION, code, len(lengths), len(lengths) + 1),
            lengths.tobytes(),
            (starts * dtype.itemsize).tobytes(),
            np.arange(len(lengths) + 1, dtype="<i8").tobytes(),
        )
    )


def read_index(content: bytes, *, where: str) -> Index:
    """Parse an ``.idx``.

    Args:
        where: names it in errors.

    Raises:
        StageError: when it is none, or of a type that token ids are not stored in.
    """
    magic, version, code, count, _ = _HEADER.unpack_from(content)
    if magic != _MAGIC or version != _VERSION or code not in _CODES:
        raise StageError("not a Megatron index of token ids", where=where)
    lengths = np.frombuffer(content, "<i4", count, _HEADER.size)
    return Index(_CODES[code], lengths, np.frombuffer(content, "<i8", count, _HEADER.size + lengths.nbytes))
