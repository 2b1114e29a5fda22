"""Next-token loss, fused with the output layer.

The logits of a language model (tokens x vocabulary) are its largest tensor by far. Here they exist only for
a few hundred tokens at a time: the loss's gradient is taken right where the logits are, while they are warm
in the cache, and only the gradients of the hidden states and of the weights are kept (the idea of Liger's
fused linear cross-entropy, Hsu et al. 2024).
"""

from typing import Any

import torch
from torch import Tensor

CHUNK_BYTES = {"cpu": 8 << 20, "cuda": 512 << 20}
"""Size of the slice of logits that exists at once: about the cache on a CPU, enough to fill a GPU there."""


class LinearCrossEntropy(torch.autograd.Function):
    """Cross-entropy of ``hidden @ weight.T`` against ``targets``, without the logits in memory.

    ``apply(hidden, weight, targets, z_loss)`` with hidden [n, h], weight [v, h] and targets [n] returns the mean
    loss with z-loss (differentiable) and each token's loss without it, [n] fp32 (not differentiable).
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, z_loss: float) -> tuple[Tensor, Tensor]:
        count = hidden.shape[0]
        training = any(ctx.needs_input_grad)
        losses = torch.empty(count, dtype=torch.float32, device=hidden.device)
        penalty = torch.zeros((), dtype=torch.float32, device=hidden.device)
        grad_hidden = torch.empty_like(hidden if training else hidden[:0])
        grad_weight = torch.zeros_like(weight if training else weight[:0], dtype=torch.float32)
        rows = max(16, CHUNK_BYTES[hidden.device.type] // (4 * weight.shape[0]))
        for start in range(0, count, rows):
            part, target = hidden[start : start + rows], targets[start : start + rows, None]
            logits = (part @ weight.T).float()
            at_target = logits.gather(1, target)
            log_probabilities = torch.log_softmax(logits, dim=-1)
            loss = -log_probabilities.gather(1, target)
            losses[start : start + rows] = loss[:, 0]
            gradient = log_probabilities.exp_()
            if z_loss:
                log_z = at_target + loss
                penalty += z_loss * log_z.square().sum() / count
                if training:
                    gradient *= 1 + 2 * z_loss * log_z
            if training:
                gradient.scatter_add_(1, target, gradient.new_full(target.shape, -1.0))
                gradient = gradient.mul_(1 / count).to(hidden.dtype)
                torch.mm(gradient, weight, out=grad_hidden[start : start + rows])
                if weight.dtype == torch.float32:
                    grad_weight.addmm_(gradient.T, part)
                else:
                    grad_weight += gradient.T @ part
        if training:
            ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.weight_dtype = weight.dtype
        ctx.mark_non_differentiable(losses)
        return losses.mean() + penalty, losses

    @staticmethod
    def backward(ctx: Any, grad_mean: Tensor, grad_losses: Tensor | None) -> tuple[Tensor, Tensor, None, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        return grad_hidden.mul_(grad_mean), grad_weight.mul_(grad_mean).to(ctx.weight_dtype), None, None
