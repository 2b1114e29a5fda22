"""What a block is made of: the name under which every artifact finds it that needs the same block.

A block follows from its slices: which stretch of which document stands where in it, drawn for which group and for the
n-th time. How these came to be chosen changes no byte, so nothing of that is in its name: neither how many tokens the
phase has, nor the order, the weights, or the phases before. Where the recipe says that a longer phase begins with the
stream of a shorter one, their first blocks have the same slices, and so one name.
"""

import hashlib
from typing import Any

from smelt.recipe.mixture import BlocksConfig
from smelt.stage import Context, Shard
from tasks.blocks.ordered import slices_of
from tasks.blocks.phases import padding_token

PARTS = "parts"
"""The round that makes blocks."""


def made_of(context: Context, shard: Shard) -> dict[str, Any]:
    """All that decides a block: the tokens, the slices of them, what the numbers in these stand for, the phase's name,
    which its figures are told by, and the token that fills its sequences up, where one does."""
    config: BlocksConfig = context.config
    number, place = shard.payload
    of_phase, tokens = shard.name.partition("-")[0], context.inputs["tokens"]
    slices = slices_of(context.lake, context.artifact, config, tokens, of_phase, place)
    return {
        "tokens": tokens.digest,
        "slices": hashlib.sha256(slices.data.cast("B")).hexdigest(),
        "names": hashlib.sha256(context.get("order", of_phase, ".names.json")).hexdigest(),
        "phase": config.phases[number].name,
        "padding": padding_token(context, config.phases[number]),
    }
