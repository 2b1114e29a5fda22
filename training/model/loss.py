"""Next-token loss, fused with the output layer.

The logits of a language model (tokens x vocabulary) are its largest tensor by far. Here they exist only for
a few hundred tokens at a time: the loss's gradient is taken right where the logits are, while they are warm
in the cache, and only the gradients of the hidden states and of the weights are kept (the idea of Liger's
fused linear cross-entropy, Hsu et al. 2024).

Under tensor parallelism each process has the logits of its own rows of the vocabulary. What they need of each other
is two numbers a token, the log-sum-exp of their rows and the target's logit where it is theirs.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from training.model.kernels import Kernels

CHUNK_BYTES = {"cpu": 32 << 20, "cuda": 512 << 20}
"""Size in fp32 of the slice of logits that exists at once: near the cache on a CPU and long enough for its matrix
multiplications, enough to fill a GPU there."""


class LinearCrossEntropy(torch.autograd.Function):
    """Cross-entropy of ``hidden @ weight.T`` against ``targets``, without the logits in memory.

    ``apply(hidden, weight, targets, z_loss, kernels, group, trained)`` with hidden [n, h], weight [v, h] and targets
    [n] returns the mean loss with z-loss (differentiable) and each token's loss without it, [n] fp32 (not
    differentiable). ``trained``, bool [n] or None for all, says which tokens have a loss; those that have none count
    in the mean with 0. Where ``group`` has several processes, ``weight`` is this one's share of the rows, in the order
    of ranks and as many on each; everything else is the same on all of them, before and behind.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        targets: Tensor,
        z_loss: float,
        kernels: Kernels,
        group: dist.ProcessGroup,
        trained: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        count, vocabulary = hidden.shape[0], weight.shape[0]
        training = any(ctx.needs_input_grad)
        losses = torch.empty(count, dtype=torch.float32, device=hidden.device)
        penalty = torch.zeros((), dtype=torch.float32, device=hidden.device)
        grad_hidden = torch.empty_like(hidden if training else hidden[:0])
        grad_weight = torch.zeros_like(weight if training else weight[:0], dtype=torch.float32)
        rows = min(count, max(16, CHUNK_BYTES[hidden.device.type] // (4 * vocabulary)))
        buffer = hidden.new_empty(rows, vocabulary)
        shares = _Shares(group, vocabulary) if group.size() > 1 else None
        for start in range(0, count, rows):
            part, target = hidden[start : start + rows], targets[start : start + rows]
            chunk = torch.mm(part, weight.T, out=buffer[: len(part)])
            if shares is None:
                loss, log_z = kernels.softmax_(chunk, target, z_loss)
            else:
                target, mine = shares.own(target)
                loss, log_z = shares.join_(chunk, mine, *kernels.softmax_(chunk, target, 0.0), z_loss)
            left_out = None if trained is None else ~trained[start : start + rows]
            if left_out is not None:
                loss, log_z = loss.masked_fill(left_out, 0.0), log_z.masked_fill(left_out, 0.0)
            losses[start : start + rows] = loss
            if z_loss:
                penalty += z_loss * log_z.square().sum() / count
            if training:
                at_target = (-loss).exp() * (1 + 2 * z_loss * log_z) - 1
                if shares is not None:
                    at_target = torch.where(mine, at_target, chunk.gather(1, target[:, None])[:, 0].float())
                chunk.scatter_(1, target[:, None], at_target[:, None].to(chunk.dtype))
                if left_out is not None:
                    chunk.masked_fill_(left_out[:, None], 0.0)
                torch.mm(chunk, weight, out=grad_hidden[start : start + rows])
                if weight.dtype == torch.float32:
                    grad_weight.addmm_(chunk.T, part)
                else:
                    kernels.accumulate_(grad_weight, chunk.T @ part)
        if training:
            if shares is not None:
                dist.all_reduce(grad_hidden, group=group)
            ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.weight_dtype = weight.dtype
        ctx.mark_non_differentiable(losses)
        return losses.mean() + penalty, losses

    @staticmethod
    def backward(ctx: Any, grad_mean: Tensor, grad_losses: Tensor | None) -> tuple[Tensor | None, ...]:
        grad_hidden, grad_weight = ctx.saved_tensors
        scale = grad_mean / len(grad_hidden)
        return grad_hidden.mul_(scale), grad_weight.mul_(scale).to(ctx.weight_dtype), None, None, None, None, None


class _Shares:
    """The vocabulary's rows, divided among the processes of a group."""

    def __init__(self, group: dist.ProcessGroup, rows: int) -> None:
        self._group, self._rows, self._first = group, rows, group.rank() * rows

    def own(self, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The targets as rows of this process's share (any row where it has them not), and whether it has them."""
        local = targets - self._first
        mine = (local >= 0) & (local < self._rows)
        return torch.where(mine, local, 0), mine

    def join_(self, softmax: Tensor, mine: Tensor, loss: Tensor, log_z: Tensor, z_loss: float) -> tuple[Tensor, Tensor]:
        """Make of each share's own loss and softmax, [n, v], those of the whole; ``softmax`` in place."""
        here = torch.stack((log_z, torch.where(mine, log_z - loss, -torch.inf)))
        everywhere = [torch.empty_like(here) for _ in range(self._group.size())]
        dist.all_gather(everywhere, here, group=self._group)
        (shares, at_target) = torch.stack(everywhere, 1)
        whole, at_target = shares.logsumexp(0), at_target.amax(0)
        softmax.mul_(((log_z - whole).exp() * (1 + 2 * z_loss * whole))[:, None])
        return whole - at_target, whole
