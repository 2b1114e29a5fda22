"""What round ``order`` has written, read back."""

import numpy as np

from smelt.lake import Artifact, Lake, Manifest
from smelt.recipe.blocks import block_tokens, num_blocks, phase_tokens
from smelt.recipe.mixture import BlocksConfig
from tasks.blocks.large import ended
from tasks.blocks.large.rounds import large
from tasks.blocks.phases import SLICE
from tasks.dedup import exchange


def shards_of(lake: Lake, artifact: Artifact, config: BlocksConfig, tokens: Manifest, of_phase: str) -> list[str]:
    """The shards of the round that have a phase's slices.

    Args:
        of_phase: the phase's own shard.
    """
    if not large(config, tokens):
        return [of_phase]
    ranges = ended.read(lake, artifact).ends[int(of_phase)].ranges
    return [ended.range_name(of_phase, number) for number in range(len(ranges))]


def slices_of(
    lake: Lake, artifact: Artifact, config: BlocksConfig, tokens: Manifest, of_phase: str, place: int
) -> np.ndarray:
    """The slices of a block (SLICE).

    Args:
        of_phase: the shard of its phase.
        place: its number in the phase.
    """
    phase = config.phases[int(of_phase)]
    if large(config, tokens):
        return ended.slices(lake, artifact, of_phase, place, phase_tokens(phase), block_tokens(phase, config))
    key = artifact.key("order", of_phase, ".slices")
    (slices,) = exchange.unpack(lake, artifact, [key], place, num_blocks(phase, config), SLICE)
    return slices
