"""Blocks and a tokenizer for tests of training: small, made by hand, with something to learn in them."""

import io
import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from smelt.identity import digest
from smelt.lake import Artifact, Lake, Manifest, PartRecord
from smelt.lake.artifact import merge_stats
from smelt.recipe.training.config import TrainConfig, TrainingConfig
from smelt.recipe.training.model import ModelConfig
from smelt.recipe.training.phases import Phase
from smelt.stage import Context, Progress, Resources
from tasks.documents import write as write_table
from tasks.indexed import index_bytes

DTYPE = np.dtype("<u2")
VOCAB_SIZE = 300
ALPHABET = 40
LABELS = ("en/prose", "zh/prose", "code/python")
MODEL = ModelConfig(num_layers=2, hidden_size=64, num_heads=4, num_query_groups=2)
PHASES = (
    Phase(
        name="main", tokens=48 * 256, sequence_length=32, global_batch_size=8, learning_rate=1e-2, warmup_tokens=1024
    ),
    Phase(
        name="anneal", tokens=16 * 256, sequence_length=64, global_batch_size=4, learning_rate=5e-3, schedule="linear"
    ),
)
CONFIG = TrainConfig(model=MODEL, phases=PHASES, training=TrainingConfig())


def context(
    lake: Lake,
    home: Path,
    config: TrainConfig = CONFIG,
    *,
    steps_per_block: int = 16,
    workers: int = 1,
    held_out: bool = False,
) -> Context:
    """What the train stage is given, with inputs made up for ``config``; its blocks may lead to held-out text."""
    settings = replace(lake.settings, home=home)
    lake = Lake(settings, url=lake.url)
    above = {"tokens": tokens(lake).fingerprint} if held_out else {}
    inputs = {"blocks": blocks(lake, config, steps_per_block, above=above), "tokenizer": tokenizer(lake)}
    artifact = Artifact("train", uuid.uuid4().hex[:20])
    return Context(
        lake=lake,
        config=config,
        resources=Resources(workers=workers),
        inputs=inputs,
        external={},
        artifact=artifact,
        report=silent,
    )


def silent(progress: Progress) -> None:
    """Takes progress and says nothing; unlike a lambda it goes to other processes."""


def again(given: Context, **changed: Any) -> Context:
    """The same work to be done once more, from nothing."""
    return replace(given, **{"artifact": Artifact("train", uuid.uuid4().hex[:20]), **changed})


def documents(generator: np.random.Generator, count: int) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """``count`` tokens of made-up documents, each token nearly following from the one before, and their segments."""
    tokens: list[int] = []
    segments: list[tuple[int, str]] = []
    while len(tokens) < count:
        label = int(generator.integers(len(LABELS)))
        segments.append((len(tokens), LABELS[label]))
        token = int(generator.integers(1, ALPHABET))
        for _ in range(int(generator.integers(10, 60))):
            tokens.append(token)
            token = 1 + (token + 2 * label + int(generator.integers(2))) % ALPHABET
        tokens.append(0)
    return np.array(tokens[:count], dtype=np.uint16), segments


def blocks(
    lake: Lake,
    config: TrainConfig,
    steps_per_block: int,
    fingerprint: str = "",
    above: dict[str, str] | None = None,
) -> Manifest:
    """A ``blocks`` artifact with all tokens of the phases, made from what is ``above`` it."""
    artifact = Artifact("blocks", fingerprint or uuid.uuid4().hex[:20])
    generator = np.random.default_rng(5)
    records: list[PartRecord] = []
    for index, phase in enumerate(config.phases):
        stream, segments = documents(generator, phase.num_trained_tokens + 1)
        size = steps_per_block * phase.tokens_per_batch
        for number, start in enumerate(range(0, phase.num_trained_tokens, size)):
            part = stream[start : start + size + 1]
            records.append(write_block(lake, artifact, f"{index}-{number:05d}", part, cut(segments, start, len(part))))
    return commit(lake, artifact, records, inputs=above or {})


def cut(segments: list[tuple[int, str]], start: int, size: int) -> list[tuple[int, str]]:
    """The segments of a stretch of the stream, counted from its start."""
    inside = [(max(0, at - start), label) for at, label in segments if at < start + size]
    return inside[max(index for index, (at, _) in enumerate(inside) if at == 0) :]


def write_block(
    lake: Lake, artifact: Artifact, name: str, tokens: np.ndarray, segments: list[tuple[int, str]]
) -> PartRecord:
    """One block's part."""
    starts, labels = [at for at, _ in segments], [label for _, label in segments]
    table = pa.table({"start": starts, "label": labels, "id": [f"{name}/{at}" for at in starts]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    files = {".bin": tokens.tobytes(), ".segments.parquet": sink.getvalue()}
    return artifact.write_part(lake, "parts", name, files=files, rows=len(tokens), stats={})


def tokens(lake: Lake, fingerprint: str = "") -> Manifest:
    """A tokens artifact of one part, of the kind of text that the trainer's tests are made of."""
    artifact = Artifact("tokens", fingerprint or uuid.uuid4().hex[:20])
    files: dict[str, bytes] = {}
    stats: dict = {}
    for split, suffix, seed, size in (("train", "", 5, 20_000), ("valid", ".valid", 99, 3000)):
        ids, segments = documents(np.random.default_rng(seed), size)
        ids = ids.astype(DTYPE)
        starts = np.array([start for start, _ in segments])
        lengths = np.diff([*starts, size])
        labels = [label for _, label in segments]
        table = pa.table(
            {
                "id": [f"{seed}-{start}" for start in starts],
                "lang": [label.split("/")[0] for label in labels],
                "domain": [label.split("/")[1] for label in labels],
                "offset": pa.array(starts, pa.int64()),
                "tokens": pa.array(lengths, pa.int64()),
                "bytes": pa.array(lengths * 2, pa.int64()),
            }
        )
        files |= {f"{suffix}.bin": ids.tobytes(), f"{suffix}.idx": index_bytes(lengths, DTYPE)}
        files[f"{suffix}.docs.parquet"] = write_table(table)
        by_domain = {label: int(lengths[[own == label for own in labels]].sum()) for label in LABELS}
        stats[split] = {"tokens": size, "tokens_by_domain": by_domain}
    record = artifact.write_part(lake, "parts", "00000", files=files, rows=10, stats=stats)
    return commit(lake, artifact, [record], stats=merge_stats([stats]))


def byte_tokenizer() -> Tokenizer:
    """A byte-level tokenizer without merges, with tokens for the end of a document and for padding."""
    vocabulary = {"<|endoftext|>": 0} | {char: i + 1 for i, char in enumerate(sorted(ByteLevel.alphabet()))}
    vocabulary["<|padding|>"] = len(vocabulary)
    built = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    built.pre_tokenizer, built.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    return built


def tokenizer(lake: Lake, fingerprint: str = "") -> Manifest:
    """An artifact of the ``byte_tokenizer``."""
    built = byte_tokenizer()
    artifact = Artifact("tokenizer", fingerprint or uuid.uuid4().hex[:20])
    end = {"token": "<|endoftext|>", "id": 0}
    padding = {"token": "<|padding|>", "id": built.token_to_id("<|padding|>")}
    figures = {"vocab_size": VOCAB_SIZE, "padded_vocab_size": 320, "end_of_document": end, "padding": padding}
    files = {
        "/tokenizer.json": built.to_str().encode(),
        "/figures.json": json.dumps(figures).encode(),
    }
    return commit(lake, artifact, [artifact.write_part(lake, "parts", "tokenizer", files=files, rows=1, stats={})])


def commit(lake: Lake, artifact: Artifact, records: list[PartRecord], **named: Any) -> Manifest:
    """The manifest over ``records``; ``config``, ``inputs`` and ``stats`` are empty unless named."""
    manifest = Manifest(
        stage=artifact.stage,
        version=1,
        fingerprint=artifact.fingerprint,
        config=named.get("config"),
        inputs=named.get("inputs", {}),
        parts=tuple(sorted(records, key=lambda record: record.name)),
        stats=named.get("stats", {}),
        digest=digest([record.digest for record in records]),
    )
    return artifact.commit(lake, manifest)


def metrics(given: Context) -> list[dict]:
    """Every step's metrics, as the checkpoints carry them."""
    lines = []
    for name in given.records("checkpoints"):
        lines += [json.loads(line) for line in given.get("checkpoints", name, "/metrics.jsonl").splitlines()]
    return lines


def happened(given: Context) -> set[str]:
    """Names of the events that follow from what was trained on; the others come of how busy the machine was."""
    return {name for name in given.records("events") if not name.endswith(("-slow", "-waits", "-disk"))}
