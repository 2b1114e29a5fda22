"""What fits on which card: the smallest model parallelism to train with, and the model by itself.

Data parallelism costs least, so a model is split only where a share of it does not fit: first over tensors within a
machine (its cards talk fast), then over layers. Nothing is recomputed unless ``training.recompute`` asks for it, and
nothing is moved off the card.
"""

from dataclasses import dataclass

from smelt.recipe.training.cards import CARDS, CardName
from smelt.recipe.training.config import TrainConfig, layout_rules, with_layout
from smelt.recipe.training.figures import memory
from smelt.recipe.training.rules import broken

USABLE = 0.9
"""Share of a card's memory that can be planned with: the rest is the runtime's, and what fragmentation costs."""
CARDS_PER_MACHINE = 8
CONTEXT_TOKENS = 8192
"""Tokens of keys and values that a model is given room for when it runs."""


@dataclass(frozen=True)
class Layout:
    """A model parallelism and what it takes of a card.

    Attributes:
        bytes: on the fullest process, in the phase that needs the most.
        fits: whether that is within the card's usable memory.
    """

    tensor: int
    pipeline: int
    bytes: int
    fits: bool


def layouts(config: TrainConfig, card: CardName, *, vocab_size: int, workers: int) -> list[Layout]:
    """The layouts that the recipe's sizes and workers allow, the cheapest first, up to the first one that fits."""
    found: list[Layout] = []
    for tensor, pipeline in _by_cost(config, workers):
        try:
            changed = with_layout(config, tensor=tensor, pipeline=pipeline)
        except ValueError:  # the sizes don't divide
            continue
        if broken(layout_rules(changed, workers=workers)) is not None:
            continue
        indices = range(len(config.phases))
        taken = max(memory(changed, i, vocab_size=vocab_size, workers=workers).total for i in indices)
        found.append(Layout(tensor, pipeline, taken, taken <= usable(card)))
        if found[-1].fits:
            break
    return found


def recomputing(config: TrainConfig) -> TrainConfig:
    """The same training, which keeps each layer's input alone for the backward pass."""
    return config.model_copy(update={"training": config.training.model_copy(update={"recompute": "layer"})})


def usable(card: CardName) -> int:
    """Bytes of a card that can be planned with."""
    return int(CARDS[card].memory_gb * 2**30 * USABLE)


def inference_bytes(config: TrainConfig, *, vocab_size: int) -> int:
    """Bytes of the model in bf16, with keys and values of ``CONTEXT_TOKENS`` tokens (or its context, if shorter)."""
    model = config.model
    tokens = min(CONTEXT_TOKENS, config.max_sequence_length)
    keys_and_values = 2 * 2 * model.num_layers * model.num_query_groups * model.head_size * tokens
    return 2 * model.num_parameters(vocab_size) + keys_and_values


def _by_cost(config: TrainConfig, workers: int) -> list[tuple[int, int]]:
    powers = [2**n for n in range(14)]
    tensors = [size for size in powers if size <= min(CARDS_PER_MACHINE, workers)]
    layers = config.model.num_layers
    pipelines = [size for size in range(1, layers + 1) if layers % size == 0]
    pairs = [(tensor, pipeline) for pipeline in pipelines for tensor in tensors if tensor * pipeline <= workers]
    return sorted(pairs, key=lambda pair: (pair[0] * pair[1], pair[1]))
