"""A block is looked at before anything is trained on it: one that makes no sense ends the training in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from smelt.errors import StageError
from smelt.lake import Lake
from tests.training.artifacts import DTYPE, VOCAB_SIZE, again, context, metrics
from training.blocks.soundness import unsound
from training.model.processes import start_alone
from training.steps.loop import train

SEGMENTS = {"start": [0, 7, 20], "id": ["a", "b", ""], "label": ["en/web", "zh/web", ""]}


@pytest.mark.parametrize(
    ("tokens", "segments", "told"),
    [
        ({}, {}, None),
        ({}, {"start": [0], "id": ["a"], "label": ["en/web"]}, None),
        ({3: VOCAB_SIZE, 39: 65_535}, {}, "2 of its 40 tokens are outside the vocabulary of 300"),
        ({}, {"label": ["en/web", None, ""]}, "1 of its segments' starts, ids and labels are missing"),
        ({}, {"start": [1, 7, 20]}, "its 3 segments don't lie end to end in its 40 tokens"),
        ({}, {"start": [0, 20, 7]}, "its 3 segments don't lie end to end in its 40 tokens"),
        ({}, {"start": [0, 7, 7]}, "its 3 segments don't lie end to end in its 40 tokens"),
        ({}, {"start": [0, 7, 40]}, "its 3 segments don't lie end to end in its 40 tokens"),
        ({}, {"start": [], "id": [], "label": []}, "its 0 segments don't lie end to end in its 40 tokens"),
    ],
)
@pytest.mark.parametrize("token_bytes", [2, 4])
def test_what_must_hold_of_a_block(
    tmp_path: Path, tokens: dict[int, int], segments: dict[str, list], told: str | None, token_bytes: int
) -> None:
    ids = np.arange(40, dtype=np.uint16 if token_bytes == 2 else np.int32)
    for place, token in tokens.items():
        ids[place] = token
    ids.tofile(tmp_path / "ids")
    types = {"start": pa.int64(), "id": pa.string(), "label": pa.string()}
    table = pa.table({name: pa.array((SEGMENTS | segments)[name], kind) for name, kind in types.items()})
    pq.write_table(table, tmp_path / "segments")
    files = tmp_path / "ids", tmp_path / "segments"
    assert unsound(*files, vocab_size=VOCAB_SIZE, token_bytes=token_bytes) == told


def outside(tokens: np.ndarray) -> None:
    tokens[[7, 8]] = VOCAB_SIZE


def test_a_training_stops_before_the_block_and_goes_on_when_it_is_mended(lake: Lake, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    start_alone()
    whole = context(lake, tmp_path)
    train(whole)
    given, blocks = again(whole), whole.inputs["blocks"]
    part = blocks.part("0-00002")
    content = {suffix: lake.get(blocks.key(part, suffix)) for suffix in part.files}

    def write(change: Callable[[np.ndarray], None] = lambda tokens: None) -> None:
        tokens = np.frombuffer(content[".bin"], DTYPE).copy()
        change(tokens)
        files = content | {".bin": tokens.tobytes()}
        blocks.artifact.write_part(lake, "parts", part.name, files=files, rows=part.rows, stats={})

    write(outside)
    line = rf"^blocks/{blocks.fingerprint}, block 0-00002: 2 of its [\d,]+ tokens are outside the vocabulary of 300 \("
    with pytest.raises(StageError, match=line):
        train(given)
    assert next(iter(given.records("checkpoints"))) == "step-0000016"
    assert set(given.records("checkpoints")) <= {"step-0000016", "step-0000032"}
    write()
    train(given)
    assert [line["loss"] for line in metrics(given)] == [line["loss"] for line in metrics(whole)]
