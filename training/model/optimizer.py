"""AdamW over fp32 main weights, sharded in checkpoints exactly as the model's parameters are.

Clipping and the guard's decision are made on the device, without waiting for it: the fused kernel divides gradients
by a scale and leaves everything alone where it is told of an infinity. An update that was left out also holds back
those that are already under way behind it, until the host has looked (``release``).

With data parallelism each process keeps the moments (and bf16's main weights) of a share of the parameters, updates
those and broadcasts them (ZeRO stage 1, Rajbhandari et al. 2020, by whole parameters). AdamW works element by
element, so the result is bitwise that of every process doing all of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

from smelt.recipe.training.optimizer import OptimizerConfig
from training.model.megatron import (
    DistributedDataParallel,
    ShardedStateDict,
    get_param_id_to_sharded_param_map,
    make_sharded_optimizer_tensor,
    parallel_state,
    param_is_not_tensor_parallel_duplicate,
)
from training.spikes.guard import Limits

STATES = ("exp_avg", "exp_avg_sq")


class Optimizer:
    """Steps the parameters of ``model`` from the gradients in their ``main_grad``."""

    def __init__(self, model: DistributedDataParallel, config: OptimizerConfig, *, hidden_rate: float = 1.0) -> None:
        """Takes over the model's parameters.

        Args:
            hidden_rate: what the learning rate of matrices other than embedding and output layer is multiplied by.
        """
        self.params = [param for param in model.parameters() if param.requires_grad]
        self._owners = owners([param.numel() for param in self.params], parallel_state.get_data_parallel_world_size())
        rank = parallel_state.get_data_parallel_rank()
        self.owned = [index for index, owner in enumerate(self._owners) if owner == rank]
        self.main = {index: _main(self.params[index]) for index in self.owned}
        device = self.params[0].device
        self.updates = torch.zeros((), device=device)
        self._held = torch.zeros((), dtype=torch.bool, device=device)
        outer = {i for i in self.owned if getattr(self.params[i], "is_embedding_or_output_parameter", False)}
        vectors = {i for i in self.owned if self.params[i].ndim <= 1}
        self._groups = {"hidden": {*self.owned} - outer - vectors, "outer": outer, "vectors": vectors}
        self._rates = {"hidden": hidden_rate, "outer": 1.0, "vectors": 1.0}
        self.adam = torch.optim.AdamW(
            [{"params": [self.main[i] for i in sorted(own)], "name": name} for name, own in self._groups.items()],
            lr=0.0,
            fused=True,
        )
        self.configure(config)
        for main in self.main.values():  # made at once, so that a checkpoint can be loaded before the first step
            zeros = {name: torch.zeros_like(main, dtype=torch.float32) for name in STATES}
            self.adam.state[main] = {"step": torch.zeros((), device=device), **zeros}

    def configure(self, config: OptimizerConfig) -> None:
        """Take other settings from the next step on (at a phase border)."""
        decayed = {"hidden": True, "outer": config.decay_embeddings, "vectors": False}
        for group in self.adam.param_groups:
            group["weight_decay"] = config.weight_decay if decayed[group["name"]] else 0.0
            group["eps"] = config.epsilon
        self.clip_grad = config.clip_grad
        self.set_betas(config.beta1, config.beta2)

    @torch.no_grad()
    def step(self, learning_rate: float, labels: Sequence[str], sums: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
        """Update the parameters, unless the step is beyond its limits or an earlier one holds it back.

        Args:
            labels, sums: the step's losses and tokens, [2, labels] on the device, the same on every process.

        Returns:
            The gradient's norm before clipping, and 1 where the update was left out; fp32 scalars on the device.
        """
        norm = self._own_norm()
        norm, broken = agreed(torch.stack((norm, limits.broken(labels, sums, norm).float())))
        self._held |= broken > 0
        left_out = self._held.float()
        for index, main in self.main.items():
            main.grad = self.params[index].main_grad
        for group in self.adam.param_groups:
            group["lr"] = learning_rate * self._rates[group["name"]]
        # what GradScaler sets for fused optimizers: gradients are divided by the one, and 1 in the other stops the step
        vars(self.adam).update(grad_scale=(norm / self.clip_grad).clamp(min=1.0), found_inf=left_out)
        self.adam.step()
        for main in self.main.values():
            main.grad = None  # or the next backward would add to main_grad itself, and then add that to main_grad
        self.updates += 1 - left_out
        self._publish()
        return norm, left_out

    def release(self) -> None:
        """Make updates again, after one was left out."""
        self._held.fill_(False)

    def norm(self) -> Tensor:
        """Norm of the gradients in ``main_grad``, the same on all processes; fp32 scalar on the device."""
        return agreed(self._own_norm()[None])[0]

    def _own_norm(self) -> Tensor:
        """The norm as this process's model-parallel group has it."""
        counted = [
            param.main_grad
            for param in self.params
            if param_is_not_tensor_parallel_duplicate(param) and not getattr(param, "shared", False)
        ]
        square = torch.stack(torch._foreach_norm(counted)).square().sum()
        if parallel_state.get_model_parallel_group().size() > 1:
            dist.all_reduce(square, group=parallel_state.get_model_parallel_group())
        return square.sqrt()

    def set_betas(self, beta1: float, beta2: float) -> None:
        """Change AdamW's betas from the next step on."""
        for group in self.adam.param_groups:
            group["betas"] = (beta1, beta2)

    def sharded_state_dict(self, model_state: ShardedStateDict) -> dict[str, Any]:
        """Moments (and bf16's main weights) as sharded tensors, beside those of the model."""
        shards = get_param_id_to_sharded_param_map(model_state, iter(self.params))
        tensors: dict[str, Any] = {}
        for index, main in self.main.items():
            own = replace(
                shards[index], replica_id=(*shards[index].replica_id[:-1], 0)
            )  # here, and on no other replica
            for name in STATES:
                moment = self.adam.state[main][name]
                tensors[f"{name}.{index}"] = make_sharded_optimizer_tensor(own, moment, f"optimizer.{name}")
            if main is not self.params[index]:
                tensors[f"main.{index}"] = make_sharded_optimizer_tensor(own, main, "optimizer.main")
        return {"tensors": tensors, "steps": int(self.updates.item())}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what ``sharded_state_dict`` saved."""
        self.updates.fill_(state["steps"])
        for index, main in self.main.items():
            own = self.adam.state[main]
            own["step"].fill_(state["steps"])
            for name in STATES:
                own[name].copy_(state["tensors"][f"{name}.{index}"])
            if main is not self.params[index]:
                main.copy_(state["tensors"][f"main.{index}"])

    @torch.no_grad()
    def take_over_weights(self) -> None:
        """Begin from the model's weights as they are now (after an import)."""
        for index, main in self.main.items():
            if main is not self.params[index]:
                main.copy_(self.params[index])

    def _publish(self) -> None:
        """Bring updated weights into the model, on every replica."""
        rounded = [index for index in self.owned if self.main[index] is not self.params[index]]
        if rounded:
            torch._foreach_copy_([self.params[i] for i in rounded], [self.main[i] for i in rounded])
        group = parallel_state.get_data_parallel_group()
        if group.size() == 1:
            return
        for owner in range(group.size()):
            share = [param.data for param, own in zip(self.params, self._owners, strict=True) if own == owner]
            if share:
                flat = _flatten_dense_tensors(share)
                dist.broadcast(flat, group_src=owner, group=group)
                if owner != group.rank():
                    torch._foreach_copy_(share, list(_unflatten_dense_tensors(flat, share)))
                del flat  # before the next is made


def agreed(figures: Tensor) -> Tensor:
    """The largest of each figure over all processes, NaN counted as infinite: what one of them sees, all act on.

    Replicas have the same gradients, unless a card has spoilt its own; then one would go another way than the rest.
    """
    largest = torch.nan_to_num(figures, nan=torch.inf, posinf=torch.inf)
    if dist.get_world_size() > 1:
        dist.all_reduce(largest, dist.ReduceOp.MAX)
    return largest


def owners(sizes: Sequence[int], replicas: int) -> list[int]:
    """Which replica keeps which parameter: the largest first, each to the one that has least."""
    loads, found = [0] * replicas, [0] * len(sizes)
    for index in sorted(range(len(sizes)), key=lambda index: -sizes[index]):
        found[index] = loads.index(min(loads))
        loads[found[index]] += sizes[index]
    return found


def _main(param: torch.nn.Parameter) -> Tensor:
    return param if param.dtype == torch.float32 else param.detach().float()
