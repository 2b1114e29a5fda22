"""How the model is trained: optimizer, precision, checkpoints; and, apart from these, the parallel layout.

The layout (``parallel``, ``recompute``, ``micro_batch_size``, the cards) says how a step is computed, not which step:
sample order, schedule and batch are the same under any layout, so it stays out of the fingerprint and may change
between a run and its resumption. Sums in another order differ in the last bits; at one layout runs are bitwise equal.
Policies (when checkpoints are made and how long they are kept, how often the guard may go back before it asks, what
held-out text is read meanwhile, what is an alarm) change no step that was made, and stay out of it too.
"""

import warnings
from typing import Any, Literal

from pydantic import Field, field_serializer, model_validator

from smelt.recipe.base import Config
from smelt.recipe.training.alarms import AlarmsConfig
from smelt.recipe.training.cards import CARDS, CardName
from smelt.recipe.training.guard import GuardConfig
from smelt.recipe.training.model import ModelConfig
from smelt.recipe.training.optimizer import OptimizerConfig
from smelt.recipe.training.phases import Phase, rope_base
from smelt.recipe.training.rules import Rule, divides, insist
from smelt.recipe.training.start import StartFrom


class CheckpointConfig(Config):
    """When a checkpoint is committed, and how long its weights are kept. One lies at each phase's end in any case."""

    every_blocks: int = Field(default=1, ge=1)
    """Blocks between checkpoints."""
    keep_last: int | None = Field(default=None, ge=1)
    """Checkpoints of a phase whose weights are kept, the one at its end among them; of earlier ones only the metrics
    stay. Left out, all are kept."""
    keep_best: bool = True
    """Whether the weights with the lowest training loss of the phase are kept beside the last ones."""


class ParallelConfig(Config):
    """Model parallelism. The data-parallel size is what remains of the workers."""

    tensor: int = Field(default=1, ge=1)
    """Tensor-parallel size: each matrix is split over so many processes (one machine's GPUs at most)."""
    pipeline: int = Field(default=1, ge=1)
    """Pipeline-parallel size: the layers are split over so many processes."""


class ValidateConfig(Config):
    """The loss of held-out text that the trainer takes as it goes: into the metrics, and an alarm where it rises.

    It takes a third of a training token's work a token: by default 0.006 % of a training for each label.
    """

    every_tokens: int | None = Field(default=100_000_000, ge=1)
    """Tokens of training between two of them; null takes none."""
    tokens_per_label: int = Field(default=16_384, ge=128)
    """Held-out tokens of each language and domain, taken in document order."""
    max_rise: float = Field(default=0.1, gt=0)
    """Nats by which a label's loss may lie above the lowest of its phase before it is an alarm."""


warnings.filterwarnings("ignore", 'Field name "validate" .* shadows', UserWarning)  # of a deprecated pydantic method


class TrainingConfig(Config):
    """The trainer's settings."""

    start_from: StartFrom | None = None
    """Weights of a Llama or Qwen3 that training goes on from, instead of weights drawn from the seed."""
    optimizer: OptimizerConfig = OptimizerConfig()
    z_loss: float = Field(default=0.0, ge=0)
    """Weight of the mean of log(Z)^2, which keeps the logits' scale in place (PaLM uses 1e-4)."""
    precision: Literal["fp32", "bf16", "fp8"] = "fp32"
    """Number format of weights and activations; bf16 keeps fp32 main weights and optimizer state. fp8 is bf16 whose
    layers multiply in FP8, through Transformer Engine, on cards from Hopper and Ada on."""
    document_mask: bool = False
    """Whether attention stays within a document; otherwise a sample's later documents see its earlier ones."""
    checkpoint: CheckpointConfig = CheckpointConfig()
    guard: GuardConfig = GuardConfig()
    validate: ValidateConfig = ValidateConfig()  # type: ignore[assignment]
    alarms: AlarmsConfig = AlarmsConfig()
    parallel: ParallelConfig = ParallelConfig()
    recompute: Literal["none", "layer"] = "none"
    """What is computed again in the backward pass instead of kept: with ``layer`` all of a layer but its input, for a
    third more FLOPs."""
    card: CardName | None = None
    """The card that is trained on; ``smelt check`` then says with which model parallelism a share fits it."""
    inference_card: CardName | None = None
    """The card that the model is meant to run on; ``smelt check`` says whether it fits, by itself."""
    micro_batch_size: int | None = Field(default=None, ge=1)
    """Sequences a process computes at once; by default as many as hold 4,096 tokens."""


LAYOUT = {"parallel", "recompute", "micro_batch_size", "card", "inference_card"}
"""Settings that say how a step is computed, not which."""
POLICIES: dict[str, Any] = {"checkpoint": True, "guard": {"max_rollbacks"}, "validate": True, "alarms": True}
"""Settings that change no step that was made, as ``model_dump`` takes them: a changed one takes effect when training
starts the next time. (Where the guard goes back, it goes back to the last checkpoint: from there on the cadence has had
a say, and the event tells of it.)"""


class TrainConfig(Config):
    """What decides the trained weights: the ``train`` stage's config. Layout and policies are carried, not
    fingerprinted."""

    model: ModelConfig = ModelConfig()
    phases: tuple[Phase, ...] = Field(default=(Phase(),), min_length=1)
    first_phase: int = Field(default=0, ge=0)
    """Index of the first phase that is trained; those before it led to the checkpoint that is gone on from."""
    training: TrainingConfig = TrainingConfig()
    seed: int = 1234
    """The recipe's seed, which draws the initial weights."""

    @field_serializer("training")
    def _what_decides(self, training: TrainingConfig) -> dict[str, Any]:
        decides = training.model_dump(exclude={**dict.fromkeys((*LAYOUT, "start_from"), True), **POLICIES})
        return decides if training.start_from is None else {**decides, "start_from": training.start_from.digest}

    @property
    def policies(self) -> dict[str, Any]:
        """The settings that change no step that was made, as plain values."""
        return self.training.model_dump(mode="json", include=POLICIES)

    @model_validator(mode="after")
    def _shapes(self) -> "TrainConfig":
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError("two phases have the same name (rename one)")
        insist(layout_rules(self))
        return self

    def rope_base(self, phase: int) -> float:
        """RoPE base of a phase."""
        model = self.model
        known = {"head_size": model.head_size, "known_length": model.known_length}
        return rope_base(self.phases, phase, base=model.rope_base, **known)

    @property
    def num_steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.num_steps for phase in self.phases)

    @property
    def num_tokens(self) -> int:
        """Tokens of all phases, in whole steps."""
        return sum(phase.num_trained_tokens for phase in self.phases)

    @property
    def max_sequence_length(self) -> int:
        """The longest sequence of any phase: the context the model is made for."""
        return max(phase.sequence_length for phase in self.phases)


def layout_rules(config: TrainConfig, *, workers: int | None = None, vocab_size: int | None = None) -> list[Rule]:
    """Rules between the model, the phases and the parallel layout.

    Args:
        workers: processes that train; None leaves out the rules on their number.
        vocab_size: of the tokenizer; None leaves out the advice on the padded vocabulary.
    """
    model, parallel = config.model, config.training.parallel
    tensor, pipeline = ("training.parallel.tensor", parallel.tensor), ("training.parallel.pipeline", parallel.pipeline)
    rules = [
        divides("model.num_heads", model.num_heads, *tensor),
        divides("model.num_query_groups", model.num_query_groups, *tensor),
        divides("model.ffn_hidden_size", model.ffn_hidden_size, *tensor),
        divides("model.vocab_multiple_of", model.vocab_multiple_of, *tensor),
        divides("model.num_layers", model.num_layers, *pipeline),
    ]
    if config.training.precision == "fp8":
        rules += _fp8_rules(config)
    rules += _tile_rules(config, vocab_size)
    if workers is None:
        return rules
    ranks = parallel.tensor * parallel.pipeline
    rules.append(divides("the number of workers", workers, "tensor x pipeline", ranks))
    replicas = max(1, workers // ranks)
    for phase in config.phases:
        smallest = "global_batch_size" if phase.first_batch_size is None else "first_batch_size"
        batch = (f"phase {phase.name}: {smallest}", phase.batch_size(0))
        rules.append(divides(*batch, "the data-parallel size", replicas))
        if config.training.micro_batch_size:
            by = replicas * config.training.micro_batch_size
            rules.append(divides(*batch, "data-parallel size x training.micro_batch_size", by))
    return rules


def _tile_rules(config: TrainConfig, vocab_size: int | None) -> list[Rule]:
    """Each process's share of a matrix had better be whole tiles; undivided, the model's own rules say so."""
    model, tensor = config.model, config.training.parallel.tensor
    sizes = (
        {} if tensor == 1 else {"model.hidden_size": model.hidden_size, "model.ffn_hidden_size": model.ffn_hidden_size}
    )
    if vocab_size is not None:
        sizes["the padded vocabulary"] = model.padded_vocab_size(vocab_size)
    tiles = ("a matrix tile's 64 x training.parallel.tensor", 64 * tensor)
    return [divides(name, size, *tiles, required=False) for name, size in sizes.items()]


def _fp8_rules(config: TrainConfig) -> list[Rule]:
    """FP8 products want both sides of every matrix in multiples of 16, and a card that has the format."""
    model, training = config.model, config.training
    sides = ("16 (fp8) x training.parallel.tensor", 16 * training.parallel.tensor)
    rules = [
        divides("model.hidden_size", model.hidden_size, *sides),
        divides("model.ffn_hidden_size", model.ffn_hidden_size, *sides),
        divides("keys' width (num_query_groups x head size)", model.num_query_groups * model.head_size, *sides),
        *(divides(f"phase {one.name}: sequence_length", one.sequence_length, "16 (fp8)", 16) for one in config.phases),
    ]
    if training.card is not None:
        name = f"training.card {training.card} multiplies in fp8"
        rules.append(Rule(name, CARDS[training.card].fp8, mend="set training.precision to bf16"))
    return rules


def micro_batch_size(config: TrainConfig, phase: Phase, replicas: int, batch_size: int | None = None) -> int:
    """Sequences a process computes at once: as asked for, else the most that divide its share within 4,096 tokens.

    Args:
        batch_size: sequences of the step; by default the phase's full batch.
    """
    if config.training.micro_batch_size:
        return config.training.micro_batch_size
    share = (batch_size or phase.global_batch_size) // replicas
    fitting = max(1, 4096 // phase.sequence_length)
    return max((size for size in range(1, share + 1) if share % size == 0 and size <= fitting), default=1)


def with_layout(config: TrainConfig, *, tensor: int, pipeline: int) -> TrainConfig:
    """The same training under another model parallelism; raises ``ValueError`` where the sizes don't divide."""
    parallel = ParallelConfig(tensor=tensor, pipeline=pipeline)
    training = config.training.model_copy(update={"parallel": parallel})
    return TrainConfig(
        model=config.model, phases=config.phases, first_phase=config.first_phase, training=training, seed=config.seed
    )
