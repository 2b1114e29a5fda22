"""Blocks: the training data in training order, made ahead of training.

Round ``order`` decides, from the index of documents alone, which document stands where in a phase's stream
(see ``mixing``, and for more documents than one process should hold ``large.rounds``), and writes for each block the
slices it is made of. Round ``parts`` gathers the slices of one block from the token files, or from what round
``scattered`` has made of these (see ``scatter``); a block that another artifact has made is taken over (see
``naming``). Block ``b`` of a phase is tokens ``[b*N, (b+1)*N]`` of the phase's stream, both ends included: the last
token of a block, which is the first of the next, is there to be predicted. ``N`` is a multiple of what one optimizer
step reads; the last block of a phase may be shorter. Phases in the order ``in_context`` and with the packing
``best_fit`` have rounds of their own before these (see ``context.rounds`` and ``packing.rounds``).
"""

import json
import os
from typing import Any

import numpy as np
import pyarrow as pa

from smelt.phases import PADDING
from smelt.recipe.blocks import block_tokens, num_blocks, phase_tokens
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from smelt.stage import Context, Part, Round, Shard, Stage, small
from tasks import documents
from tasks.blocks import catalog as catalogs
from tasks.blocks import mixing, scatter
from tasks.blocks.context import rounds as context_rounds
from tasks.blocks.context.rounds import in_context
from tasks.blocks.figures import figures, names
from tasks.blocks.gather import gather
from tasks.blocks.large import rounds as large_rounds
from tasks.blocks.naming import PARTS, made_of
from tasks.blocks.ordered import slices_of
from tasks.blocks.packing import contexts
from tasks.blocks.packing import rounds as packing_rounds
from tasks.blocks.phases import blocks_of, padding_token, phase_shards, stream_of, tokens_dtype
from tasks.blocks.slices import cut
from tasks.dedup import exchange
from tasks.indexed import index_bytes


def order(context: Context, shard: Shard) -> Part:
    """The slices of a phase's blocks; where its order is made of ranges, those of a range, or the phase's figures."""
    config: BlocksConfig = context.config
    if not large_rounds.large(config, context.inputs["tokens"]):
        return _at_once(context, shard)
    if not isinstance(shard.payload, tuple):
        return large_rounds.phase_figures(context, shard)
    number, place = shard.payload
    slices, blocks, first, count = large_rounds.range_slices(context, shard.name.partition("-")[0], number, place)
    return Part(_written(context, shard.name, number, slices, blocks, first, count), rows=len(slices))


def _at_once(context: Context, shard: Shard) -> Part:
    config: BlocksConfig = context.config
    phase = config.phases[shard.payload]
    catalog, uses, stream = stream_of(context, shard.payload)
    pieces = stream.pieces if phase.order.by != "in_context" else in_context(context, shard, stream)
    slices, blocks = cut(catalog, pieces, phase_tokens(phase), block_tokens(phase, config))
    files = _written(context, shard.name, shard.payload, slices, blocks, 0, num_blocks(phase, config))
    files[".names.json"] = names(catalog.names, stream.asked)
    stats: dict[str, Any] = {"mixture": {phase.name: figures(stream.asked, stream.got, used(catalog, phase, uses))}}
    if stream.packed is not None:
        stats["packing"] = {phase.name: contexts.figures(stream, catalog.tokens, phase.sequence_length)}
    return Part(files, rows=len(slices), stats=stats)


def _written(
    context: Context, name: str, phase: int, slices: np.ndarray, blocks: np.ndarray, first: int, count: int
) -> dict[str, Any]:
    """The objects of a shard of this round: its slices by block, and where token files are scattered by file too.

    Args:
        blocks: the number of each slice's block.
        first, count: the blocks that it may have slices of.
    """
    files: dict[str, Any] = {}
    key = context.artifact.key("order", name, ".slices")
    files[".slices"] = exchange.pack(slices, blocks - first, count, key=key)
    if scatter.scattered(context, phase):
        key = context.artifact.key("order", name, scatter.PLACES)
        files[scatter.PLACES] = scatter.places(slices, blocks, context.inputs["tokens"], key=key)
    return files


def used(catalog: catalogs.Catalog, phase: BlockPhase, uses: np.ndarray) -> np.ndarray:
    """The tokens of each group's documents by how often these are used (int64, groups x U)."""
    shares, group_of = mixing.groups(catalog, phase.weights)
    width, own = int(uses.max(initial=0)) + 1, group_of >= 0
    sums = np.bincount(group_of[own] * width + uses[own], catalog.tokens[own], minlength=len(shares) * width)
    return sums.astype(np.int64).reshape(len(shares), width)


def order_shards(context: Context) -> list[Shard]:
    """One shard a phase, and where its order is made of ranges, one for each of these."""
    if large_rounds.large(context.config, context.inputs["tokens"]):
        return large_rounds.order_shards(context)
    return phase_shards(context)


def block_shards(context: Context) -> list[Shard]:
    """One shard a block, phase by phase."""
    return [block for phase in phase_shards(context) for block in blocks_of(phase, context.config)]


def block(context: Context, shard: Shard) -> Part:
    """Gather a block."""
    config: BlocksConfig = context.config
    number, place = shard.payload
    phase = config.phases[number]
    of_phase = shard.name.partition("-")[0]
    slices = slices_of(context.lake, context.artifact, config, context.inputs["tokens"], of_phase, place)
    named = json.loads(context.get("order", of_phase, ".names.json"))
    labels, groups = named["labels"], named["groups"]
    tokens = context.inputs["tokens"]
    dtype = tokens_dtype(context)
    target = context.scratch / f"block-{os.getpid()}.bin"  # overwritten by this process's next block
    padding = padding_token(context, phase)
    if scatter.scattered(context, number) and place in scatter.missing(context, of_phase):
        scatter.collect(context, of_phase, place, slices, dtype, target, padding=padding or 0)
    else:
        gather(context.lake, tokens, slices, dtype, target, padding=padding or 0)

    real = slices["length"] > 0

    def column(values: Any) -> pa.Array:
        return pa.array(np.where(real, np.array(values, object), PADDING), pa.string())

    langs = np.array([label["lang"] for label in labels], object)[slices["label"]]
    domains = np.array([label["domain"] for label in labels], object)[slices["label"]]
    segments = pa.table(
        {
            "start": pa.array(slices["start"], pa.int64()),
            "id": column([f"{number:016x}" for number in slices["id"].tolist()]),
            "lang": column(langs),
            "domain": column(domains),
            "label": column(langs + "/" + domains),
            "group": column(np.array(groups, object)[slices["group"]]),
            "offset": pa.array(slices["offset"] - slices["document"], pa.int64()),
            "use": pa.array(slices["use"], pa.int32()),
        }
    )
    trained = slices["tokens"].copy()
    trained[-1] -= 1  # the overlap is the next block's
    size = int(trained.sum())
    padded, trained = int(trained[~real].sum()), np.where(real, trained, 0)
    sizes = np.bincount(slices["label"], trained, minlength=len(labels))
    by_domain = {f"{item['lang']}/{item['domain']}": int(n) for item, n in zip(labels, sizes, strict=True) if n}
    sizes = np.bincount(slices["group"], trained, minlength=len(groups))
    by_group = {name: int(n) for name, n in zip(groups, sizes, strict=True)}
    stats = {
        "blocks": 1,
        "tokens": size,
        "tokens_by_domain": by_domain,
        "tokens_by_group": by_group,
        "tokens_by_phase": {phase.name: size},
        **({"padding": padded} if padding is not None else {}),
    }
    files: dict[str, Any] = {
        ".bin": target,
        ".idx": index_bytes(slices["tokens"], dtype),
        ".segments.parquet": documents.write(segments),
    }
    return Part(files, rows=len(slices), stats=stats)


STAGE = Stage(
    "blocks",
    rounds=(
        *packing_rounds.ROUNDS,
        *context_rounds.ROUNDS,
        *large_rounds.ROUNDS,
        Round("order", order_shards, order, in_driver=small),
        *scatter.ROUNDS,
        Round(PARTS, block_shards, block, made_of, in_driver=small),
    ),
)
