"""AdamW over fp32 main weights, sharded in checkpoints exactly as the model's parameters are.

Clipping and the guard against non-finite gradients are decided on the device, without waiting for it: the
fused kernel divides gradients by a scale and leaves everything alone where it is told of an infinity.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from smelt.recipe.training import OptimizerConfig
from training.guard import Limits
from training.megatron import (
    DistributedDataParallel,
    ShardedStateDict,
    get_param_id_to_sharded_param_map,
    make_sharded_optimizer_tensor,
    parallel_state,
    param_is_not_tensor_parallel_duplicate,
)

STATES = ("exp_avg", "exp_avg_sq")


class Optimizer:
    """Steps the parameters of ``model`` from the gradients in their ``main_grad``."""

    def __init__(self, model: DistributedDataParallel, config: OptimizerConfig) -> None:
        self.params = [param for param in model.parameters() if param.requires_grad]
        self.main = [param if param.dtype == torch.float32 else param.detach().float() for param in self.params]
        self.clip_grad = config.clip_grad
        matrices = [main for main in self.main if main.ndim > 1]
        vectors = [main for main in self.main if main.ndim <= 1]
        self.adam = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
            lr=0.0,
            betas=(config.beta1, config.beta2),
            eps=config.epsilon,
            fused=True,
        )
        for main in self.main:  # made at once, so that a checkpoint can be loaded before the first step
            zeros = {name: torch.zeros_like(main, dtype=torch.float32) for name in STATES}
            self.adam.state[main] = {"step": torch.zeros((), device=main.device), **zeros}

    @torch.no_grad()
    def step(self, learning_rate: float, loss: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Update the parameters, unless the gradient is not finite, or the step is beyond its limits.

        Args:
            loss: the step's loss, scalar on the device, the same on every process.

        Returns:
            The gradient's norm before clipping, and 1 where the update was left out; fp32 scalars on the device.
        """
        for main, param in zip(self.main, self.params, strict=True):
            main.grad = param.main_grad
        norm = self._norm()
        for group in self.adam.param_groups:
            group["lr"] = learning_rate
        # what GradScaler sets for fused optimizers: gradients are divided by the one, and 1 in the other stops the step
        accepted = norm.isfinite() & (norm <= limits.grad_norm) & (loss <= limits.loss)
        skipped = (~accepted).float()
        vars(self.adam).update(grad_scale=(norm / self.clip_grad).clamp(min=1.0), found_inf=skipped)
        self.adam.step()
        for main in self.main:
            main.grad = None  # or the next backward would add to main_grad itself, and then add that to main_grad
        if self.main[0] is not self.params[0]:
            torch._foreach_copy_(self.params, self.main)
        return norm, skipped

    def set_betas(self, beta1: float, beta2: float) -> None:
        """Change AdamW's betas from the next step on."""
        for group in self.adam.param_groups:
            group["betas"] = (beta1, beta2)

    def sharded_state_dict(self, model_state: ShardedStateDict) -> dict[str, Any]:
        """Moments (and bf16's main weights) as sharded tensors, beside those of the model."""
        shards = get_param_id_to_sharded_param_map(model_state, iter(self.params))
        tensors: dict[str, Any] = {}
        for index, main in enumerate(self.main):
            for name in STATES:
                moment = self.adam.state[main][name]
                tensors[f"{name}.{index}"] = make_sharded_optimizer_tensor(shards[index], moment, f"optimizer.{name}")
            if main is not self.params[index]:
                tensors[f"main.{index}"] = make_sharded_optimizer_tensor(shards[index], main, "optimizer.main")
        return {"tensors": tensors, "steps": int(self.adam.state[self.main[0]]["step"].item())}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what ``sharded_state_dict`` saved."""
        for index, main in enumerate(self.main):
            own = self.adam.state[main]
            own["step"].fill_(state["steps"])
            for name in STATES:
                own[name].copy_(state["tensors"][f"{name}.{index}"])
            if main is not self.params[index]:
                main.copy_(state["tensors"][f"main.{index}"])

    def _norm(self) -> Tensor:
        counted = [
            main.grad
            for main, param in zip(self.main, self.params, strict=True)
            if param_is_not_tensor_parallel_duplicate(param) and not getattr(param, "shared", False)
        ]
        square = torch.stack(torch._foreach_norm(counted)).square().sum()
        if parallel_state.get_model_parallel_group().size() > 1:
            dist.all_reduce(square, group=parallel_state.get_model_parallel_group())
        return square.sqrt()
