"""FP8: the layers' matrix multiplications done by Transformer Engine, on cards that have the format.

What lies between them stays ours (``training.model.kernels``), and so do the weights: bf16 with fp32 main weights,
under the same names, drawn from the same seed, in the same checkpoints, so that a run may be gone on with or without
FP8 and its model loads anywhere. Each tensor is scaled by its own largest value at the moment it is rounded (current
scaling, Micikevicius et al. 2022 with no history), so nothing beside the weights decides a step and a resumed run
repeats it.
"""

from functools import cache
from typing import Any

import torch
from torch import nn

from smelt.errors import StageError
from training.model.megatron import transformer_engine

FORMAT = {"fp8": "hybrid", "fp8_recipe": "tensorwise"}
"""Megatron's settings: E4M3 forward and E5M2 for gradients, one scale a tensor, taken anew each time."""


@cache
def linear_layers() -> tuple[type[nn.Module], type[nn.Module]]:
    """Column- and row-parallel linear layers whose products are FP8, with the same weights as Megatron's own.

    Raises:
        StageError: where there is no card, or no Transformer Engine, for it.
    """
    if reason := _lacking():
        raise StageError(f"fp8 can't be had: {reason}", where="training.precision", mend="set it to bf16")
    column, row = transformer_engine.TEColumnParallelLinear, transformer_engine.TERowParallelLinear
    return stateless(column), stateless(row)


def stateless(layer: type[nn.Module]) -> type[nn.Module]:
    """The layer with nothing but weights in its state: with current scaling its extra state is empty."""
    names = ("get_extra_state", "set_extra_state")
    members: dict[str, Any] = {name: getattr(nn.Module, name) for name in names}
    return type(layer.__name__, (layer,), members)


def _lacking() -> str:
    if not torch.cuda.is_available():
        return "there is no CUDA card"
    if not transformer_engine.HAVE_TE:
        return "Transformer Engine does not import (docker/ray-gpu.txt has it)"
    available, reason = transformer_engine.FP8GlobalStateManager.is_fp8_available()
    return "" if available else reason
