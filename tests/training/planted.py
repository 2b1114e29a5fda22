"""Work with a bad block in it, and what a trained model loses on text it never saw."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from smelt.lake import Artifact, Lake
from smelt.recipe.training.config import TrainConfig, TrainingConfig
from smelt.recipe.training.guard import GuardConfig
from smelt.recipe.training.phases import Phase
from smelt.stage import Context
from tests.training.artifacts import LABELS, MODEL, VOCAB_SIZE, commit, context, cut, documents, write_block
from training.checkpoints.load import load_model
from training.model.processes import start_alone

STEPS, NUM_BLOCKS = 24, 6
PHASE = Phase(name="main", tokens=NUM_BLOCKS * STEPS * 512, sequence_length=64, global_batch_size=8, learning_rate=1e-2)
GUARD = GuardConfig(window=32)
Segments = list[tuple[int, str]]


def random_tokens(tokens: np.ndarray, segments: Segments) -> np.ndarray:
    """Nothing but noise."""
    return np.random.default_rng(1).integers(0, VOCAB_SIZE, len(tokens)).astype(np.uint16)


def shuffled_label(tokens: np.ndarray, segments: Segments) -> np.ndarray:
    """The tokens of one label in another order, the other labels' as they were."""
    spoilt, generator = tokens.copy(), np.random.default_rng(1)
    ends = [at for at, _ in segments[1:]] + [len(tokens)]
    places = np.concatenate(
        [np.arange(at, end) for (at, label), end in zip(segments, ends, strict=True) if label == LABELS[2]]
    )
    spoilt[places] = generator.permutation(spoilt[places])
    return spoilt


def repeated_text(tokens: np.ndarray, segments: Segments) -> np.ndarray:
    """Its first few documents over and over: the model soon knows them by heart."""
    return np.resize(tokens[:40], len(tokens))


def planted(
    lake: Lake,
    home: Path,
    guard: GuardConfig,
    spoil: Callable[[np.ndarray, Segments], np.ndarray] | None,
    bad: tuple[int, ...] = (3,),
) -> Context:
    """Work whose ``bad`` blocks are spoilt."""
    torch.set_num_threads(1)
    start_alone()
    config = TrainConfig(model=MODEL, phases=(PHASE,), training=TrainingConfig(guard=guard))
    given = context(lake, home, config, steps_per_block=STEPS)
    artifact = Artifact("blocks", uuid.uuid4().hex[:20])
    stream, segments = documents(np.random.default_rng(5), PHASE.num_trained_tokens + 1)
    size = STEPS * PHASE.tokens_per_batch
    records = []
    for number in range(NUM_BLOCKS):
        tokens = stream[number * size : number * size + size + 1]
        own = cut(segments, number * size, size + 1)
        if spoil is not None and number in bad:
            tokens = spoil(tokens, own)
        records.append(write_block(given.lake, artifact, f"0-{number:05d}", tokens, own))
    return replace(given, inputs=given.inputs | {"blocks": commit(given.lake, artifact, records)})


def heldout_loss(given: Context) -> float:
    """Mean loss of the last checkpoint on documents that no block holds."""
    manifest = commit(given.lake, given.artifact, list(given.records("checkpoints").values()))
    stream, _ = documents(np.random.default_rng(99), 64 * 65)
    tokens = torch.from_numpy(stream.astype(np.int64)).view(64, 65)
    return float(load_model(given.lake, manifest).token_losses(tokens).mean())
