"""Checkpoints: Megatron's distributed format on local disk, then a part of the ``train`` artifact.

A checkpoint counts from the moment its part's record is in the lake; until then a restart goes back to the one
before. Its digest is taken over weights, optimizer state and the losses that led there, not over files, which
carry clocks and paths. Saved under one parallel layout, it loads under any other.
"""

import hashlib
import json
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, PartRecord
from smelt.recipe.model import ModelConfig
from training.megatron import dist_checkpointing, parallel_state
from training.model import Llama
from training.optimizer import Optimizer
from training.processes import local_rank
from training.writer import save_strategy

ROUND = "checkpoints"
DESCRIPTION = "/model.json"
METRICS = "/metrics.jsonl"
FORMAT = 1


@dataclass(frozen=True)
class Description:
    """What a checkpoint needs to be loaded by itself; lies beside it as ``model.json``.

    Attributes:
        model: the model's config, as a plain mapping.
        vocab_size: of the tokenizer; ``padded_vocab_size`` of the embedding.
        sequence_length: the longest the model has been trained with so far.
        rope_base: of the phase in which the checkpoint lies.
        step, tokens: trained so far.
        phase: name of the phase in which it lies.
    """

    model: dict[str, Any]
    vocab_size: int
    padded_vocab_size: int
    sequence_length: int
    rope_base: float
    precision: str
    step: int
    tokens: int
    phase: str
    format: int = FORMAT

    @property
    def config(self) -> ModelConfig:
        """The model's config."""
        return ModelConfig(**self.model)


def read_description(lake: Lake, artifact: Artifact, record: PartRecord) -> Description:
    """The description that lies beside a checkpoint."""
    return Description(**lake.get_json(artifact.key(ROUND, record.name, DESCRIPTION)))


def checkpoint_name(step: int) -> str:
    """Part name of the checkpoint after ``step`` steps; sorts by step."""
    return f"step-{step:07d}"


class CheckpointWriter:
    """Saves checkpoints, and uploads each while training goes on."""

    def __init__(self, lake: Lake, artifact: Artifact, folder: Path) -> None:
        self._lake, self._artifact, self._folder = lake, artifact, folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="upload")
        self._upload: Future[None] | None = None

    def save(
        self, model: Llama, optimizer: Optimizer, description: Description, metrics: list[dict], state: dict[str, Any]
    ) -> None:
        """Save on every process together; the upload goes on behind.

        Args:
            metrics: one mapping a step since the previous checkpoint.
            state: the trainer's own state (plain values).
        """
        self.wait()
        folder = self._folder / checkpoint_name(description.step)
        if local_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        dist.barrier()
        model_state = model.sharded_state_dict()
        contents = {"model": model_state, "optimizer": optimizer.sharded_state_dict(model_state), "trainer": state}
        dist_checkpointing.save(contents, str(folder), save_strategy())
        digest = content_digest(model, optimizer, metrics)
        if dist.get_rank() == 0:
            self._upload = self._thread.submit(self._commit, folder, description, metrics, digest)

    def wait(self) -> None:
        """Wait for the upload in progress, and raise what it raised."""
        if self._upload is not None:
            self._upload.result()
            self._upload = None

    def _commit(self, folder: Path, description: Description, metrics: list[dict], digest: str) -> None:
        files: dict[str, bytes | Path] = {f"/{path.name}": path for path in sorted(folder.iterdir())}
        files[DESCRIPTION] = json.dumps(asdict(description), sort_keys=True).encode()
        files[METRICS] = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in metrics).encode()
        self._artifact.write_part(
            self._lake,
            ROUND,
            folder.name,
            files=files,
            rows=len(metrics),
            stats=summarize(metrics),
            content_digest=digest,
        )
        shutil.rmtree(folder)


def fetch(lake: Lake, artifact: Artifact, record: PartRecord, folder: Path) -> Path:
    """Bring a checkpoint's files to local disk, verified; every process may call it, one a machine does the work."""
    target = folder / record.name
    if local_rank() == 0:
        shutil.rmtree(target, ignore_errors=True)
        for suffix, file in record.files.items():
            path = target / suffix.lstrip("/")
            lake.download(artifact.key(ROUND, record.name, suffix), path)
            with path.open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() != file.sha256:
                    where = lake.path(artifact.key(ROUND, record.name, suffix))
                    raise StageError("the checkpoint is not what was written", where=where, mend="delete its record")
    dist.barrier()
    return target


def load_weights(model: Llama, folder: Path) -> None:
    """Load a checkpoint's weights into ``model``."""
    loaded = dist_checkpointing.load({"model": model.sharded_state_dict()}, str(folder))
    model.load_state_dict(loaded["model"])


def load_all(model: Llama, optimizer: Optimizer, folder: Path) -> dict[str, Any]:
    """Load weights and optimizer; returns the trainer's state."""
    model_state = model.sharded_state_dict()
    loaded = dist_checkpointing.load(
        {"model": model_state, "optimizer": optimizer.sharded_state_dict(model_state)}, str(folder)
    )
    model.load_state_dict(loaded["model"])
    optimizer.load_state_dict(loaded["optimizer"])
    return loaded["trainer"]


def content_digest(model: Llama, optimizer: Optimizer, metrics: list[dict]) -> str:
    """SHA-256 over the weights and moments of all shards and the losses of the steps; the same on every process."""
    mine = hashlib.sha256()
    if parallel_state.get_data_parallel_rank() == 0:
        for main in optimizer.main:
            for tensor in (main, *(optimizer.adam.state[main][name] for name in ("exp_avg", "exp_avg_sq"))):
                mine.update(memoryview(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().reshape(-1)))
    shards: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(shards, mine.hexdigest())
    losses = [(line["step"], line["loss"], line["loss_by_label"]) for line in metrics]
    return hashlib.sha256(json.dumps([sorted(set(shards)), losses], sort_keys=True).encode()).hexdigest()


def summarize(metrics: list[dict]) -> dict[str, Any]:
    """Figures of the steps that add up over checkpoints: tokens and summed loss, by label and phase."""
    labels: dict[str, dict[str, float]] = {}
    phases: dict[str, dict[str, float]] = {}
    for line in metrics:
        if line["loss"] is None:
            continue
        tokens = sum(line["tokens_by_label"].values())
        _add(phases, line["phase"], tokens, line["loss"])
        for label, count in line["tokens_by_label"].items():
            _add(labels, label, count, line["loss_by_label"][label])
    return {
        "steps": len(metrics),
        "skipped_steps": sum(line["skipped"] for line in metrics),
        "tokens": sum(sum(line["tokens_by_label"].values()) for line in metrics),
        "seconds": sum(line["step_s"] for line in metrics),
        "data_wait_seconds": sum(line["data_wait_s"] for line in metrics),
        "by_label": labels,
        "by_phase": phases,
    }


def _add(groups: dict[str, dict[str, float]], name: str, tokens: int, loss: float) -> None:
    group = groups.setdefault(name, {"tokens": 0, "loss_sum": 0.0})
    group["tokens"] += tokens
    group["loss_sum"] += loss * tokens
