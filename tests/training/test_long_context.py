"""A long-context phase teaches what it is there for: late positions of long documents are predicted better."""

import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from smelt.lake import Artifact, Lake, Manifest
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.model import ModelConfig
from smelt.recipe.training.phases import Phase
from tests.training.artifacts import LABELS, commit, context, write_block
from training.checkpoints.load import load_model
from training.model.processes import start_alone
from training.steps.loop import train

MODEL = ModelConfig(num_layers=1, hidden_size=128, num_heads=4, num_query_groups=2)
SHORT, LONG, BATCH = 32, 256, 2048
ALPHABET, OWN = 64, 12
"""Tokens that there are, and those of them that a document draws from: who sees more of it knows them better."""


def phase(name: str, steps: int, length: int, rate: float) -> Phase:
    """A phase whose batches have the same number of tokens at any length."""
    return Phase(
        name=name, tokens=steps * BATCH, sequence_length=length, global_batch_size=BATCH // length, learning_rate=rate
    )


MAIN = phase("main", 250, SHORT, 2e-3)
MORE, LONGER = (phase("after", 60, length, 1e-3) for length in (SHORT, LONG))


def documents(seed: int, count: int) -> np.ndarray:
    """Documents [count, LONG + 1] of a few tokens of their own, in any order."""
    draw = np.random.default_rng(seed)
    return np.stack([draw.choice(1 + draw.permutation(ALPHABET)[:OWN], LONG + 1) for _ in range(count)])


def trained(lake: Lake, home: Path, *phases: Phase, before: Manifest | None = None) -> Manifest:
    """What training on the last of the phases gives, going on from the one before."""
    place = len(phases) - 1
    given = context(lake, home, TrainConfig(model=MODEL, phases=phases, first_phase=place))
    artifact, tokens = Artifact("blocks", uuid.uuid4().hex[:20]), phases[place].num_trained_tokens
    stream = documents(place, tokens // LONG + 1)[:, :LONG].reshape(-1)[: tokens + 1].astype(np.uint16)
    block = write_block(lake, artifact, f"{place}-00000", stream, [(0, LABELS[0])])
    inputs = given.inputs | {"blocks": commit(lake, artifact, [block])} | ({"train": before} if before else {})
    given = replace(given, inputs=inputs)
    train(given)
    return commit(lake, given.artifact, list(given.records("checkpoints").values()))


def late_loss(lake: Lake, manifest: Manifest) -> float:
    """Mean loss on documents that no block holds, beyond the positions that a short sequence has."""
    tokens = torch.from_numpy(documents(99, 32).astype(np.int64))
    return float(load_model(lake, manifest).token_losses(tokens)[:, SHORT:].mean())


def test_it_lowers_the_loss_at_late_positions_and_as_many_short_sequences_do_less(lake: Lake, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    start_alone()
    main = trained(lake, tmp_path, MAIN)
    before = late_loss(lake, main)
    short, long = (late_loss(lake, trained(lake, tmp_path, MAIN, after, before=main)) for after in (MORE, LONGER))
    assert before < np.log(ALPHABET) - 0.5, "it has learned to look back"
    assert long < before - 0.08 and long < short - 0.05
