"""Shapes of a ladder of sizes: llama's proportions at a target of parameters, by the divisibility rules.

Width over depth is 64 (as GPT-3's and llama's small models have it) to 128 (llama's from 1B on) where that meets the
target, and never outside 32 to 128: within that range the loss hardly depends on it (Kaplan et al. 2020, figure 5).
Heads are of 64, from a width of 4096 on of 128; a third of them or fewer, at most 8, are key/value groups; SwiGLU's
inner size is 8/3 of the width, in multiples of 64, from a width of 1024 on of 256.
"""

import math
from typing import Any

from smelt.errors import RecipeError
from smelt.recipe.training.model import ModelConfig

ASPECTS = (32, 128)
BEST_ASPECT = 64
CLOSE = 0.05
"""How far from the target a shape may be to be chosen for its proportions."""
FARTHEST = 0.35
MAX_WIDTH, STEP = 16_384, 64
LARGE_WIDTH = 4096
TILED_WIDTH = 1024
MAX_GROUPS = 8
LEAST_PER_LAYER = 10
"""Parameters of a layer over the width squared, at least: 2 of attention and 8 of SwiGLU."""


def shape(parameters: float, base: ModelConfig, vocab_size: int) -> dict[str, Any]:
    """The sizes of a model of about so many parameters, embedding included, as a recipe's ``model`` has them.

    Args:
        base: the recipe's model: what isn't a size (embeddings tied, norms) is its.

    Raises:
        RecipeError: where no shape comes within 35 % of the target.
    """
    candidates = [
        sizes
        for width in range(STEP, MAX_WIDTH + 1, STEP)
        for depth in range(max(1, math.ceil(width / ASPECTS[1])), width // ASPECTS[0] + 1)
        if depth == 1 or LEAST_PER_LAYER * width**2 * depth < 2 * parameters  # what is far too large isn't counted
        for sizes in [_sizes(width, depth)]
    ]
    rated = [(abs(math.log(_parameters(one, base, vocab_size) / parameters)), one) for one in candidates]
    nearest, chosen = min(rated, key=lambda item: item[0])
    if nearest > FARTHEST:
        found = _parameters(chosen, base, vocab_size)
        raise RecipeError(
            f"no shape has about {parameters:,.0f} parameters: the nearest, {chosen['num_layers']} layers of "
            f"{chosen['hidden_size']}, has {found:,}",
            where="parameters",
            mend="another target, or a smaller vocabulary",
        )
    close = [one for off, one in rated if off <= max(CLOSE, nearest)]
    return min(close, key=lambda one: abs(math.log(one["hidden_size"] / one["num_layers"] / BEST_ASPECT)))


def _sizes(width: int, depth: int) -> dict[str, Any]:
    head = 128 if width >= LARGE_WIDTH else 64
    heads = width // head
    groups = max(n for n in range(1, min(MAX_GROUPS, max(1, heads // 3)) + 1) if heads % n == 0)
    multiple = 256 if width >= TILED_WIDTH else 64
    return {
        "num_layers": depth,
        "hidden_size": width,
        "num_heads": heads,
        "num_query_groups": groups,
        "ffn_hidden_size": -(-width * 8 // (3 * multiple)) * multiple,
    }


def _parameters(sizes: dict[str, Any], base: ModelConfig, vocab_size: int) -> int:
    return base.model_copy(update=sizes).num_parameters(vocab_size)
