"""The round that phases with the packing ``best_fit`` have before their documents are drawn.

Round ``cuts`` finds where each document that is longer than a context is cut, part by part, for each length of contexts
that there is. It looks at all of them, drawn or not: which documents a phase leaves to the next depends on the cuts of
those before.
"""

import os
from functools import lru_cache

import numpy as np
from tokenizers import Tokenizer

from smelt.lake import held
from smelt.recipe.mixture import BlocksConfig
from smelt.stage import Context, Part, Round, Shard, small
from tasks.blocks.gather import whole_documents
from tasks.blocks.packing import cuts, ends
from tasks.blocks.phases import SLICE, tokenizer_of, tokens_dtype
from tasks.sampling import ids_as_numbers


def _shards(context: Context) -> list[Shard]:
    """One shard a length of contexts and part of the tokens."""
    config: BlocksConfig = context.config
    lengths = {phase.sequence_length for phase in config.phases if phase.packing == "best_fit"}
    parts = context.inputs["tokens"].parts
    return [
        Shard(cuts.shard_name(length, part.name), (length, number))
        for length in sorted(lengths)
        for number, part in enumerate(parts)
    ]


def _cuts(context: Context, shard: Shard) -> Part:
    """Where the documents of a part are cut."""
    length, number = shard.payload
    lake, tokens = context.lake, context.inputs["tokens"]
    table = held.open_parquet(lake, tokens, tokens.parts[number].name, ".docs.parquet").read(
        ["id", "offset", "tokens", "checksum"]
    )
    long = np.flatnonzero(table["tokens"].to_numpy() > length)
    slices = np.zeros(len(long), SLICE)
    slices["part"] = number
    slices["id"] = ids_as_numbers(table["id"])[long]
    for field, column in (("document", "offset"), ("length", "tokens"), ("checksum", "checksum")):
        slices[field] = table[column].to_numpy()[long]
    found = [np.zeros(0, cuts.CUT)]
    if len(long):
        kinds = _kinds(held.read(lake, tokenizer_of(context), "tokenizer", "/tokenizer.json"))
        target = context.scratch / f"long-{shard.name}-{os.getpid()}.bin"
        for rows, ids, borders in whole_documents(lake, tokens, slices, tokens_dtype(context), target):
            for row, document in zip(rows, np.split(ids, borders[:-1]), strict=True):
                places = ends.cuts(document, length, kinds)
                own = np.zeros(len(places), cuts.CUT)
                own["row"], own["tokens"] = long[row], places
                found.append(own)
    made = np.concatenate(found)
    return Part({cuts.SUFFIX: made.tobytes()}, rows=len(made))


@lru_cache(maxsize=1)  # a worker cuts the documents of many parts
def _kinds(tokenizer_json: bytes) -> np.ndarray:
    return ends.kinds(Tokenizer.from_str(tokenizer_json.decode()))


ROUNDS = (Round(cuts.ROUND, _shards, _cuts, in_driver=small),)
