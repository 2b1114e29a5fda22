"""The phases whose blocks are made: their documents, and the record of a slice."""

from functools import lru_cache

import numpy as np

from smelt.explaining.traced import Making
from smelt.lake import Artifact, Lake, Manifest, held
from smelt.recipe.blocks import block_name, num_blocks, phase_tokens, phases_made
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from smelt.stage import Context, Shard
from tasks.blocks import catalog as catalogs
from tasks.blocks import mixing
from tasks.blocks.packing import contexts, cuts
from tasks.indexed import read_index

SLICE = np.dtype(
    [
        ("id", "<u8"),
        ("offset", "<i8"),
        ("start", "<i8"),
        ("tokens", "<i8"),
        ("part", "<u4"),
        ("label", "<u4"),
        ("group", "<u4"),
        ("use", "<u4"),
        ("document", "<i8"),
        ("length", "<i8"),
        ("checksum", "<u8"),
    ]
)
"""Part of a document in a block: where its tokens lie (part, offset), how many, and where they start in the block;
where the whole document lies (document, in tokens), its length in tokens and its checksum; the number of the label and
of the group of the mixture that it was drawn for, and which use of the document it is, from 1. A stretch of padding has
a length of 0, and of everything else but its place in the block too."""


def phase_shards(context: Context) -> list[Shard]:
    """One shard a phase whose blocks are made."""
    return [Shard(name, number) for name, number in phases_made(context.config).items()]


def blocks_of(phase: Shard, config: BlocksConfig) -> list[Shard]:
    """One shard a block of a phase: its name, and the numbers of phase and block.

    Args:
        phase: its shard.
    """
    count = num_blocks(config.phases[phase.payload], config)
    return [Shard(block_name(phase.name, place), (phase.payload, place)) for place in range(count)]


def stream_of(context: Context, number: int) -> tuple[catalogs.Catalog, np.ndarray, mixing.Stream]:
    """The catalog, how often each document is used by the end of a phase (int32, D), and the phase's documents.

    Phases before it are gone through as well, for what they used up.
    """
    config: BlocksConfig = context.config
    columns = sorted(config.columns(phase.order for phase in config.phases))
    catalog = catalogs.read(context.lake, context.inputs, config.groups, columns)
    uses = np.zeros(len(catalog.ids), np.int32)
    for phase in config.phases[: number + 1]:
        stream = mixing.mix(catalog, uses, phase, phase_tokens(phase) + 1, config, config.seed)
        if phase.packing == "best_fit":
            stream = _packed(context, catalog, phase, stream, uses)
    return catalog, uses, stream


def _packed(
    context: Context, catalog: catalogs.Catalog, phase: BlockPhase, stream: mixing.Stream, uses: np.ndarray
) -> mixing.Stream:
    """What of a phase's documents is read when they are laid into sequences; no other is used."""
    length = phase.sequence_length
    firsts = np.searchsorted(catalog.parts, np.arange(len(context.inputs["tokens"].parts)))
    known = cuts.read(context, length, firsts.tolist())
    found = contexts.laid(stream, catalog.tokens, known, length, phase_tokens(phase) // length)
    np.subtract.at(uses, stream.documents[len(found.documents) :], 1)
    return found


def tokens_dtype(context: Context) -> np.dtype:
    """The type of the tokens that are read."""
    tokens = context.inputs["tokens"]
    return _dtype(context.lake, tokens.artifact, tokens.parts[0].name)


@lru_cache(maxsize=1)  # it is asked more than once for each block, and the index is read whole
def _dtype(lake: Lake, tokens: Artifact, part: str) -> np.dtype:
    record = tokens.record(lake, "parts", part)
    content = held.read(lake, tokens, record, ".idx")
    return read_index(content, where=lake.path(tokens.key_of(record, ".idx"))).dtype


def padding_token(context: Context, phase: BlockPhase) -> int | None:
    """The token that a phase's sequences are filled up with; None where documents lie end to end."""
    if phase.packing != "best_fit":
        return None
    figures = held.read_json(context.lake, tokenizer_of(context), "tokenizer", "/figures.json")
    return int(figures["padding"]["id"])


def tokenizer_of(context: Context) -> Manifest:
    """The tokenizer that the tokens are made with.

    Raises:
        StageError: when it is no longer in the lake.
    """
    return Making.of(context.inputs["tokens"]).input(context.lake, "tokenizer")
