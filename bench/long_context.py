"""What a long-context phase is worth: the loss at late positions, with it, without it, and with RoPE's base unscaled.

    python -m bench.long_context

Documents repeat a random passage of 24 or of 160 tokens, so a token is known once its passage has gone by; the longer
passages are out of reach for sequences of 64. Three trainings on equally many tokens: all at length 64; the last third
at length 256 with the NTK-scaled base; the same with the base as it was.
"""

import argparse
import json
import uuid
from pathlib import Path

import numpy as np
import torch

from bench.store import own_store
from smelt.lake import Artifact, Lake
from smelt.recipe.model import ModelConfig
from smelt.recipe.phases import Phase
from smelt.recipe.training import TrainConfig
from smelt.settings import Settings
from smelt.stage import Context, Resources
from tests.training.artifacts import LABELS, commit, cut, tokenizer, write_block
from training.load import load_model
from training.loop import train
from training.processes import start_alone

MODEL = ModelConfig(num_layers=2, hidden_size=64, num_heads=2, num_query_groups=2, init_std=0.06)
SHORT, LONG = 64, 256
DOCUMENT = 1024
PASSAGES = (24, 160)
LATE = slice(200, LONG)
NUM_EVALUATED = 128


def documents(count: int, seed: int) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """``count`` tokens of documents that repeat a passage, and where each begins."""
    draw = np.random.default_rng(seed)
    found, segments = [], []
    for start in range(0, count, DOCUMENT):
        found.append(np.resize(draw.integers(1, 33, PASSAGES[int(draw.integers(2))]), DOCUMENT))
        segments.append((start, LABELS[0]))
    return np.concatenate(found)[:count].astype(np.uint16), segments


def phases(steps: int, last: str) -> tuple[Phase, Phase]:
    """Two thirds at the short length; a third as ``last`` says."""
    first = Phase(
        name="main",
        tokens=steps * 2 // 3 * SHORT * 16,
        sequence_length=SHORT,
        global_batch_size=16,
        learning_rate=1e-2,
        schedule="constant",
        warmup_tokens=50 * SHORT * 16,
    )
    second = first.model_copy(update={"name": "last", "tokens": steps // 3 * SHORT * 16, "warmup_tokens": 0})
    second = second.model_copy(update={"schedule": "linear"})
    if last != "short":
        second = second.model_copy(update={"sequence_length": LONG, "global_batch_size": 4})
    if last == "unscaled":
        second = second.model_copy(update={"rope_base": MODEL.rope_base})
    return first, second


def trained(settings: Settings, steps: int, last: str) -> dict[str, float]:
    """Train, and measure the loss at positions of a long sequence."""
    config = TrainConfig(model=MODEL, phases=phases(steps, last))
    lake = Lake(settings, url="s3://smelt/long")
    artifact = Artifact("blocks", uuid.uuid4().hex[:20])
    records = []
    for index, phase in enumerate(config.phases):
        tokens, segments = documents(phase.num_trained_tokens + 1, seed=index)
        records.append(write_block(lake, artifact, f"{index}-00000", tokens, cut(segments, 0, len(tokens))))
    inputs = {"blocks": commit(lake, artifact, records), "tokenizer": tokenizer(lake)}
    given = Context(lake, config, Resources(), inputs, {}, Artifact("train", uuid.uuid4().hex[:20]))
    train(given)
    model = load_model(lake, commit(lake, given.artifact, list(given.records("checkpoints").values())))
    stream, _ = documents(NUM_EVALUATED * DOCUMENT, seed=99)
    sequences = torch.from_numpy(stream.astype(np.int64)).view(NUM_EVALUATED, DOCUMENT)[:, : LONG + 1]
    losses = torch.cat([model.token_losses(part) for part in sequences.split(16)]).mean(0)
    return {"rope_base": model.description.rope_base, "early": float(losses[:SHORT].mean())} | {
        "middle": float(losses[SHORT : LATE.start].mean()),
        "late": float(losses[LATE].mean()),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200, help="steps of 1,024 tokens in all")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    start_alone()
    figures = {}
    with own_store() as settings:
        for last in ("short", "long", "unscaled"):
            figures[last] = trained(settings, arguments.steps, last)
            print(last, {name: round(value, 3) for name, value in figures[last].items()}, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
