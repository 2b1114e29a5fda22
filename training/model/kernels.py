"""What lies between a llama's matrix multiplications: functions of tensors, each one walk over memory if compiled.

Norm, residual sum, rotary embedding, SwiGLU and softmax are bound by memory, and written in PyTorch each of them
walks over its tensors several times. ``torch.compile`` makes one kernel of each function: C++ on a CPU, Triton on a
GPU (so that no Transformer Engine is needed for fused kernels). The same functions run as they are where training is
too short for compiling to pay, or where there is no compiler.

Compiled kernels are made for the shapes they are called with and nothing is tuned by measuring, so the bits that
come out depend on the shapes alone, never on what was run before: a resumed run repeats them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor

from smelt.recipe.training.config import TrainConfig

PAYS_FROM_FLOPS = {"cpu": 1e13, "cuda": 1e16}
"""Floating-point operations of a training from which on compiling pays: minutes of work against half a minute."""
MOST_SHAPES = 64
"""Shapes that a kernel is compiled for: batch sizes of a ramp, and sequence lengths of phases."""

logger = logging.getLogger(__name__)


def norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """RMSNorm over the last dimension."""
    return F.rms_norm(x, (x.shape[-1],), weight, epsilon)


def add_norm(x: Tensor, residual: Tensor, weight: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """The sum with the residual stream, and its RMSNorm."""
    total = residual + x
    return total, norm(total, weight, epsilon)


def swiglu(x: Tensor) -> Tensor:
    """[..., 2f], gate before up, to [..., f]."""
    gate, up = x.chunk(2, dim=-1)
    return F.silu(gate) * up


def heads(
    qkv: Tensor, turns: Tensor, norms: tuple[Tensor, Tensor] | None, epsilon: float, groups: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values from their joint projection; queries and keys normalized (if asked) and turned.

    Args:
        qkv: [s, b, groups * (heads a group + 2) * head size], each group's queries, key and value side by side.
        turns: cosines and sines of the rotary angles, [2, s, 1, 1, head size] fp32.
        norms: weights of the queries' and of the keys' RMSNorm, [head size].
        dtype: of what comes out.

    Returns:
        [s, b, heads, head size], and [s, b, groups, head size] twice.
    """
    (length, batch), size = qkv.shape[:2], turns.shape[-1]
    grouped = qkv.view(length, batch, groups, -1, size)
    query = grouped[:, :, :, :-2].reshape(length, batch, -1, size)
    key, value = grouped[:, :, :, -2], grouped[:, :, :, -1]
    if norms is not None:
        query, key = norm(query, norms[0], epsilon), norm(key, norms[1], epsilon)
    return _turn(query, turns).to(dtype), _turn(key, turns).to(dtype), value.to(dtype)


def softmax_(logits: Tensor, targets: Tensor, z_loss: float) -> tuple[Tensor, Tensor]:
    """Each row's cross-entropy and log-sum-exp, [n] fp32; what their sum over rows grows by takes the logits' place.

    That is the softmax, and with z-loss the softmax times 1 + 2 z log Z; the 1 to be taken off at the target is left
    to the caller, since scattering would cost the kernel a copy of the logits.

    Args:
        logits: [n, v], overwritten.
        targets: [n]
        z_loss: what the square of the log-sum-exp is multiplied by.
    """
    values = logits.float()  # the same memory where the logits are fp32
    at_target = values.gather(1, targets[:, None])
    log_z = values.logsumexp(dim=1, keepdim=True)
    growth = values.sub_(log_z).exp_()
    if z_loss:
        growth.mul_(1 + 2 * z_loss * log_z)
    if logits.dtype != torch.float32:
        logits.copy_(growth)
    return (log_z - at_target)[:, 0], log_z[:, 0]


def accumulate_(total: Tensor, part: Tensor) -> None:
    """Add to ``total`` in its own precision."""
    total.add_(part)


def _turn(x: Tensor, turns: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * turns[0] + torch.cat((-second, first), dim=-1) * turns[1]


@dataclass(frozen=True)
class Kernels:
    """The functions of this module, as they are or compiled."""

    norm: Callable[..., Tensor] = norm
    add_norm: Callable[..., tuple[Tensor, Tensor]] = add_norm
    swiglu: Callable[..., Tensor] = swiglu
    heads: Callable[..., tuple[Tensor, Tensor, Tensor]] = heads
    softmax_: Callable[..., tuple[Tensor, Tensor]] = softmax_
    accumulate_: Callable[..., None] = accumulate_


PLAIN = Kernels()


@cache
def compiled(device: str) -> Kernels:
    """The functions compiled for a kind of device; as they are, and a line of log, where it has no compiler."""
    try:
        _compile(torch.neg)(torch.ones(1, device=device))
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        logger.warning("no kernel can be compiled, training goes on without (%s)", reason)
        return PLAIN
    return Kernels(**{field.name: _compile(getattr(PLAIN, field.name)) for field in fields(Kernels)})


def kernels_for(config: TrainConfig, vocab_size: int, device: str) -> Kernels:
    """Compiled kernels where the training is long enough for them, which is a matter of its recipe alone.

    Args:
        vocab_size: padded vocabulary.
    """
    return compiled(device) if worth_compiling(config, vocab_size)[device] else PLAIN


def worth_compiling(config: TrainConfig, vocab_size: int) -> dict[str, bool]:
    """Whether a training is long enough for compiled kernels, by kind of device; ``vocab_size`` is padded."""
    flops = sum(
        config.model.flops_per_token(vocab_size, phase.sequence_length) * phase.num_trained_tokens
        for phase in config.phases[config.first_phase :]
    )
    return {device: flops >= least for device, least in PAYS_FROM_FLOPS.items()}


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    settings: dict[str, Any] = {"options": {"deterministic": True}, "recompile_limit": MOST_SHAPES}
    return torch.compile(function, fullgraph=True, dynamic=False, **settings)
