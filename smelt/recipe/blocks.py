"""How many blocks there are, how large they are and what they are called: known from the recipe, before any is made."""

from smelt.recipe.mixture import BlockPhase, BlocksConfig


def phase_tokens(phase: BlockPhase) -> int:
    """Tokens that the phase trains on: whole optimizer steps."""
    return max(1, phase.tokens // phase.batch_tokens) * phase.batch_tokens


def block_tokens(phase: BlockPhase, config: BlocksConfig) -> int:
    """Tokens of a full block of the phase: whole optimizer steps."""
    return min(phase_tokens(phase), max(1, config.block_tokens // phase.batch_tokens) * phase.batch_tokens)


def num_blocks(phase: BlockPhase, config: BlocksConfig) -> int:
    """Blocks of the phase."""
    return -(-phase_tokens(phase) // block_tokens(phase, config))


def phases_made(config: BlocksConfig) -> dict[str, int]:
    """The phases whose blocks are made: what their blocks' names begin with, and their numbers."""
    width = len(str(len(config.phases) - 1))
    return {f"{number:0{width}d}": number for number in range(config.first_phase, len(config.phases))}


def block_name(phase: str, place: int) -> str:
    """The name of a block.

    Args:
        phase: what its phase's begin with.
        place: its number in the phase.
    """
    return f"{phase}-{place:05d}"


def block_sizes(config: BlocksConfig) -> dict[str, int]:
    """The tokens that are trained on of each block, by name, in training order."""
    found: dict[str, int] = {}
    for name, number in phases_made(config).items():
        phase = config.phases[number]
        total, size = phase_tokens(phase), block_tokens(phase, config)
        for place in range(num_blocks(phase, config)):
            found[block_name(name, place)] = min(size, total - place * size)
    return found
