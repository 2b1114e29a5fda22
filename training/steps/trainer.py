"""A training step: forward and backward over this process's micro batches, reduce, clip, update.

The step is the same whoever computes it: which samples it holds is the plan's, the learning rate the recipe's,
and gradients are the mean over all its tokens. A step is launched and read apart: on a GPU the host launches the
next one before it reads what the last one gave, so the device never waits for it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor
from torch.profiler import record_function

from smelt.recipe.training.config import TrainConfig, micro_batch_size
from smelt.recipe.training.optimizer import OptimizerConfig
from smelt.recipe.training.phases import Phase, learning_rate
from training.blocks.data import DATA_WAIT, Batch, Block, Samples
from training.blocks.plan import Vocabulary
from training.checkpoints.importing import load_llama
from training.model.attention import Documents
from training.model.kernels import kernels_for
from training.model.megatron import (
    DistributedDataParallel,
    DistributedDataParallelConfig,
    finalize_model_grads,
    get_forward_backward_func,
    parallel_state,
)
from training.model.model import Llama, Loss, build_model
from training.model.optimizer import Optimizer
from training.model.processes import device
from training.spikes.guard import ALL, Limits

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
        batch_s: seconds this process took to lay the samples out.
        own_loss: summed loss of this process's own tokens, which no other had a part in; None where not finite.
    """

    loss: float | None
    loss_by_label: dict[str, float | None]
    tokens_by_label: dict[str, int]
    grad_norm: float | None
    learning_rate: float
    skipped: bool
    batch_s: float = 0.0
    own_loss: float | None = None

    @property
    def losses(self) -> dict[str, float | None]:
        """The loss of all labels and of each, as the guard calls them."""
        return {ALL: self.loss, **self.loss_by_label}

    @property
    def tokens(self) -> dict[str, int]:
        """The tokens that each of ``losses`` is a mean over."""
        return {ALL: sum(self.tokens_by_label.values()), **self.tokens_by_label}


class Pending:
    """A step that was launched; ``result`` waits for the device to be done with it."""

    def __init__(self, labels: Sequence[str], figures: Tensor, rate: float, batch_s: float) -> None:
        """Starts to bring the figures home.

        Args:
            figures: [2 x labels + 3] fp64 on the device: losses, tokens, gradient norm, whether left out, own loss.
        """
        self._labels, self._rate, self._batch_s = labels, rate, batch_s
        self._done: torch.cuda.Event | None = None
        if figures.is_cuda:
            self._figures = torch.empty(figures.shape, dtype=figures.dtype, pin_memory=True)
            self._figures.copy_(figures, non_blocking=True)
            self._done = torch.cuda.Event()
            self._done.record()
        else:
            self._figures = figures

    def result(self) -> StepResult:
        """What the step gave."""
        if self._done is not None:
            self._done.synchronize()
        *sums, grad_norm, skipped, own_loss = self._figures.tolist()
        losses, counts = sums[: len(self._labels)], sums[len(self._labels) :]
        labels = [(name, loss, round(count)) for name, loss, count in zip(self._labels, losses, counts, strict=True)]
        return StepResult(
            loss=_finite(sum(losses) / max(1.0, sum(counts))),
            loss_by_label={name: _finite(loss / count) for name, loss, count in labels if count},
            tokens_by_label={name: count for name, _, count in labels if count},
            grad_norm=_finite(grad_norm),
            learning_rate=self._rate,
            skipped=bool(skipped),
            batch_s=self._batch_s,
            own_loss=_finite(own_loss),
        )


class Trainer:
    """Model and optimizer of this process, and the step that brings them on."""

    def __init__(self, config: TrainConfig, *, vocabulary: Vocabulary, weights: Path | None = None) -> None:
        """Makes both.

        Args:
            weights: a folder of Llama weights to start from; see ``training.checkpoints.importing``.
        """
        self.config, self.vocabulary = config, vocabulary
        self.tensor = parallel_state.get_tensor_model_parallel_world_size()
        self.pipeline = parallel_state.get_pipeline_model_parallel_world_size()
        self.replicas = parallel_state.get_data_parallel_world_size()
        self.device = device()
        vocab_size = config.model.padded_vocab_size(vocabulary.padded_size)
        self.model: Llama = build_model(
            config.model,
            vocab_size=vocab_size,
            max_sequence_length=config.max_sequence_length,
            rope_base=config.rope_base(0),
            precision=config.training.precision,
            z_loss=config.training.z_loss,
            seed=config.seed,
            kernels=kernels_for(config, vocab_size, self.device.type),
            recomputes=config.training.recompute == "layer",
        )
        if weights is not None:
            load_llama(self.model, weights, vocabulary.pieces)
        self.parallel = DistributedDataParallel(
            self.model.config,
            DistributedDataParallelConfig(grad_reduce_in_fp32=True, overlap_grad_reduce=self.replicas > 1),
            self.model,
        )
        self.parallel.broadcast_params()
        self.optimizer = Optimizer(self.parallel, config.training.optimizer, hidden_rate=config.model.hidden_rate)
        self.model.config.finalize_model_grads_func = finalize_model_grads
        if self.replicas > 1:
            self.model.config.no_sync_func = self.parallel.no_sync
        self._phase = 0
        self.optimizer.configure(self._settings)
        self._forward_backward = get_forward_backward_func()

    def enter_phase(self, phase: int) -> None:
        """Make the model and the optimizer ready for a phase."""
        if phase != self._phase:
            self._phase = phase
            self.optimizer.configure(self._settings)
            if self.model.pre_process or hasattr(self.model, "rotary_pos_emb"):
                self.model.set_rope_base(self.config.rope_base(phase))

    def launch(
        self,
        block: Block,
        samples: tuple[int, int],
        phase_step: int,
        *,
        limits: Limits = NO_LIMITS,
        lowered: bool = False,
    ) -> Pending:
        """Train on samples of the block, as the phase's ``phase_step``-th step.

        Args:
            samples: the first one, and how many.
            limits: beyond which the update is left out.
            lowered: whether AdamW takes the guard's lowered betas.
        """
        rate = learning_rate(self.config.phases, self._phase, phase_step)
        sums, own_loss, batch_s = self._gradients(block, samples)
        adam, guard = self._settings, self.config.training.guard
        self.optimizer.set_betas(*(guard.lowered(adam) if lowered else (adam.beta1, adam.beta2)))
        with record_function("optimizer"):
            norm, left_out = self.optimizer.step(rate, block.label_names, sums, limits)
        return self._pending(block, sums, (norm, left_out, own_loss), rate, batch_s)

    def measure(self, block: Block, samples: tuple[int, int]) -> StepResult:
        """Loss and gradient norm of samples, with the weights as they are; updates nothing."""
        sums, own_loss, batch_s = self._gradients(block, samples)
        norm = self.optimizer.norm()
        return self._pending(block, sums, (norm, torch.ones_like(norm), own_loss), 0.0, batch_s).result()

    @torch.no_grad()
    def losses(self, samples: Samples, count: int) -> tuple[dict[str, float], dict[str, int]]:
        """Mean loss and tokens by label of the first ``count`` samples, over all processes; nothing is changed by it.

        Args:
            count: divides among the processes into micro batches of the phase's size (``sample_multiple``).
        """
        sums, _, _ = self._pass(samples, (0, count), self._batch_size(), forward_only=True)
        losses, tokens = sums.tolist()
        found = zip(samples.label_names, losses, map(round, tokens), strict=True)
        known = [(label, loss / count, count) for label, loss, count in found if count]
        return {label: loss for label, loss, _ in known}, {label: count for label, _, count in known}

    @property
    def sample_multiple(self) -> int:
        """Samples that the processes compute at once in the phase, in micro batches of its full batch's size."""
        return self.replicas * self._batch_size()

    def _batch_size(self) -> int:
        return micro_batch_size(self.config, self.config.phases[self._phase], self.replicas)

    @property
    def _settings(self) -> OptimizerConfig:
        """The phase's optimizer settings."""
        return self.config.phases[self._phase].optimizer or self.config.training.optimizer

    def _gradients(self, block: Block, samples: tuple[int, int]) -> tuple[Tensor, Tensor, float]:
        """Fill ``main_grad``.

        Returns:
            Losses and tokens by label, [2, labels], over all processes; this process's own summed loss; and the
            seconds that laying out its batches took.
        """
        self.parallel.zero_grad_buffer()
        size = micro_batch_size(self.config, self.config.phases[self._phase], self.replicas, samples[1])
        return self._pass(block, samples, size)

    def _pass(
        self, source: Samples, samples: tuple[int, int], size: int, *, forward_only: bool = False
    ) -> tuple[Tensor, Tensor, float]:
        """Take samples through the model, in micro batches of ``size``; gives what ``_gradients`` does."""
        phase, (first, count) = self.config.phases[self._phase], samples
        sums = torch.zeros(2, len(source.label_names), dtype=torch.float64, device=self.device)
        batches = _Batches(self, source, first, count // self.replicas, size, phase)
        self._forward_backward(
            forward_step_func=_forward_step(sums, source.scale(first, count, phase.sequence_length)),
            data_iterator=batches,
            model=self.parallel,
            num_microbatches=count // self.replicas // size,
            seq_length=phase.sequence_length,
            micro_batch_size=size,
            forward_only=forward_only,
        )
        own_loss = sums[0].sum()
        if dist.get_world_size() > 1:
            dist.all_reduce(sums)
        return sums / self.tensor, own_loss, batches.seconds

    def _pending(self, block: Block, sums: Tensor, scalars: tuple[Tensor, ...], rate: float, batch_s: float) -> Pending:
        figures = torch.cat((sums.flatten(), torch.stack([scalar.double() for scalar in scalars])))
        return Pending(block.label_names, figures, rate, batch_s)


class _Batches(Iterator[Batch]):
    """This process's micro batches of a step, and the seconds it took to lay them out."""

    def __init__(self, trainer: Trainer, source: Samples, first: int, share: int, size: int, phase: Phase) -> None:
        self._trainer, self._source, self._size, self._phase = trainer, source, size, phase
        self._at = first + parallel_state.get_data_parallel_rank() * share
        self.seconds = 0.0

    def __next__(self) -> Batch:
        started = time.perf_counter()
        masked = self._trainer.config.training.document_mask
        with record_function(DATA_WAIT):
            batch = self._source.batch(self._at, self._size, self._phase.sequence_length, documents=masked)
            on_device = batch.to(self._trainer.device)
        self._at += self._size
        self.seconds += time.perf_counter() - started
        return on_device


def _forward_step(sums: Tensor, scale: float | None):
    """Megatron's forward step, which adds each label's losses and tokens to ``sums``, [2, labels].

    Args:
        scale: see ``Samples.scale``.
    """

    def reduce(batch: Batch, loss: Loss) -> tuple[Tensor, dict]:
        labels, losses = batch.labels.flatten(), loss.tokens.flatten().double()
        counted = torch.ones_like(losses) if batch.trained is None else batch.trained.flatten().double()
        sums.index_add_(1, labels, torch.stack((losses, counted)))
        return loss.mean.clone() if scale is None else loss.mean * scale, {}

    def forward(batches: Iterator[Batch], model: DistributedDataParallel):
        batch = next(batches)
        mask = None if batch.documents is None else Documents(*batch.documents)
        output = model(batch.tokens, None, mask, labels=batch.targets, loss_mask=batch.trained)
        return output, lambda loss: reduce(batch, loss)

    return forward


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
