"""A block: which stretch of it is which document, in training order."""

from dataclasses import dataclass

from markupsafe import Markup

from operators.pages.table import open_parquet, record_of
from smelt.charts import share_bars
from smelt.lake import Lake, Manifest, PartRecord

ROWS_SHOWN = 50
_COLUMNS = ["start", "id", "label"]


@dataclass(frozen=True)
class Segment:
    """A stretch of a block.

    Attributes:
        number: from 0, in training order.
        start: its first token's place in the block.
        tokens: its length.
    """

    number: int
    start: int
    tokens: int
    id: str
    label: str


@dataclass(frozen=True)
class Block:
    """A page of a block's segments, and the mixture of the whole block.

    Attributes:
        length: of the sequences that training reads of it.
    """

    record: PartRecord
    phase: str
    length: int
    segments: list[Segment]
    mixture: Markup


def read_block(lake: Lake, manifest: Manifest, part: str, start: int) -> Block:
    """The segments of a block from the ``start``-th on."""
    record = record_of(manifest, part)
    table = open_parquet(lake, manifest, record, ".segments.parquet").read(_COLUMNS)
    size = record.stats["tokens"] + 1  # the overlap with the next block
    starts = [*table["start"].slice(start, ROWS_SHOWN + 1).to_pylist(), size]
    rows = table.slice(start, ROWS_SHOWN).to_pylist()
    segments = [
        Segment(start + at, row["start"], starts[at + 1] - row["start"], row["id"], row["label"])
        for at, row in enumerate(rows)
    ]
    sizes = record.stats["tokens_by_domain"]
    order = sorted(manifest.stats["tokens_by_domain"], key=lambda label: -manifest.stats["tokens_by_domain"][label])
    phase = next(iter(record.stats["tokens_by_phase"]), "")
    length = manifest.config["phases"][-1]["sequence_length"]
    return Block(record, phase, length, segments, share_bars([("this block", sizes)], order))
