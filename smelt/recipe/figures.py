"""Figures derived from a recipe before anything runs: what ``smelt check`` prints about model and training."""

from dataclasses import dataclass

from smelt.recipe.phases import learning_rate, rope_base
from smelt.recipe.rules import Rule
from smelt.recipe.training import TrainConfig, layout_rules, micro_batch_size


@dataclass(frozen=True)
class PhaseFigures:
    """A phase in numbers: ``tokens`` as trained (whole steps), rates at its first, highest and last step."""

    name: str
    steps: int
    tokens: int
    tokens_per_batch: int
    sequence_length: int
    rope_base: float
    first_learning_rate: float
    peak_learning_rate: float
    last_learning_rate: float
    flops_per_token: float


@dataclass(frozen=True)
class Memory:
    """Bytes per GPU (or process) while training, by use; an estimate, good to about a tenth plus the runtime's own.

    Weights in the training precision, gradients summed in fp32, this process's share of AdamW's two moments (and bf16's
    main weights) in fp32; with fp8, also each layer's weights as they are multiplied with, and their transposes.
    Activations without recomputation; attention's scores and the logits are never held whole.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


@dataclass(frozen=True)
class Figures:
    """A recipe's model and training in numbers.

    Attributes:
        parameters: all of them, padded embedding included.
        embedding_parameters: of those, embedding and output layer.
        tokens: tokens trained on in all phases.
        tokens_per_parameter: about 20 is compute-optimal (Hoffmann et al. 2022); more is cheaper to run.
        training_flops: floating-point operations of the whole training.
        checkpoint_bytes: bytes of one checkpoint (fp32 main weights and moments).
        inference_bytes: bytes of the weights alone, in bf16.
        memory: per GPU, of the phase that needs the most.
        rules: every divisibility rule, and whether it holds.
    """

    parameters: int
    embedding_parameters: int
    vocab_size: int
    padded_vocab_size: int
    tokens: int
    steps: int
    tokens_per_parameter: float
    training_flops: float
    checkpoint_bytes: int
    inference_bytes: int
    workers: int
    memory: Memory
    phases: tuple[PhaseFigures, ...]
    rules: tuple[Rule, ...]


def figures(config: TrainConfig, *, vocab_size: int, workers: int = 1) -> Figures:
    """All figures of ``config`` with a tokenizer of ``vocab_size`` trained on ``workers`` processes."""
    model = config.model
    phases = tuple(_phase(config, index, vocab_size) for index in range(len(config.phases)))
    parameters = model.num_parameters(vocab_size)
    memories = [memory(config, index, vocab_size=vocab_size, workers=workers) for index in range(len(phases))]
    return Figures(
        parameters=parameters,
        embedding_parameters=parameters - model.num_layer_parameters,
        vocab_size=vocab_size,
        padded_vocab_size=model.padded_vocab_size(vocab_size),
        tokens=config.num_tokens,
        steps=config.num_steps,
        tokens_per_parameter=config.num_tokens / parameters,
        training_flops=sum(phase.tokens * phase.flops_per_token for phase in phases),
        checkpoint_bytes=12 * parameters + (2 * parameters if config.training.precision != "fp32" else 0),
        inference_bytes=2 * parameters,
        workers=workers,
        memory=max(memories, key=lambda item: item.total),
        phases=phases,
        rules=(*model.rules(), *layout_rules(config, workers=workers)),
    )


def memory(config: TrainConfig, index: int, *, vocab_size: int, workers: int) -> Memory:
    """Bytes per process in phase ``index``."""
    model, phase, parallel = config.model, config.phases[index], config.training.parallel
    ranks = parallel.tensor * parallel.pipeline
    width = 4 if config.training.precision == "fp32" else 2
    rounded = 2 * model.num_layer_parameters / ranks if config.training.precision == "fp8" else 0
    share = model.num_parameters(vocab_size) / ranks
    replicas = max(1, workers // ranks)
    batch = micro_batch_size(config, phase, replicas, phase.batch_size(0))
    tokens = batch * phase.sequence_length
    groups = model.num_query_groups * model.head_size
    # per token and layer: two norms' inputs and outputs, queries, attention's output and the projection's, and twice
    # the residual (8 x hidden); keys and values; SwiGLU's gate, value, activation and product (4 x inner size)
    per_layer = width * (8 * model.hidden_size + 2 * groups + 4 * model.ffn_hidden_size) / parallel.tensor
    return Memory(
        weights=round(share * width + rounded),
        gradients=round(share * 4),
        optimizer=round(share * (12 if width == 2 else 8) / replicas),
        # a pipeline's first stage holds as many micro batches as there are stages: layers/stages x stages
        activations=round(tokens * per_layer * model.num_layers),
    )


def _phase(config: TrainConfig, index: int, vocab_size: int) -> PhaseFigures:
    model, phase = config.model, config.phases[index]
    return PhaseFigures(
        name=phase.name,
        steps=phase.num_steps,
        tokens=phase.num_trained_tokens,
        tokens_per_batch=phase.tokens_per_batch,
        sequence_length=phase.sequence_length,
        rope_base=rope_base(config.phases, index, base=model.rope_base, head_size=model.head_size),
        first_learning_rate=learning_rate(config.phases, index, 0),
        peak_learning_rate=phase.learning_rate,
        last_learning_rate=learning_rate(config.phases, index, phase.num_steps - 1),
        flops_per_token=model.flops_per_token(vocab_size, phase.sequence_length),
    )
