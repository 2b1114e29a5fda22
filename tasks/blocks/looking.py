"""Sequences of a block looked at: the documents in them, from the slices that the block was made of, and their text."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from smelt.errors import StageError
from smelt.explaining.sequence import Sequence as Looked
from smelt.explaining.sequence import Stretch
from smelt.explaining.traced import Making
from smelt.lake import Lake, PartRecord, held
from smelt.lake.artifact import RECORD
from smelt.recipe.blocks import block_name, num_blocks
from smelt.recipe.mixture import BlocksConfig
from smelt.takedown import blocked
from tasks.blocks.gather import gather
from tasks.blocks.naming import PARTS
from tasks.blocks.ordered import slices_of
from tasks.indexed import token_dtype

_THREADS = 16


def sequences(lake: Lake, blocks: Making, block: str, numbers: Sequence[int], *, text: bool) -> list[Looked]:
    """Sequences of a block, by number; see ``smelt.explaining.sequence``."""
    config = BlocksConfig.model_validate(blocks.config)
    of_phase, _, place = block.partition("-")
    phase = config.phases[int(of_phase)]
    count = num_blocks(phase, config)
    if not place.isdecimal() or int(place) >= count:
        mend = f"phase {phase.name} has {block_name(of_phase, 0)} to {block_name(of_phase, count - 1)}"
        raise StageError("no such block", where=block, mend=mend)
    key = blocks.artifact.key(PARTS, block, RECORD)
    if (made := lake.find_json(key)) is None:
        raise StageError("the block is not made yet", where=block, mend="wait for it, or run the recipe")
    slices = slices_of(lake, blocks.artifact, config, blocks.input(lake, "tokens"), of_phase, int(place))
    last = (int(slices["start"][-1] + slices["tokens"][-1]) - 1) // phase.sequence_length - 1
    if (wrong := max(numbers)) > last:
        mend = f"the block's are {block}:0 to {block}:{last}"
        raise StageError("no such sequence", where=f"{block}:{wrong}", mend=mend)
    names = held.read_json(lake, blocks.artifact, blocks.artifact.record(lake, "order", of_phase), ".names.json")
    found = [_inside(slices, number * phase.sequence_length, phase.sequence_length) for number in numbers]
    found = [own[own["length"] > 0] for own in found]  # padding is what a sequence has left behind its documents
    known = _documents(lake, blocks, np.concatenate(found))
    reader = _Reader(lake, blocks, PartRecord.parsed(lake, key, made)) if text else None
    looked = []
    for number, own in zip(numbers, found, strict=True):
        said = reader.read(own, number * phase.sequence_length) if reader else [[]] * len(own)
        stretches = [
            Stretch(
                **known[int(item["id"])],
                **names["labels"][item["label"]],
                group=names["groups"][item["group"]],
                use=item["use"],
                start=item["start"],
                end=item["start"] + item["tokens"],
                offset=item["offset"] - item["document"],
                length=item["length"],
                pieces=pieces,
            )
            for item, pieces in zip(own, said, strict=True)
        ]
        length = phase.sequence_length
        padding = length - int(own["tokens"].sum())
        looked.append(
            Looked(block=block, number=number, phase=phase.name, length=length, stretches=stretches, padding=padding)
        )
    return looked


def _inside(slices: np.ndarray, first: int, length: int) -> np.ndarray:
    """The slices of a block as far as they lie in its tokens from ``first`` on; ``start`` counts from there."""
    starts = np.maximum(slices["start"], first)
    ends = np.minimum(slices["start"] + slices["tokens"], first + length)
    cut = slices.copy()
    cut["offset"] += starts - slices["start"]
    cut["start"], cut["tokens"] = starts - first, ends - starts
    return cut[ends > starts]


def _documents(lake: Lake, blocks: Making, slices: np.ndarray) -> dict[int, dict[str, Any]]:
    """What each document is, by its id's number: ``id``, ``part``, ``url``, ``source`` and ``taken_down``."""
    tokens, clean = blocks.input(lake, "tokens"), blocks.input(lake, "clean")
    ingest, listed = Making.of(clean).input(lake, "ingest"), blocked(lake)

    def read(number: int) -> dict[int, dict[str, Any]]:
        part = tokens.parts[number].name
        numbers = np.unique(slices["id"][slices["part"] == number]).tolist()
        ids = [f"{one:016x}" for one in numbers]
        table = held.open_parquet(lake, ingest, part).read(["id", "url", "source"])
        rows = table.take(pc.index_in(pa.array(ids), table["id"])).to_pylist()
        return {
            one: {
                **row,
                "url": row["url"] or "",
                "part": part,
                "taken_down": listed.find(id=row["id"], url=row["url"]),
            }
            for one, row in zip(numbers, rows, strict=True)
        }

    with ThreadPoolExecutor(_THREADS) as threads:
        parts = list(threads.map(read, np.unique(slices["part"]).tolist()))
    return {number: known for part in parts for number, known in part.items()}


class _Reader:
    """Reads the text of a block's slices, token by token."""

    def __init__(self, lake: Lake, blocks: Making, block: PartRecord) -> None:
        self._lake, self._artifact, self._tokens = lake, blocks.artifact, blocks.input(lake, "tokens")
        self._key = blocks.artifact.key_of(block, ".bin")
        tokenizer = Making.of(self._tokens).input(lake, "tokenizer")
        self._tokenizer = Tokenizer.from_str(held.read(lake, tokenizer, "tokenizer", "/tokenizer.json").decode())
        figures = held.read_json(lake, tokenizer, "tokenizer", "/figures.json")
        self._dtype = token_dtype(figures["vocab_size"])

    def read(self, slices: np.ndarray, first: int) -> list[list[tuple[str, list[int]]]]:
        """The pieces of each slice.

        Args:
            slices: of a sequence that begins with the block's token ``first``.

        Raises:
            DamageError: when the documents' tokens aren't those that were encoded, or the block's are others.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder) / "tokens"
            gather(self._lake, self._tokens, slices, self._dtype, path)
            content = path.read_bytes()
        size = self._dtype.itemsize
        if self._lake.get_range(self._key, first * size, len(content)) != content:
            what = f"is not what was written: from token {first:,} on it has others than its documents"
            raise held.damaged(self._lake, self._artifact, self._key, what)
        ids = np.frombuffer(content, self._dtype)
        return [self._pieces(part.tolist()) for part in np.split(ids, slices["start"][1:])]

    def _pieces(self, ids: list[int]) -> list[tuple[str, list[int]]]:
        """The text of tokens, each its own piece but for those that only together make characters."""
        stream, found, waiting = DecodeStream(skip_special_tokens=False), list[tuple[str, list[int]]](), list[int]()
        for number in ids:
            waiting.append(number)
            if (text := stream.step(self._tokenizer, number)) is not None:
                found.append((text, waiting))
                waiting = []
        return [*found, ("\ufffd", waiting)] if waiting else found
