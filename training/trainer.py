"""A training step: forward and backward over this process's micro batches, reduce, clip, update.

The step is the same whoever computes it: which samples it holds is the plan's, the learning rate the recipe's,
and gradients are the mean over all its tokens.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from smelt.recipe.phases import Phase, learning_rate, rope_base
from smelt.recipe.training import TrainConfig, micro_batch_size
from training.data import Batch, Block
from training.guard import Limits
from training.megatron import (
    DistributedDataParallel,
    DistributedDataParallelConfig,
    finalize_model_grads,
    get_forward_backward_func,
    parallel_state,
)
from training.model import Llama, Loss, build_model
from training.optimizer import Optimizer
from training.plan import Vocabulary
from training.processes import device

NO_LIMITS = Limits()


@dataclass(frozen=True)
class StepResult:
    """What a step gave, over all processes.

    Attributes:
        loss: mean loss per token in nats, z-loss not included; None when it was not finite.
        loss_by_label, tokens_by_label: mean loss, and tokens, of the labels that occurred.
        grad_norm: gradient norm before clipping; None when it was not finite.
        learning_rate: rate the update was made with.
        skipped: whether the update was left out.
    """

    loss: float | None
    loss_by_label: dict[str, float | None]
    tokens_by_label: dict[str, int]
    grad_norm: float | None
    learning_rate: float
    skipped: bool


class Trainer:
    """Model and optimizer of this process, and the step that brings them on."""

    def __init__(self, config: TrainConfig, *, vocabulary: Vocabulary) -> None:
        self.config, self.vocabulary = config, vocabulary
        self.tensor = parallel_state.get_tensor_model_parallel_world_size()
        self.pipeline = parallel_state.get_pipeline_model_parallel_world_size()
        self.replicas = parallel_state.get_data_parallel_world_size()
        self.device = device()
        self.model: Llama = build_model(
            config.model,
            vocab_size=config.model.padded_vocab_size(vocabulary.padded_size),
            max_sequence_length=config.max_sequence_length,
            rope_base=self.rope_base(0),
            precision=config.training.precision,
            z_loss=config.training.z_loss,
            seed=config.seed,
        )
        self.parallel = DistributedDataParallel(
            self.model.config,
            DistributedDataParallelConfig(grad_reduce_in_fp32=True, overlap_grad_reduce=self.replicas > 1),
            self.model,
        )
        self.parallel.broadcast_params()
        self.optimizer = Optimizer(self.parallel, config.training.optimizer)
        self.model.config.finalize_model_grads_func = finalize_model_grads
        if self.replicas > 1:
            self.model.config.no_sync_func = self.parallel.no_sync
        self._phase = 0
        self._forward_backward = get_forward_backward_func()

    def rope_base(self, phase: int) -> float:
        """RoPE base of a phase."""
        model = self.config.model
        return rope_base(self.config.phases, phase, base=model.rope_base, head_size=model.head_size)

    def enter_phase(self, phase: int) -> None:
        """Make the model ready for a phase."""
        if phase != self._phase:
            self._phase = phase
            if self.model.pre_process or hasattr(self.model, "rotary_pos_emb"):
                self.model.set_rope_base(self.rope_base(phase))

    def step(
        self, block: Block, step_in_block: int, phase_step: int, *, limits: Limits = NO_LIMITS, lowered: bool = False
    ) -> StepResult:
        """Train on the block's ``step_in_block``-th step, which is the phase's ``phase_step``-th.

        Args:
            limits: beyond which the update is left out.
            lowered: whether AdamW takes the guard's lowered betas.
        """
        phase = self.config.phases[self._phase]
        rate = learning_rate(self.config.phases, self._phase, phase_step)
        sums = torch.zeros(2, len(block.labels), dtype=torch.float64, device=self.device)
        self.parallel.zero_grad_buffer()
        size = micro_batch_size(self.config, phase, self.replicas)
        self._forward_backward(
            forward_step_func=_forward_step(sums),
            data_iterator=self._micro_batches(block, step_in_block, phase, size),
            model=self.parallel,
            num_microbatches=phase.global_batch_size // self.replicas // size,
            seq_length=phase.sequence_length,
            micro_batch_size=size,
            forward_only=False,
        )
        if dist.get_world_size() > 1:
            dist.all_reduce(sums)
        adam, guard = self.config.training.optimizer, self.config.training.guard
        betas = (guard.lowered_beta1, guard.lowered_beta2) if lowered else (adam.beta1, adam.beta2)
        self.optimizer.set_betas(*betas)
        loss, tokens = sums.sum(dim=1)
        norm, skipped = self.optimizer.step(rate, loss / tokens, limits)
        return self._result(block, sums, torch.stack((norm, skipped)), rate)

    def _micro_batches(self, block: Block, step_in_block: int, phase: Phase, size: int) -> Iterator[Batch]:
        share = phase.global_batch_size // self.replicas
        first = step_in_block * phase.global_batch_size + parallel_state.get_data_parallel_rank() * share
        for start in range(first, first + share, size):
            yield block.batch(start, size, phase.sequence_length).to(self.device)

    def _result(self, block: Block, sums: Tensor, norm_and_skipped: Tensor, rate: float) -> StepResult:
        loss_sums, counts = (sums / self.tensor).tolist()
        grad_norm, skipped = norm_and_skipped.tolist()
        labels = [
            (str(name), loss, round(count)) for name, loss, count in zip(block.labels, loss_sums, counts, strict=True)
        ]
        total, tokens = sum(loss_sums), round(sum(counts))
        return StepResult(
            loss=_finite(total / tokens),
            loss_by_label={name: _finite(loss / count) for name, loss, count in labels if count},
            tokens_by_label={name: count for name, _, count in labels if count},
            grad_norm=_finite(grad_norm),
            learning_rate=rate,
            skipped=bool(skipped),
        )


def _forward_step(sums: Tensor):
    """Megatron's forward step, which adds each label's losses and tokens to ``sums``, [2, labels]."""

    def reduce(batch: Batch, loss: Loss) -> tuple[Tensor, dict]:
        labels, losses = batch.labels.flatten(), loss.tokens.flatten().double()
        sums.index_add_(1, labels, torch.stack((losses, torch.ones_like(losses))))
        return loss.mean.clone(), {}

    def forward(batches: Iterator[Batch], model: DistributedDataParallel):
        batch = next(batches)
        output = model(batch.tokens, None, None, labels=batch.targets)
        return output, lambda loss: reduce(batch, loss)

    return forward


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
