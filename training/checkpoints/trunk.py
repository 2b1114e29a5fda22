"""Steps that another training has made already.

A step is a function of the recipe up to it. So a phase that has become longer, that is left before its end, or that
leaves out a block further on, has its first steps in common with the training that it was changed from, and takes
over that one's checkpoints instead of making them again. Nothing says which training that was: each writes down its
*course*, a digest for each of its blocks over all that decides what its steps do, and the one that has most of them in
common from the start is the trunk. Digests are over content (the block's, the weights' before), never over names, so
artifacts that were made another way and hold the same are the same.

What is taken over is copied inside the store, weights, metrics and events. So an artifact stays whole by itself:
whatever is collected or tidied away elsewhere, it has what it was made from.
"""

import hashlib
import json
import logging
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from smelt.identity import digest
from smelt.lake import Artifact, Lake, PartRecord
from smelt.phases import COURSE, TOLD, has_weights, step_of
from smelt.recipe.graph import spec
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.phases import learning_rate
from smelt.stage import Context
from training.blocks.plan import BlockPlan, Vocabulary
from training.checkpoints.checkpoint import DESCRIPTION, METRICS, ROUND, latest
from training.model.kernels import worth_compiling
from training.spikes.events import AFTER, POLICIES, RESPECTED, Events, blocks_set_aside, read_events, respected
from training.spikes.events import ROUND as EVENTS

TRUNK = "trunk"
"""Kind of the event that tells what was taken over."""
THREADS = 8

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Station:
    """A block of a course.

    Attributes:
        block: its name in the ``blocks`` artifact.
        end: global number of the first step after it.
        digest: over all that decides what its steps do, but for the state before them.
    """

    block: str
    end: int
    digest: str


@dataclass(frozen=True)
class Trunk:
    """A training whose first steps are this one's.

    Attributes:
        artifact: its address.
        records: its checkpoints up to there, in order; the last has its weights.
        events: its events up to there, by name.
        left_out: the blocks up to there that it was not trained on from its start.
    """

    artifact: Artifact
    records: tuple[PartRecord, ...]
    events: dict[str, dict[str, Any]]
    left_out: frozenset[str]

    @property
    def step(self) -> int:
        """Steps that are the same."""
        return step_of(self.records[-1])


def take_over(context: Context, plans: list[BlockPlan], vocabulary: Vocabulary) -> None:
    """Write this training's course down, for others; and where it has no checkpoint yet, take over what another
    training has made of its steps.

    Args:
        plans: the blocks of the phases that are trained, in order.
    """
    begins = beginning(context, vocabulary)
    stations = course(context, plans)
    content = json.dumps([asdict(station) for station in stations]).encode()
    context.artifact.write_part(context.lake, COURSE, begins, files={".json": content}, rows=len(stations), stats={})
    if latest(context.lake, context.artifact) is None and (found := find(context, begins, stations)) is not None:
        _copy(context, found)
        logger.info("the first %d steps are those of %s and taken over", found.step, found.artifact.root.rstrip("/"))


def beginning(context: Context, vocabulary: Vocabulary) -> str:
    """A digest over what all steps of a training depend on: trainings that differ in it have no step in common."""
    config: TrainConfig = context.config
    before = context.inputs.get("train")
    decides = {
        "version": spec("train-1").version,
        "model": config.model.model_dump(mode="json"),
        "training": config.model_dump(mode="json")["training"],
        "compiled": worth_compiling(config, config.model.padded_vocab_size(vocabulary.padded_size)),
        "vocabulary": asdict(vocabulary),
        "first_phase": config.first_phase,
        "before": config.seed if before is None else before.parts[-1].digest,
        "set_aside_before": {} if before is None else read_events(context).set_aside,
        "generation": context.external.get("rebuild", ""),
    }
    return digest(decides)[:20]


def course(context: Context, plans: list[BlockPlan]) -> list[Station]:
    """The stations of a training, were no block set aside."""
    config: TrainConfig = context.config
    contents = {part.name: part.digest for part in context.inputs["blocks"].parts}
    return [Station(plan.name, plan.end, _decides(config, plan, contents[plan.name])) for plan in plans]


def find(context: Context, begins: str, stations: list[Station]) -> Trunk | None:
    """The training that has most of these stations in common, and the weights to go on from; None where none has."""
    lake, aside = context.lake, frozenset(blocks_set_aside(context))
    others = [Artifact("train", name) for name in lake.folders("train/") if name != context.artifact.fingerprint]
    with ThreadPoolExecutor(THREADS) as threads:
        courses = list(threads.map(lambda other: lake.find_json(other.key(COURSE, begins, ".json")), others))
    found = [
        trunk
        for other, theirs in zip(others, courses, strict=True)
        if theirs and (trunk := _common(lake, other, [Station(**one) for one in theirs], stations, aside)) is not None
    ]
    return max(found, key=lambda trunk: (trunk.step, trunk.artifact.fingerprint), default=None)


def _decides(config: TrainConfig, plan: BlockPlan, content: str) -> str:
    phase = config.phases[plan.phase]
    rates, samples = hashlib.sha256(), hashlib.sha256()
    for index in range(plan.num_steps):
        rates.update(struct.pack("<d", learning_rate(config.phases, plan.phase, plan.phase_step + index)))
        samples.update(struct.pack("<qq", *plan.samples(phase, index)))
    optimizer = phase.optimizer or config.training.optimizer
    return digest(
        {
            "block": content,
            "phase": phase.name,
            "sequence_length": phase.sequence_length,
            "rope_base": config.rope_base(plan.phase),
            "optimizer": optimizer.model_dump(mode="json"),
            "step": plan.first_step,
            "rates": rates.hexdigest(),
            "samples": samples.hexdigest(),
        }
    )


def _common(
    lake: Lake, other: Artifact, theirs: list[Station], ours: list[Station], aside: frozenset[str]
) -> Trunk | None:
    """What another training has in common with ours from the start; None where it has no weights of it."""
    names = sorted(other.records(lake, EVENTS))
    written = {name: lake.get_json(other.key(EVENTS, name, ".json")) for name in names}
    seen = Events.read(written.values())
    shared: list[Station] = []
    for one, two in zip(theirs, ours, strict=False):
        if one != two or (one.block in aside and one.block not in seen.left_out):
            break
        shared.append(one)
    end = shared[-1].end if shared else 0
    records = sorted(other.records(lake, ROUND).values(), key=step_of)
    records = [record for record in records if step_of(record) <= end]
    while records and not has_weights(records[-1]):
        records.pop()
    if not records:
        return None
    step = step_of(records[-1])
    told = {name: event for name, event in written.items() if _belongs(name, event, step)}
    left_out = {one.block for one in shared if one.end <= step} & {*seen.respected}
    return Trunk(other, tuple(records), told, frozenset(left_out))


def _belongs(name: str, event: dict[str, Any], step: int) -> bool:
    """Whether an event has happened by then and says something of the steps, not of how they are kept."""
    if event["kind"] in ("respected", POLICIES, TRUNK):
        return False
    return int(name.partition("-")[0]) + (AFTER if event["kind"] == "after" else 0) <= step


def _copy(context: Context, trunk: Trunk) -> None:
    lake, own = context.lake, context.artifact

    def write(name: str, event: dict[str, Any]) -> None:
        content = json.dumps(event, ensure_ascii=False).encode()
        own.write_part(lake, EVENTS, name, files={".json": content}, rows=1, stats={})

    write(RESPECTED, respected(context, sorted({*blocks_set_aside(context), *trunk.left_out})))
    for name, event in trunk.events.items():
        lake.put(f"{own.root}{TOLD}/{name}", b"")  # it was, when it happened
        write(name, event)
    name = f"{trunk.step:07d}-{TRUNK}"
    write(name, {"kind": TRUNK, "step": trunk.step, "artifact": trunk.artifact.root.rstrip("/")})
    for record in _as_kept(trunk, everything=context.config.training.checkpoint.keep_last is None):
        copied = record.model_copy(update={"at": ""})
        froms, tos = (
            [artifact.key_of(one, suffix) for suffix in record.files]
            for artifact, one in ((trunk.artifact, record), (own, copied))
        )
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lake.copy, froms, tos))
        own.write_record(lake, copied)  # in order, so that one that is killed here goes on from what it has


def _as_kept(trunk: Trunk, *, everything: bool) -> Iterator[PartRecord]:
    """The records, without the weights of those before the last where not all are kept."""
    for record in trunk.records:
        if everything or record is trunk.records[-1]:
            yield record
        else:
            left = {suffix: file for suffix, file in record.files.items() if suffix in (DESCRIPTION, METRICS)}
            yield record.model_copy(update={"files": left})
