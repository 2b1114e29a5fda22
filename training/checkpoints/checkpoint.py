"""Checkpoints: Megatron's distributed format on local disk, then a part of the ``train`` artifact.

A checkpoint counts from the moment its part's record is in the lake; until then a restart goes back to the one
before. Its digest is taken over weights, optimizer state and the losses that led there, not over files, which
carry clocks and paths. So that a trainer that was thought to be gone, and goes on, can't put its files in the place of
those that the record is about, each trainer's files lie apart, and the first record of a checkpoint is the one that
counts. Saved under one parallel layout, it loads under any other. Each process uploads the files it wrote, so that no
machine needs another's disk.
"""

import hashlib
import json
import math
import shutil
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch.distributed as dist

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, PartRecord, held
from smelt.lake.artifact import RECORD
from smelt.recipe.training.config import CheckpointConfig
from smelt.recipe.training.model import ModelConfig
from smelt.saved import waiting_names
from training.checkpoints.index import check_index
from training.checkpoints.writer import Snapshot, gather
from training.model.megatron import dist_checkpointing
from training.model.model import Llama
from training.model.optimizer import Optimizer
from training.model.processes import local_rank

ROUND = "checkpoints"
INTERRUPTED = "interrupted"
"""Round of what is saved in the middle of a block, by processes that are told to leave; no part of the artifact, and
gone as soon as the next checkpoint counts, which is the one that an undisturbed run makes."""
DESCRIPTION = "/model.json"
METRICS = "/metrics.jsonl"
HALF_SAVED = timedelta(days=1)
"""After which what no record is about goes."""
FORMAT = 2
"""Version of what lies in a checkpoint; ``migrate`` reads every earlier one."""


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
    """The description that lies beside a checkpoint.

    Raises:
        StageError: for a format that is newer than this Smelt.
    """
    key = artifact.key_of(record, DESCRIPTION)
    found = lake.get_json(key)
    if found["format"] > FORMAT:
        line = f"checkpoint format {found['format']} is newer than {FORMAT}"
        raise StageError(line, where=lake.path(key), mend="update Smelt")
    return Description(**found | {"format": FORMAT})


def migrate(state: dict[str, Any]) -> dict[str, Any]:
    """The trainer's state as this format has it.

    Format 1 (Smelt 0.1) knew no guard, or one window for the loss and one for the gradient norm, and no events to
    wait on; later states had nothing of held-out text. What a place in the middle of a block adds is empty at a
    block's end, where all checkpoints lay before.
    """
    guard = state.get("guard", {})
    if "tracks" not in guard:
        guard = {"tracks": {}, "norms": [], "before": {}}
    return (
        {"watched": {}, "spikes": 0, "limits": None, "validation": {}}
        | state
        | {"guard": {"earlier": {}, "steps_in_block": 0} | guard}
    )


def checkpoint_name(step: int) -> str:
    """Part name of the checkpoint after ``step`` steps; sorts by step."""
    return f"step-{step:07d}"


class CheckpointWriter:
    """Saves checkpoints: a copy in memory at once; disk, lake and tidying up while training goes on."""

    def __init__(self, lake: Lake, artifact: Artifact, folder: Path, keep: CheckpointConfig) -> None:
        self._lake, self._artifact, self._folder, self._keep = lake, artifact, folder, keep
        self._group = dist.new_group(backend="gloo")
        token = [uuid.uuid4().hex[:8]]
        dist.broadcast_object_list(token, group=self._group)
        self._token = token[0]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._saving: Future[None] | None = None

    def save(
        self,
        model: Llama,
        optimizer: Optimizer,
        description: Description,
        metrics: list[dict],
        state: dict[str, Any],
        *,
        round_name: str = ROUND,
    ) -> None:
        """Save on every process together; returns as soon as the copy is made.

        Args:
            metrics: one mapping a step since the previous checkpoint.
            state: the trainer's own state (plain values).
            round_name: ``INTERRUPTED`` for one that only a restart needs.
        """
        self.wait()
        folder = self._folder / checkpoint_name(description.step)
        if local_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        dist.barrier()
        model_state = model.sharded_state_dict()
        contents = {"model": model_state, "optimizer": optimizer.sharded_state_dict(model_state), "trainer": state}
        snapshot = Snapshot(contents, folder)
        self._saving = self._thread.submit(self._commit, snapshot, folder, description, metrics, round_name)

    def check(self) -> None:
        """Raise what went wrong with the checkpoint in progress as soon as it has: others would follow in vain."""
        if self._saving is not None and self._saving.done():
            self._saving.result()

    def wait(self) -> None:
        """Wait until the checkpoint in progress counts on every process, and raise what went wrong."""
        if self._saving is not None:
            self._saving.result()
            self._saving = None

    def close(self) -> None:
        """Wait for the last one, and give thread and group back."""
        self.wait()
        self._thread.shutdown()
        dist.destroy_process_group(self._group)

    def _commit(
        self, snapshot: Snapshot, folder: Path, description: Description, metrics: list[dict], round_name: str
    ) -> None:
        name = folder.name
        files: dict[str, bytes | Path] = {f"/{path.name}": path for path in snapshot.write(self._group)}
        first = dist.get_rank() == 0
        if first:
            files[DESCRIPTION] = json.dumps(asdict(description), sort_keys=True).encode()
            files[METRICS] = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in metrics).encode()
        at = self._artifact.key(round_name, name, f"/{self._token}")
        described = self._artifact.write_files(self._lake, at, files)
        everything = gather((described, snapshot.digests()), self._group)
        if first:
            record = PartRecord(
                name=name,
                round=round_name,
                rows=len(metrics),
                files={suffix: file for part, _ in everything for suffix, file in part.items()},
                digest=content_digest([item for _, digests in everything for item in digests], metrics),
                digest_of="content",
                stats=summarize(metrics),
                at=at,
            )
            self._count(record)
            if round_name == ROUND:
                tidy(self._lake, self._artifact, self._keep)
                forget_interrupted(self._lake, self._artifact)
        dist.barrier(self._group)
        if local_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)

    def _count(self, record: PartRecord) -> None:
        """Make a checkpoint count, unless another trainer's, whole and of the same content, does already."""
        first = self._artifact.write_first_record(self._lake, record)
        if first.at == record.at:
            return
        sizes = {item.key: item.bytes for item in self._lake.objects(self._artifact.key_of(first, "/"))}
        there = {self._artifact.key_of(first, suffix): file.bytes for suffix, file in first.files.items()}
        if first.digest == record.digest and there.items() <= sizes.items():
            self._lake.delete([self._artifact.key_of(record, suffix) for suffix in record.files])
        else:
            self._artifact.write_record(self._lake, record)


def latest(lake: Lake, artifact: Artifact) -> PartRecord | None:
    """The checkpoint to go on from: the one of the highest step, be it at a block's end or where training was told
    to leave."""
    found = [*artifact.records(lake, ROUND).values(), *artifact.records(lake, INTERRUPTED).values()]
    return max(found, key=lambda record: record.name, default=None)


def forget_interrupted(lake: Lake, artifact: Artifact) -> None:
    """Delete what was saved in the middle of blocks, records first."""
    keys = [item.key for item in lake.objects(f"{artifact.root}{INTERRUPTED}/")]
    lake.delete(sorted(keys, key=lambda key: not key.endswith(RECORD)))


def forget_half_saved(lake: Lake, artifact: Artifact) -> None:
    """Delete what trainers that ended while they saved have left, a day later: one that is thought to be gone may yet
    write its record."""
    records = artifact.records(lake, ROUND).values()
    known = {artifact.key_of(record, suffix) for record in records for suffix in record.files}
    now = lake.now()
    old = [item.key for item in lake.objects(f"{artifact.root}{ROUND}/") if now - item.modified > HALF_SAVED]
    lake.delete([key for key in old if key not in known and not key.endswith(RECORD)])


def tidy(lake: Lake, artifact: Artifact, keep: CheckpointConfig) -> None:
    """Take the weights of those checkpoints away that ``keep`` doesn't ask for; their metrics and records stay.

    What is kept depends on the checkpoints that were made alone, and the last one is always among it; what waits to be
    judged stays until it is. The record is written first, so that a checkpoint is never believed to have weights that
    are gone; what a tidying that was killed behind that has left is found by the listing, at the next start or
    checkpoint.
    """
    if keep.keep_last is None:
        return
    records = sorted(artifact.records(lake, ROUND).values(), key=lambda record: record.name)
    if not records:
        return
    phases = [next(iter(reversed(record.stats["by_phase"])), "") for record in records]
    kept = {record.name for record in records[-keep.keep_last :]}
    kept |= waiting_names(lake, artifact)
    kept |= {one.name for one, phase, following in zip(records, phases, phases[1:], strict=False) if phase != following}
    if keep.keep_best:
        own = [record for record, phase in zip(records, phases, strict=True) if phase == phases[-1]]
        kept.add(min(own, key=mean_loss).name)
    objects = [item.key for item in lake.objects(f"{artifact.root}{ROUND}/")]
    for record in records:
        if record.name in kept:
            continue
        left = {suffix: file for suffix, file in record.files.items() if suffix in (DESCRIPTION, METRICS)}
        staying = {artifact.key_of(record, suffix) for suffix in left}
        folder = artifact.key(ROUND, record.name, "/")
        if left != record.files:
            artifact.write_record(lake, record.model_copy(update={"files": left}))
        lake.delete([key for key in objects if key.startswith(folder) and key not in staying])


def mean_loss(record: PartRecord) -> float:
    """Mean training loss of the steps that led to a checkpoint."""
    groups = record.stats["by_phase"].values()
    tokens = sum(group["tokens"] for group in groups)
    return sum(group["loss_sum"] for group in groups) / tokens if tokens else math.inf


def fetch(lake: Lake, artifact: Artifact, record: PartRecord, folder: Path) -> Path:
    """Bring a checkpoint's files to local disk, verified; every process may call it, one a machine does the work."""
    target = folder / record.name
    if local_rank() == 0:
        shutil.rmtree(target, ignore_errors=True)
        for suffix in record.files:
            path = target / suffix.lstrip("/")
            held.fetch(lake, artifact, record, suffix, path)
        check_index(target)
    dist.barrier()
    return target


def read_metrics(folder: Path) -> list[dict]:
    """The steps that lie beside a checkpoint that was fetched."""
    return [json.loads(line) for line in (folder / METRICS.lstrip("/")).read_text().splitlines()]


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
    return migrate(loaded["trainer"])


def content_digest(tensors: list[tuple[str, list[int], str]], metrics: list[dict]) -> str:
    """SHA-256 over the digests of all tensors and the losses of the steps; no clock, no path and nothing that was only
    looked at is in it."""
    losses = [(line["step"], line["loss"], line["loss_by_label"]) for line in metrics]
    return hashlib.sha256(json.dumps([sorted(tensors), losses], sort_keys=True).encode()).hexdigest()


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
