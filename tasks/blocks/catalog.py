"""All training documents at a glance: what each is and where its tokens lie, without a token read."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smelt.lake import Lake, Manifest, held
from tasks.sampling import ids_as_numbers


@dataclass(frozen=True)
class Catalog:
    """The documents of the training split, in the order of the sources; D documents.

    Attributes:
        ids: uint64, D.
        parts: uint32, D; number of the part that holds the document.
        offsets: int64, D; tokens into the part's ``.bin``.
        tokens: int64, D.
        checksums: uint64, D; of the document's tokens.
        labels: int32, D; number of the document's label.
        names: language and domain of each label.
    """

    ids: np.ndarray
    parts: np.ndarray
    offsets: np.ndarray
    tokens: np.ndarray
    checksums: np.ndarray
    labels: np.ndarray
    names: tuple[tuple[str, str], ...]


def read(lake: Lake, tokens: Manifest) -> Catalog:
    """Read the catalog of a tokens artifact."""

    def fetch(name: str) -> pa.Table:
        content = io.BytesIO(held.read(lake, tokens, name, ".docs.parquet"))
        return pq.read_table(content, columns=["id", "lang", "domain", "offset", "tokens", "checksum"])

    with ThreadPoolExecutor(8) as threads:
        tables = list(threads.map(fetch, [part.name for part in tokens.parts]))
    table = pa.concat_tables(tables)
    label = pc.binary_join_element_wise(table["lang"], table["domain"], "/")
    names = sorted(set(pc.unique(label).to_pylist()))
    return Catalog(
        ids=ids_as_numbers(table["id"]),
        parts=np.repeat(np.arange(len(tables), dtype=np.uint32), [len(part) for part in tables]),
        offsets=table["offset"].to_numpy(),
        tokens=table["tokens"].to_numpy(),
        checksums=table["checksum"].to_numpy(),
        labels=pc.index_in(label, pa.array(names, pa.string())).to_numpy(),
        names=tuple((name.split("/", 1)[0], name.split("/", 1)[1]) for name in names),
    )
