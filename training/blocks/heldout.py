"""The held-out text that models are judged on: the same tokens for every checkpoint, and while it is trained.

Documents are taken in the order in which they lie, label by label, until each label has its cap. A label's documents
make one stream, each after an end-of-document token as in training.
"""

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from smelt.lake import Lake, Manifest, held

DTYPES: dict[int, np.dtype[Any]] = {4: np.dtype("<i4"), 8: np.dtype("<u2")}
"""Of tokens, by the type code of a Megatron index."""
CODE_AT = 17
"""Position of the type code in a Megatron index."""
Document = tuple[str, np.ndarray, int]
"""A document's id, its tokens (int32 [n]) and the UTF-8 bytes of its text."""


@dataclass(frozen=True)
class Stream:
    """The held-out text of a label.

    Attributes:
        label: ``<lang>/<domain>``.
        tokens: int32 [n + 1]: an end-of-document token, then n tokens to predict.
        starts: int64 [documents]: where each document begins in ``tokens``.
        sizes: int64 [documents]: UTF-8 bytes of the text that each one's tokens stand for.
        ids: of the documents.
    """

    label: str
    tokens: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    ids: tuple[str, ...]

    @property
    def lang(self) -> str:
        """The label's language."""
        return self.label.partition("/")[0]

    @property
    def bytes(self) -> int:
        """UTF-8 bytes of all its text."""
        return int(self.sizes.sum())


def choose(lake: Lake, tokens: Manifest, *, cap: int, end_of_document: int) -> list[Stream]:
    """The held-out streams, by label.

    Args:
        tokens: manifest of the ``tokens`` artifact.
        cap: tokens per label; a document that crosses it is cut there, its bytes in proportion.
    """
    wanted = {label: min(cap, size) for label, size in tokens.stats["valid"]["tokens_by_domain"].items()}
    pieces: dict[str, list[Document]] = defaultdict(list)
    taken: dict[str, int] = defaultdict(int)
    for part in tokens.parts:
        if all(taken[label] >= size for label, size in wanted.items()):
            break
        table = pq.read_table(io.BytesIO(held.read(lake, tokens, part, ".valid.docs.parquet")))
        if not len(table):
            continue
        dtype = DTYPES[held.read(lake, tokens, part, ".valid.idx")[CODE_AT]]
        ids = np.frombuffer(held.read(lake, tokens, part, ".valid.bin"), dtype)
        for row in table.select(["id", "lang", "domain", "offset", "tokens", "bytes"]).to_pylist():
            label = f"{row['lang']}/{row['domain']}"
            length = min(row["tokens"], wanted[label] - taken[label])
            if length > 0:
                own = ids[row["offset"] : row["offset"] + length].astype(np.int32)
                pieces[label].append((row["id"], own, round(row["bytes"] * length / row["tokens"])))
                taken[label] += length
    return [stream_of(label, pieces[label], end_of_document=end_of_document) for label in sorted(pieces)]


def stream_of(label: str, documents: Sequence[Document], *, end_of_document: int) -> Stream:
    """A label's documents, each ending with an end-of-document token unless it was cut, as one stream."""
    ids, tokens, sizes = zip(*documents, strict=True)
    return Stream(
        label,
        np.concatenate([np.array([end_of_document], np.int32), *tokens]),
        1 + np.cumsum([0, *map(len, tokens[:-1])]),
        np.array(sizes, np.int64),
        ids,
    )
