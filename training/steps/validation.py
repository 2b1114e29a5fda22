"""The loss of a fixed piece of held-out text, taken between two steps: is what is learned of use on other text?

The text is the first of the ``tokens`` artifact's held-out documents of each label, laid out and masked as the phase
trains. Nothing follows from it but figures and alarms: the weights, the guard and the order of steps stay as they are.
"""

import time
from dataclasses import dataclass
from typing import Any

import torch.distributed as dist

from smelt.errors import StageError
from smelt.lake import Artifact
from smelt.recipe.training.config import TrainConfig
from smelt.stage import Context
from training.blocks.data import Samples, samples_of
from training.blocks.heldout import Stream, choose
from training.blocks.plan import Vocabulary
from training.steps.trainer import Trainer


@dataclass(frozen=True)
class HeldOut:
    """Held-out loss after a step.

    Attributes:
        loss: mean loss per token in nats; None where not finite.
        loss_by_label: of each label.
        tokens: that it was taken over.
        seconds: that it took.
    """

    loss: float | None
    loss_by_label: dict[str, float | None]
    tokens: int
    seconds: float


class Validation:
    """The held-out text, when it is read, and how low its loss was in this phase."""

    def __init__(self, context: Context, vocabulary: Vocabulary) -> None:
        self._context, self._vocabulary = context, vocabulary
        self._training: TrainConfig = context.config
        self._config = self._training.training.validate
        self._streams: list[Stream] = []
        self._samples: dict[int, tuple[Samples, int]] = {}
        self._lowest: dict[str, float] = {}
        self._risen: set[str] = set()

    def begin(self) -> None:
        """Read the text, on the first process, and hand it to the others; nothing where no step will ask for it.

        Raises:
            StageError: when it is no longer in the lake, or there is none.
        """
        trained = self._training.phases[: self._training.first_phase]
        if not self.due(sum(phase.num_trained_tokens for phase in trained), self._training.num_tokens):
            return
        found: list[Any] = [None]
        if dist.get_rank() == 0:
            try:
                found = [self._choose()]
            except StageError as error:
                found = [error]
        dist.broadcast_object_list(found)
        if isinstance(found[0], StageError):
            raise found[0]
        self._streams = found[0]

    def due(self, before: int, after: int) -> bool:
        """Whether it is read when so many tokens have been trained on, and before that so many."""
        every = self._config.every_tokens
        return every is not None and before // every < after // every

    def read(self, trainer: Trainer, phase: int) -> HeldOut:
        """The loss of the text under the weights as they are; all processes together."""
        started = time.perf_counter()
        if phase not in self._samples:
            length = self._training.phases[phase].sequence_length
            self._samples = {phase: samples_of(self._streams, sequence_length=length, multiple=trainer.sample_multiple)}
        losses, sizes = trainer.losses(*self._samples[phase])
        total = sum(losses[label] * count for label, count in sizes.items())
        return HeldOut(
            loss=_finite(total / sum(sizes.values())),
            loss_by_label={label: _finite(losses[label]) for label in sizes},
            tokens=sum(sizes.values()),
            seconds=time.perf_counter() - started,
        )

    def risen(self, found: HeldOut) -> dict[str, float | None]:
        """Labels whose loss has just come to lie too far above its lowest, and by how many nats; None: not finite.

        A label is named again only after its loss was within ``max_rise`` once more.
        """
        rises: dict[str, float | None] = {}
        for label, loss in found.loss_by_label.items():
            rise = None if loss is None else loss - self._lowest.setdefault(label, loss)
            if loss is None or rise is None or rise > self._config.max_rise:
                rises[label] = rise
            else:
                self._lowest[label] = min(self._lowest[label], loss)
        new = {label: rise for label, rise in rises.items() if label not in self._risen}
        self._risen = set(rises)
        return new

    def state(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"lowest": dict(self._lowest), "risen": sorted(self._risen)}

    def load(self, state: dict[str, Any]) -> None:
        """From the checkpoint, or empty where a phase begins."""
        self._lowest, self._risen = dict(state.get("lowest", {})), set(state.get("risen", ()))

    def _choose(self) -> list[Stream]:
        lake, blocks = self._context.lake, self._context.inputs["blocks"]
        where = f"tokens/{blocks.inputs.get('tokens', '')}"
        tokens = Artifact("tokens", blocks.inputs.get("tokens", "")).manifest(lake)
        if tokens is None:
            mend = "run the recipe's stages from tokens on, or set training.validate.every_tokens to null"
            raise StageError("the held-out text is no longer in the lake", where=where, mend=mend)
        cap = self._config.tokens_per_label
        found = choose(lake, tokens, cap=cap, end_of_document=self._vocabulary.end_of_document)
        if not found:
            mend = "raise tokens.validation_share, or set training.validate.every_tokens to null"
            raise StageError("no text is held out", where=where, mend=mend)
        return found


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
