"""Runs in figures: what each stage let through, what its gate said, and how the loss fell."""

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from markupsafe import Markup
from pydantic import ValidationError

from operators.pages.airflow_runs import AirflowRun
from operators.pages.found import RunHead, find_gate, find_json, find_manifest, run_head
from smelt.charts import Line, line_chart
from smelt.comparing.family import Relative, trainings_of
from smelt.errors import StageError
from smelt.gates.approval import Approval, find_approval, find_decision
from smelt.gates.even import evenly
from smelt.gates.result import GateResult
from smelt.lake import Artifact, Lake, Manifest
from smelt.maintenance.pins import pin_key
from smelt.phases import step_of
from smelt.plan import Planned
from smelt.recipe.graph import JUDGEMENT, JUDGEMENTS
from smelt.run import progress_key, run_key

MAX_CHECKPOINTS = 64
"""Checkpoints whose metrics a curve is drawn from; of more, so many at even distances."""
MAX_REASONS = 4
DOCUMENT_STAGES = ("ingest", "clean", "score", "select", "dedup", "decontaminate")
THREADS = 16
SILENT_AFTER = timedelta(minutes=10)
"""A stage that has said nothing for so long may be at one long part, or its job is gone."""


@dataclass(frozen=True)
class RunLine:
    """A run in the list.

    Attributes:
        cached: stages that were cached when it began.
        made: stages whose artifacts are there.
        passed: how many gates passed.
        failed: stages whose gates failed and were not approved.
        loss: held-out loss of the last checkpoint in nats per token, where it was evaluated.
    """

    head: RunHead
    cached: int
    made: int
    passed: int
    failed: list[str]
    loss: float | None
    pinned: bool


@dataclass(frozen=True)
class StageLine:
    """A stage of a run.

    Attributes:
        state: ``cached``, ``made``, ``under way``, ``silent`` (under way, and long unheard of), ``failed``,
            ``stopped`` (by a person, or lost), ``not reached`` or ``missing``.
        progress: what the stage last said of its progress, while it is not made.
        airflow: Airflow's words on its tasks where it is not made: ``run failed``, or nothing.
        job: whether Ray knows a job of it.
        decision: what a person decided on the failed gate: in this run, else the latest on the artifact.
    """

    planned: Planned
    state: str
    manifest: Manifest | None
    gate: GateResult | None
    progress: dict[str, Any] | None = None
    decision: Approval | None = None
    airflow: str = ""
    job: bool = False

    @property
    def passed(self) -> bool | None:
        """Whether the artifact may be used, by its gate or by a person; None before the gate has run."""
        if self.gate is None:
            return None
        return self.gate.success or (self.decision is not None and self.decision.approved)

    @property
    def documents(self) -> tuple[int, int] | None:
        """How many documents came in and how many were kept, where the stage decides over documents.

        What lies in quarantine came in as well: in, less the reasons' numbers, is kept in every line.
        """
        if self.manifest is None or self.planned.stage not in DOCUMENT_STAGES:
            return None
        taken, kept = documents_of(self.manifest)
        return taken + sum(number for _, number in quarantined(self.manifest)), kept

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """The largest reasons for dropping, and the others together; for ``ingest``, for quarantine."""
        if self.manifest is None:
            return []
        found = quarantined(self.manifest) if self.planned.stage == "ingest" else drops(self.manifest)
        if len(found) <= MAX_REASONS + 1:
            return found
        others = found[MAX_REASONS:]
        return [*found[:MAX_REASONS], (f"{len(others)} others", sum(number for _, number in others))]

    @property
    def made(self) -> str:
        """What is there of a stage that does not decide over documents: ``7,150,000 tokens``."""
        if self.manifest is None or self.documents is not None:
            return ""
        stats = self.manifest.stats
        tokens = stats.get("tokens") or stats.get("train", {}).get("tokens")
        return f"{tokens:,} tokens" if isinstance(tokens, int) else ""

    @property
    def browsable(self) -> str:
        """Which browser shows the artifact: ``data``, ``blocks`` or none."""
        if self.manifest is None:
            return ""
        return "data" if self.documents is not None else "blocks" if self.planned.kind == "blocks" else ""


def documents_of(manifest: Manifest) -> tuple[int, int]:
    """How many documents the stage took in, and how many of them it kept."""
    kept = manifest.stats.get("documents", manifest.rows)
    return kept + sum(number for _, number in drops(manifest)), kept


def drops(manifest: Manifest) -> list[tuple[str, int]]:
    """Documents dropped by reason, the largest first."""
    found = [(reason, size["documents"]) for reason, size in manifest.stats.get("dropped", {}).items()]
    return sorted(found, key=lambda item: (-item[1], item[0]))


def quarantined(manifest: Manifest) -> list[tuple[str, int]]:
    """What could not be read, by reason, the largest first."""
    return sorted(manifest.stats.get("quarantined", {}).items(), key=lambda item: (-item[1], item[0]))


def list_runs(
    lake: Lake, start: int, count: int, airflow: Mapping[str, AirflowRun]
) -> tuple[list[RunLine | AirflowRun], int]:
    """Of ``count`` runs from the ``start``-th newest those that this Smelt can read, and how many there are in all.

    Args:
        airflow: Airflow's runs by their id in the lake; one that has no plan there stands for itself.
    """
    listed = {item.key: item for item in lake.objects("runs/")}
    ids = {key.split("/")[1] for key in listed}
    written = [(listed[run_key(run_id)].modified, run_id) for run_id in ids if run_key(run_id) in listed]
    planned = {run_id for _, run_id in written}
    written += [(run.when, run_id) for run_id, run in airflow.items() if run_id not in planned]
    newest = [run_id for _, run_id in sorted(written, reverse=True)]

    def line(run_id: str) -> RunLine | AirflowRun | None:
        if run_id not in planned:
            return airflow[run_id]
        try:
            return _line(lake, run_head(lake, run_id), pinned=pin_key(run_id) in listed)
        except (StageError, ValidationError):
            return None

    with ThreadPoolExecutor(THREADS) as threads:
        found = threads.map(line, newest[start : start + count])
        return [item for item in found if item is not None], len(newest)


def stage_lines(
    lake: Lake, head: RunHead, tasks: Mapping[str, str], jobs: Collection[str], *, over: bool
) -> list[StageLine]:
    """The run's stages in the pipeline's order.

    Args:
        tasks: Airflow's state of its tasks.
        jobs: names of Ray's jobs.
        over: whether Airflow says that the run has ended.
    """

    def line(planned: Planned) -> StageLine:
        found = _stage(lake, head, planned, tasks, over=over)
        return replace(found, job=f"{planned.stage}-{planned.fingerprint}" in jobs)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(line, head.plan.stages))


def loss_chart(lake: Lake, head: RunHead, branches: Sequence[Relative] = ()) -> Markup | None:
    """Training loss over tokens, and the held-out loss at each checkpoint; None before the first checkpoint.

    Args:
        branches: other runs, drawn from where they part.
    """
    points = _losses(lake, trainings_of(head.plan))
    if not points:
        return None
    lines = [Line("training", points, 1)]
    if evaluations := _evaluations(lake, head):
        lines.append(
            Line("held-out", [(item["tokens"], item["heldout"]["loss"]) for item in evaluations], 2, dots=True)
        )
    for colour, branch in enumerate(branches, start=3):
        if points := _losses(lake, branch.trainings, branch.step):
            lines.append(Line(branch.run, points, colour))
    return line_chart(lines, y_name="loss, nats per token", height=280)


def _losses(lake: Lake, trainings: Sequence[Artifact], behind: int = 0) -> list[tuple[float, float | None]]:
    """Tokens and training loss of the steps behind a step, as far as there are checkpoints."""
    keys = [key for train in trainings for key in _metrics_keys(lake, train, behind)]
    keys = [keys[number] for number in evenly(len(keys), MAX_CHECKPOINTS)]
    with ThreadPoolExecutor(THREADS) as threads:
        steps = [step for found in threads.map(lambda key: _steps(lake, key), keys) for step in found]
    return [(step.tokens, step.loss) for step in steps if step.step > behind]


def goodput(lake: Lake, head: RunHead) -> list[tuple[str, float]]:
    """Of each phase that has a checkpoint: its name, and the share of its time that went into steps which count."""
    trained = [_metrics_keys(lake, train) for train in trainings_of(head.plan)]
    last = [_steps(lake, keys[-1])[-1] for keys in trained if keys]
    return [(step.phase, step.goodput) for step in last if step.goodput is not None]


def _metrics_keys(lake: Lake, train: Artifact, behind: int = 0) -> list[str]:
    """The metrics of a phase's checkpoints behind a step, in order, as far as it has come."""
    manifest = find_manifest(lake, train.stage, train.fingerprint)
    parts = manifest.parts if manifest else train.records(lake, "checkpoints").values()
    later = sorted((part for part in parts if step_of(part) > behind), key=step_of)
    return [train.key_of(part, "/metrics.jsonl") for part in later]


def _line(lake: Lake, head: RunHead, *, pinned: bool) -> RunLine:
    stages = [_stage(lake, head, planned) for planned in head.plan.stages]
    failed = [line.planned.stage for line in stages if line.passed is False]
    passed = sum(line.passed is True for line in stages)
    made = sum(line.manifest is not None for line in stages)
    last = _evaluations(lake, head, only_last=True)
    loss = last[-1]["heldout"]["loss"] if last else None
    return RunLine(head, len(stages) - len(head.plan.to_do), made, passed, failed, loss, pinned)


def _stage(
    lake: Lake, head: RunHead, planned: Planned, tasks: Mapping[str, str] = MappingProxyType({}), *, over: bool = False
) -> StageLine:
    manifest = find_manifest(lake, planned.kind, planned.fingerprint)
    run, gate_task = tasks.get(f"{planned.stage}.run", ""), tasks.get(f"{planned.stage}.gate", "")
    if manifest is not None:
        gate, decision = find_gate(lake, planned), None
        if gate is not None and not gate.success:
            decision = find_decision(lake, head.id, planned.stage)
            decision = decision or find_approval(lake, planned.kind, planned.fingerprint, planned.suite)
        said = f"gate {gate_task}" if gate_task not in ("", "success", "skipped") else ""
        state = "cached" if planned.cached else "made"
        return StageLine(planned, state, manifest, gate, decision=decision, airflow=said)
    progress = lake.find_json(progress_key(head.id, planned.stage))  # changes, so it is not remembered
    said = f"run {run}" if run not in ("", "success", "skipped") else ""
    return StageLine(planned, _state(progress, run, over=over), None, None, progress, airflow=said)


def _state(progress: dict[str, Any] | None, task: str, *, over: bool) -> str:
    """One word for a stage that is not made, by what it said last and by what Airflow says of its task."""
    if progress is not None and progress["state"] == "failed":
        return "failed"
    if task == "upstream_failed":
        return "not reached"
    if task == "failed":
        return "failed" if progress is None else "stopped"
    if progress is None:
        return "missing"
    if over:
        return "stopped"
    silent = datetime.now(UTC) - datetime.fromisoformat(progress["updated"]) > SILENT_AFTER
    return "silent" if silent else "under way"


def _evaluations(lake: Lake, head: RunHead, *, only_last: bool = False) -> list[dict[str, Any]]:
    keys = _evaluation_keys(lake, head.plan.planned("evaluate").artifact)
    chosen = keys[-1:] if only_last else [keys[number] for number in evenly(len(keys), MAX_CHECKPOINTS)]
    return [item for item in (find_json(lake, key) for key in chosen) if item is not None]


def _evaluation_keys(lake: Lake, evaluate: Artifact) -> list[str]:
    """What its checkpoints said, in order; while training goes on, of those that are judged."""
    if (manifest := find_manifest(lake, evaluate.stage, evaluate.fingerprint)) is not None:
        return [manifest.key(part, "/evaluation.json") for part in manifest.parts]
    found = []
    for name in sorted(evaluate.records(lake, JUDGEMENTS)):
        named = find_json(lake, evaluate.key(JUDGEMENTS, name, ".json")) or {"judgement": ""}
        found.append(Artifact(JUDGEMENT, named["judgement"]).key("checkpoint", name, "/evaluation.json"))
    return found


class _Step(NamedTuple):
    """What is drawn or said of a step's line of ``metrics.jsonl``."""

    step: int
    phase: str
    tokens: int
    loss: float | None
    goodput: float | None


@lru_cache(maxsize=1024)
def _steps(lake: Lake, key: str) -> list[_Step]:
    """The steps that led to a checkpoint."""
    lines = [json.loads(line) for line in lake.get(key).splitlines()]
    return [_Step(line["step"], line["phase"], line["tokens"], line["loss"], line.get("goodput")) for line in lines]
