"""How training went beside its loss: what it was disturbed by, how fast it was, and what it cost of the machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles
from typing import Any

from evaluation.report.learning import Metrics
from smelt.charts import Line, Mark
from smelt.lake import Artifact, Lake, Manifest, held
from smelt.phases import ALARMS
from smelt.plan import differences

EVENTS = "events"
"""Round of the ``train`` artifact that holds what happened, one part an event."""
OUTCOMES = {
    "spike": "update left out",
    "drop": "noted",
    "fault": "step made again",
    "rollback": "block set aside, back to the last checkpoint",
    "heldout": "noted: a label's held-out loss lies above its lowest",
    "slow": "noted: {tokens_per_s:,.0f} tokens a second, where {usual:,.0f} are usual",
    "waits": "noted: {share:.0%} of the time went by waiting for data",
    "drift": "noted: {label} lies {rise:.2f} nats above its lowest, the others {others:.2f}",
    "disk": "noted: {free:.1%} of the trainer's disk is free",
    "respected": "block left out from the start: the recipe or an earlier run had set it aside",
    "trunk": "steps up to here taken over from {artifact}, whose course is the same",
    "policies": "from here on under {changes}",
}
SMOOTHED_STEPS = 10
"""Steps that a point of the speed is a mean over."""
WARM_UP = 5
"""Steps after a phase begins whose times say nothing: buffers are allocated, kernels compiled."""


@dataclass(frozen=True)
class Event:
    """Something that happened at a step.

    Attributes:
        outcome: what was done about it.
        block: the block it happened on.
        signs: what was unusual, as ``loss z 9.1``.
        before, loss, after: mean loss of the steps before, of the step, and of those after, where there are any.
        documents: ids of documents that the step read.
    """

    step: int
    kind: str
    outcome: str
    block: str
    signs: str
    before: float | None
    loss: float | None
    after: float | None
    documents: tuple[str, ...]


@dataclass(frozen=True)
class Pace:
    """How a phase's steps went by.

    Attributes:
        tokens_per_s, tflops: of all devices; of one device.
        mfu: share of the device's peak rate, None where its peak is not known.
        wait: share of the time that was spent waiting for data.
        goodput: share of the time from the phase's first step to its last that went into steps which count; None where
            the metrics are of before it was known.
        p50, p90, p99: seconds of a step.
        memory: bytes, the most a process held.
    """

    phase: str
    steps: int
    tokens_per_s: float
    tflops: float
    mfu: float | None
    wait: float
    goodput: float | None
    p50: float
    p90: float
    p99: float
    memory: float


def read_events(lake: Lake, train: Manifest) -> list[Event]:
    """The events of a run by step, each with the losses around it."""
    artifact = Artifact(train.stage, train.fingerprint)
    records = sorted(artifact.records(lake, EVENTS).items())
    written = {name: held.read_json(lake, artifact, record, ".json") for name, record in records}
    after = {event["of"]: event["losses"] for event in written.values() if event["kind"] == "after"}
    found: list[Event] = []
    for name, event in written.items():
        outcome = OUTCOMES.get(event["kind"], "")
        if event["kind"] == "respected":
            found += [_said(0, "set aside", outcome, block) for block in event["blocks"]]
        elif event["kind"] == "trunk":
            found.append(_said(event["step"], "trunk", outcome.format(artifact=event["artifact"])))
        elif event["kind"] in ALARMS:
            found.append(_said(event["step"], event["kind"], outcome.format(**event), event["block"]))
        elif event["kind"] == "policies":
            changed = differences(event["before"], event["policies"])
            changes = ", ".join(f"{path} {now} instead of {was}" for path, was, now in changed)
            found.append(_said(event["step"], "policies", outcome.format(changes=changes)))
        elif event["kind"] != "after":
            found.append(_event(event, after.get(name, [])))
    return sorted(found, key=lambda event: event.step)


def paces(metrics: Metrics) -> list[Pace]:
    """The pace of each phase, without the steps in which it warms up."""
    phases = dict.fromkeys(line["phase"] for line in metrics)
    return [_pace(name, [line for line in metrics if line["phase"] == name and "step_s" in line]) for name in phases]


def speed_line(metrics: Metrics) -> Line:
    """Tokens a second over tokens, each point over the last few steps: one is shown late, the next one early."""
    timed = [line for line in metrics if "step_s" in line]
    points: list[tuple[float, float | None]] = []
    for end in range(SMOOTHED_STEPS, len(timed) + 1):
        steps = timed[end - SMOOTHED_STEPS : end]
        tokens = sum(sum(line["tokens_by_label"].values()) for line in steps)
        points.append((steps[-1]["tokens"], tokens / sum(line["step_s"] for line in steps)))
    return Line("tokens/s", points, 1)


def event_marks(events: Sequence[Event], metrics: Metrics) -> list[Mark]:
    """A mark for each block that something happened on, with the last that did, where training went on from."""
    last = {event.block: event for event in events if event.step and event.kind not in ALARMS}
    return [
        Mark(line["tokens"], event.kind)
        for event in last.values()
        if (line := next((line for line in metrics if line["step"] >= event.step), None))
    ]


def label_rows(metrics: Metrics, order: Sequence[str]) -> list[tuple[str, int, float | None, float | None]]:
    """Label, tokens trained on, and mean loss by token over the first and the last tenth of the steps."""
    tenth = max(1, len(metrics) // 10)
    return [
        (
            label,
            sum(line["tokens_by_label"].get(label, 0) for line in metrics),
            _mean_loss(metrics[:tenth], label),
            _mean_loss(metrics[-tenth:], label),
        )
        for label in order
    ]


def _said(step: int, kind: str, outcome: str, block: str = "") -> Event:
    """An event that no step is unusual by."""
    return Event(step, kind, outcome, block, "", None, None, None, ())


def _event(event: Mapping[str, Any], after: Sequence[float]) -> Event:
    signs = [f"{sight['track']} {_by_how_much(sight)}" for sight in event["unusual"]]
    return Event(
        event["step"],
        event["kind"],
        OUTCOMES[event["kind"]],
        event["block"],
        ", ".join(signs),
        _mean(event["before"]),
        event["loss"],
        _mean(after),
        tuple(event["documents"]),
    )


def _by_how_much(sight: Mapping[str, Any]) -> str:
    """In nats where a held-out loss rose, else in deviations."""
    value, unit = (sight["nats"], " nats") if "nats" in sight else (sight["z"], "")
    return "not finite" if value is None else f"{value:+.2f}{unit}" if unit else f"{value:+.1f}"


def _pace(phase: str, lines: Metrics) -> Pace:
    steady = lines[WARM_UP:] if len(lines) > 2 * WARM_UP else lines
    seconds = [line["step_s"] for line in steady]
    cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    total = sum(seconds)
    known = [line["mfu"] for line in steady if line["mfu"] is not None]
    return Pace(
        phase,
        len(lines),
        sum(sum(line["tokens_by_label"].values()) for line in steady) / total,
        sum(line["tflops"] * line["step_s"] for line in steady) / total,
        fmean(known) if known else None,
        sum(line["data_wait_s"] for line in steady) / total,
        lines[-1].get("goodput"),
        cuts[49],
        cuts[89],
        cuts[98],
        max(line["memory_gb"] for line in lines) * 2**30,
    )


def _mean_loss(metrics: Metrics, label: str) -> float | None:
    pairs = [(line["loss_by_label"].get(label), line["tokens_by_label"].get(label, 0)) for line in metrics]
    known = [(loss, tokens) for loss, tokens in pairs if loss is not None]
    tokens = sum(count for _, count in known)
    return sum(loss * count for loss, count in known) / tokens if tokens else None


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
