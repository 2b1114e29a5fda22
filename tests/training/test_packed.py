"""Training on sequences that are filled up with padding: nothing follows from it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from smelt.lake import Artifact, Lake, Manifest
from smelt.phases import PADDING
from smelt.recipe.training.config import TrainConfig, TrainingConfig
from tests.training.artifacts import MODEL, PHASES, commit, context, documents, metrics, write_block
from tests.training.pair import Pair
from training.model.processes import start_alone
from training.steps.loop import train

PHASE = PHASES[0].model_copy(update={"tokens": 24 * 256})
CONFIG = TrainConfig(model=MODEL, phases=(PHASE,), training=TrainingConfig(z_loss=0.01))


def packed(lake: Lake, token: int) -> tuple[Manifest, list[int]]:
    """Blocks in which every sequence is filled up with ``token``, in a quarter on average; and of each block how many
    targets are neither padding nor behind padding."""
    draw, artifact, length = np.random.default_rng(2), Artifact("blocks", f"{token:020d}"), PHASE.sequence_length
    records, trained = [], []
    for number in range(2):
        size = 12 * PHASE.tokens_per_batch
        content, found = documents(draw, size + 1)
        segments = dict(found)
        padded = np.zeros(size + 1, bool)
        for end in range(length, size + 1, length):
            begin = end - int(draw.integers(length // 2))
            content[begin:end], padded[begin:end] = token, True
            segments = {at: label for at, label in segments.items() if not begin <= at < end}
            segments[end] = segments.get(end, "en/prose")
            if begin < end:
                segments[begin] = PADDING
        records.append(write_block(lake, artifact, f"0-{number:05d}", content, sorted(segments.items())))
        trained.append(int((~padded[1:] & ~padded[:-1]).sum()))
    return commit(lake, artifact, records), trained


def test_no_loss_is_taken_on_padding_and_nothing_follows_from_what_it_is(
    lake: Lake, tmp_path: Path, pair: Pair
) -> None:
    torch.set_num_threads(1)
    start_alone()
    given = context(lake, tmp_path, CONFIG)
    lines = []
    for token in (257, 7):
        blocks, trained = packed(given.lake, token)
        own = replace(given, artifact=Artifact("train", f"{token:020d}"), inputs=given.inputs | {"blocks": blocks})
        train(own)
        lines.append(metrics(own))
    figures = [[(line["loss"], line["loss_by_label"], line["grad_norm"]) for line in found] for found in lines]
    assert figures[0] == figures[1], "bit for bit"
    first = lines[0]
    assert first[-1]["loss"] < first[0]["loss"] - 0.5
    assert first[-1]["tokens"] == PHASE.num_trained_tokens, "a phase's tokens are positions"
    for number, expected in enumerate(trained):
        sizes = [line["tokens_by_label"] for line in first[12 * number : 12 * number + 12]]
        assert sum(sum(own.values()) for own in sizes) == expected
    for line in first:
        assert PADDING not in line["tokens_by_label"]
        total = sum(line["loss_by_label"][label] * count for label, count in line["tokens_by_label"].items())
        assert total / sum(line["tokens_by_label"].values()) == pytest.approx(line["loss"], rel=1e-9)

    two = replace(own, artifact=Artifact("train", "2" * 20))
    for one, other in zip(first, pair.train(two, tmp_path), strict=True):
        assert one["tokens_by_label"] == other["tokens_by_label"]
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-3)
        assert one["grad_norm"] == pytest.approx(other["grad_norm"], rel=2e-2)
