"""Figures derived from a recipe before anything runs: what ``smelt check`` prints about model and training."""

from dataclasses import dataclass

from smelt.recipe.training.config import TrainConfig, layout_rules, micro_batch_size
from smelt.recipe.training.phases import learning_rate
from smelt.recipe.training.rules import Rule


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


LOSS_CHUNK_BYTES = 512 << 20
"""Logits that exist at once on a GPU, in fp32; see ``training.model.loss``."""


@dataclass(frozen=True)
class Memory:
    """Bytes on the fullest GPU (or process) while training, by use; an estimate, good to about a tenth plus the
    runtime's own.

    Weights in the training precision, gradients summed in fp32, this process's share of AdamW's two moments (and bf16's
    main weights) in fp32; with fp8, also each layer's weights as they are multiplied with, and their transposes.
    Attention's scores and the logits are never held whole.

    Attributes:
        loss: the output weight's gradient in fp32 (and a chunk's share of it in bf16), and the chunk's logits.
        published: a flat copy of a replica's share of the weights, on its way to the others. By then what was kept
            for the backward pass is gone.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    loss: int
    published: int

    @property
    def parts(self) -> dict[str, int]:
        """What is held when most is held."""
        lasting = {"weights": self.weights, "gradients": self.gradients, "optimizer": self.optimizer}
        if self.published > self.activations + self.loss:
            return {**lasting, "published weights": self.published}
        return {**lasting, "activations": self.activations, "loss": self.loss}

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.parts.values())


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
        memory: on the fullest GPU, in the phase that needs the most.
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
        rules=(*model.rules(), *layout_rules(config, workers=workers, vocab_size=vocab_size)),
    )


def memory(config: TrainConfig, index: int, *, vocab_size: int, workers: int) -> Memory:
    """Bytes in phase ``index`` on the process that needs the most: one of the first or of the last pipeline stage."""
    stages = {0, config.training.parallel.pipeline - 1}
    found = [_stage_memory(config, index, stage, vocab_size=vocab_size, workers=workers) for stage in sorted(stages)]
    return max(found, key=lambda item: item.total)


def _stage_memory(config: TrainConfig, index: int, stage: int, *, vocab_size: int, workers: int) -> Memory:
    model, phase, parallel = config.model, config.phases[index], config.training.parallel
    first, last = stage == 0, stage == parallel.pipeline - 1
    width = 4 if config.training.precision == "fp32" else 2
    replicas = max(1, workers // (parallel.tensor * parallel.pipeline))
    tokens = micro_batch_size(config, phase, replicas) * phase.sequence_length

    # a tied output layer is the embedding itself, or in another stage a copy of it
    table = model.padded_vocab_size(vocab_size) * model.hidden_size / parallel.tensor
    tables = first + last - (first and last and model.tied_embeddings)
    layers = model.num_layer_parameters / parallel.tensor / parallel.pipeline
    share = layers + tables * table
    # parameters are not cut, so a replica's share of the optimizer is never less than the largest of them
    largest = max(table * (tables > 0), 2 * model.hidden_size * model.ffn_hidden_size / parallel.tensor)
    owned = max(share / replicas, largest) if replicas > 1 else share

    vocabulary = model.padded_vocab_size(vocab_size) / parallel.tensor
    loss = table * (4 if width == 4 else 4 + width) + min(LOSS_CHUNK_BYTES, 4 * tokens * vocabulary)
    rounded = 2 * layers if config.training.precision == "fp8" else 0
    return Memory(
        weights=round(share * width + rounded),
        gradients=round(share * 4),
        optimizer=round(owned * (12 if width == 2 else 8)),
        activations=round(tokens * width * _kept_per_token(config, stage)),
        loss=round(loss) if last else 0,
        published=round(owned * width) if replicas > 1 else 0,
    )


def _kept_per_token(config: TrainConfig, stage: int) -> float:
    """Numbers that are kept of each token for the backward pass, of all micro batches that are under way."""
    model, parallel = config.model, config.training.parallel
    groups = model.num_query_groups * model.head_size
    # whole on each tensor-parallel rank: two norms' inputs and outputs; split: queries, attention's output (twice) and
    # the projection's, keys and values, SwiGLU's gate, value, activation and product
    split = 4 * model.hidden_size + 2 * groups + 4 * model.ffn_hidden_size
    of_layer = 4 * model.hidden_size + split / parallel.tensor
    # a stage has begun as many micro batches as there are stages from it on, before the first comes back
    layers = model.num_layers / parallel.pipeline * (parallel.pipeline - stage)
    if config.training.recompute == "layer":
        return layers * model.hidden_size + of_layer
    return layers * of_layer


def _phase(config: TrainConfig, index: int, vocab_size: int) -> PhaseFigures:
    model, phase = config.model, config.phases[index]
    return PhaseFigures(
        name=phase.name,
        steps=phase.num_steps,
        tokens=phase.num_trained_tokens,
        tokens_per_batch=phase.tokens_per_batch,
        sequence_length=phase.sequence_length,
        rope_base=config.rope_base(index),
        first_learning_rate=learning_rate(config.phases, index, 0),
        peak_learning_rate=phase.learning_rate,
        last_learning_rate=learning_rate(config.phases, index, phase.num_steps - 1),
        flops_per_token=model.flops_per_token(vocab_size, phase.sequence_length),
    )
