"""The tokens of a phase sent to its blocks, so that each token file is read once however many blocks there are.

A block takes of every token file a few documents that lie far from each other: to fetch them one by one are too many
requests, and to fetch what lies between them too is to read the file again for each block. So round ``scattered`` reads
a file once and writes what the phase reads of it, block after block, and a block fetches its own range of each
(``tasks.dedup.exchange``): every token is read twice and written once more. Where blocks are few, or hold most of the
documents, they are fetched from the token files (``gather``).

Round ``missing`` says before that which of the blocks no artifact has made yet: only these are sent tokens, and where
there is none no token file is read. One that was there then, and is damaged or gone when it is wanted, is gathered.
"""

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from smelt.engine.sharing import shared_part
from smelt.lake import Manifest
from smelt.recipe.blocks import block_tokens, num_blocks
from smelt.recipe.mixture import BlocksConfig
from smelt.stage import Context, Part, Round, Shard, small
from tasks.blocks.gather import GAP_BYTES, gather, mapped
from tasks.blocks.naming import PARTS, made_of
from tasks.blocks.ordered import shards_of
from tasks.blocks.phases import SLICE, blocks_of, phase_shards, tokens_dtype
from tasks.dedup import exchange

MOST = 2.0
"""Bytes of token files that blocks may read for each of their own before files are scattered."""
PLACES = ".places"
_PLACED = np.dtype([("slice", SLICE), ("block", "<u4")])
_AT_ONCE = 8
"""Ranges of a block that are in memory at the same time."""


def scattered(context: Context, phase: int) -> bool:
    """Whether the tokens of a phase are scattered."""
    config: BlocksConfig = context.config
    if small(context) or num_blocks(config.phases[phase], config) == 1:
        return False
    tokens = context.inputs["tokens"]
    held = sum(part.files[".bin"].bytes for part in tokens.parts)
    wanted = block_tokens(config.phases[phase], config) * tokens_dtype(context).itemsize
    return gathered(held, sum(part.rows for part in tokens.parts), wanted) > MOST


def gathered(held: int, documents: int, wanted: int) -> float:
    """Bytes that ``gather`` reads for each of a block's own, on average, where its documents lie by chance.

    Args:
        held: bytes of all token files.
        documents: in them.
        wanted: bytes of a block.
    """
    document = held / documents
    between = document * held / wanted  # from a document of the block to the next
    near = GAP_BYTES / between
    return 1 + between / document * (1 - math.exp(-near) * (1 + near))


def places(slices: np.ndarray, blocks: np.ndarray, tokens: Manifest, *, key: str) -> bytes:
    """An object that says of each token file what blocks read of it.

    Args:
        slices: SLICE records.
        blocks: the number of the block of each.
        key: of the object.
    """
    real = slices["length"] > 0
    found = np.zeros(int(real.sum()), _PLACED)
    found["slice"], found["block"] = slices[real], blocks[real]
    return exchange.pack(found, found["slice"]["part"], len(tokens.parts), key=key)


def collect(
    context: Context, phase: str, place: int, slices: np.ndarray, dtype: np.dtype, target: Path, *, padding: int
) -> None:
    """Write a block to ``target``, from what the round has written: the same bytes as ``gather`` writes.

    Args:
        phase: its shard.
        place: the block's number in the phase.

    Raises:
        DiskFullError: when ``target`` has no room.
    """
    config: BlocksConfig = context.config
    parts, count = context.inputs["tokens"].parts, num_blocks(config.phases[int(phase)], config)
    out = mapped(target, slices, dtype)
    out[:] = padding
    real = slices[slices["length"] > 0]

    def fetch(number: int) -> None:
        own = real[real["part"] == number]
        key = context.artifact.key("scattered", f"{phase}-{parts[number].name}", ".bin")
        (found,) = exchange.unpack(context.lake, context.artifact, [key], place, count, dtype)
        ends = np.cumsum(own["tokens"])
        for start, tokens, end in zip(own["start"].tolist(), own["tokens"].tolist(), ends.tolist(), strict=True):
            out[start : start + tokens] = found[end - tokens : end]

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(fetch, np.unique(real["part"]).tolist()))
    out.flush()


def missing(context: Context, phase: str) -> set[int]:
    """The numbers of a phase's blocks that are sent tokens.

    Args:
        phase: its shard.
    """
    return set(json.loads(context.get("missing", phase, ".json")))


def _phases(context: Context) -> list[Shard]:
    """One shard a phase whose tokens are scattered."""
    return [phase for phase in phase_shards(context) if scattered(context, phase.payload)]


def _missing(context: Context, shard: Shard) -> Part:
    """Which of a phase's blocks no artifact has made yet."""

    def is_there(block: Shard) -> bool:
        return context.lake.exists(shared_part(context, PARTS, made_of(context, block)).record_key)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        there = list(threads.map(is_there, blocks_of(shard, context.config)))
    found = [number for number, made in enumerate(there) if not made]
    return Part({".json": json.dumps(found).encode()}, rows=len(found))


def _shards(context: Context) -> list[Shard]:
    """One shard a phase and part of the tokens, where blocks of the phase are missing."""
    return [
        Shard(f"{phase.name}-{part.name}", (phase, number))
        for phase in _phases(context)
        if missing(context, phase.name)
        for number, part in enumerate(context.inputs["tokens"].parts)
    ]


def _scatter(context: Context, shard: Shard) -> Part:
    """What a phase's missing blocks read of a part, by block."""
    config: BlocksConfig = context.config
    phase, number = shard.payload
    tokens = context.inputs["tokens"]
    names = shards_of(context.lake, context.artifact, config, tokens, phase.name)
    keys = [context.artifact.key("order", name, PLACES) for name in names]
    found = np.concatenate(exchange.unpack(context.lake, context.artifact, keys, number, len(tokens.parts), _PLACED))
    found = found[np.isin(found["block"], list(missing(context, phase.name)))]
    found = found[np.lexsort((found["slice"]["start"], found["block"]))]
    slices = found["slice"].copy()
    slices["start"] = np.cumsum(slices["tokens"]) - slices["tokens"]
    count = num_blocks(config.phases[phase.payload], config)
    sizes = np.bincount(found["block"], slices["tokens"], minlength=count).astype(np.int64)
    dtype, key = tokens_dtype(context), context.artifact.key("scattered", shard.name, ".bin")
    if not len(slices):
        return Part({".bin": exchange.pack_sorted(np.zeros(0, dtype), sizes, key=key)}, rows=0)
    plain, target = (context.scratch / f"scattered-{shard.name}-{os.getpid()}{suffix}" for suffix in ("", ".bin"))
    gather(context.lake, tokens, slices, dtype, plain)
    exchange.pack_into(target, np.memmap(plain, dtype, "r"), sizes, key=key)
    plain.unlink()
    return Part({".bin": target}, rows=len(slices))


ROUNDS = (Round("missing", _phases, _missing), Round("scattered", _shards, _scatter))
