"""A checkpoint's evaluation: an artifact of its own, named by what the checkpoint holds and what is asked of it.

It is no stage of a plan, since which checkpoints there will be is not known then. Whoever wants one makes it by
``made``: the stage ``evaluate`` of those that it gathers, and while a training goes on whoever has seen that a
checkpoint was saved. Its name follows from the digests of the checkpoint, of the text and of the vocabulary, so that
another run with the same checkpoint has it already.

Three rounds: ``benchmarks`` asks a stretch of items a shard, ``probes`` all probes, and ``checkpoint`` takes the
losses, lets the model write, and puts everything together.
"""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from evaluation.benchmarks.judge import Stretch, answer, scores, stretches
from smelt.engine.make import Mapper, make_artifact, serially, work_on
from smelt.identity import fingerprint
from smelt.lake import Artifact, Lake, Manifest, PartRecord, held
from smelt.lake.artifact import RECORD
from smelt.plan import CHECKPOINT, REBUILD, TEXT, VOCABULARY, Planned
from smelt.recipe.evaluate import JudgeConfig
from smelt.recipe.graph import JUDGEMENT, USED
from smelt.stage import Context, Part, Progress, Round, Shard, Stage
from training.blocks.heldout import choose
from training.blocks.plan import Vocabulary, read_vocabulary

if TYPE_CHECKING:
    from evaluation.benchmarks.reader import Reader

VERSION = 3
"""Raised when the meaning of a judgement changes."""
BENCHMARKS, PROBES, WHOLE = "benchmarks", "probes", "checkpoint"
EVALUATION = "/evaluation.json"


@dataclass(frozen=True)
class Checkpoint:
    """Where a checkpoint lies, and how it was trained.

    Attributes:
        train: the artifact of its phase, which needs not be finished.
        record: its part.
        document_mask: whether attention stays within a document.
    """

    train: Artifact
    record: PartRecord
    document_mask: bool


@dataclass(frozen=True)
class Asked:
    """The config of a judgement: what is asked, and of which checkpoint."""

    config: JudgeConfig
    checkpoint: Checkpoint


def planned(context: Context, checkpoint: Checkpoint) -> tuple[Planned, Context]:
    """The judgement of a checkpoint: its name, and what its rounds are given.

    Args:
        context: of an evaluation, with ``tokens`` and ``tokenizer`` among its inputs.
    """
    asked: JudgeConfig = context.config.of_one()
    config = {
        "evaluate": asked.model_dump(mode="json"),
        "model": held.read_json(context.lake, checkpoint.train, checkpoint.record, "/model.json"),
        "document_mask": checkpoint.document_mask,
    }
    inputs = {
        CHECKPOINT: checkpoint.record.digest,
        TEXT: context.inputs["tokens"].digest,
        VOCABULARY: context.inputs["tokenizer"].digest,
    }
    inputs |= {key: value for key, value in context.external.items() if key == REBUILD}
    name = fingerprint(stage=JUDGEMENT, version=VERSION, config=config, inputs=inputs)
    plan = Planned(
        stage=JUDGEMENT,
        version=VERSION,
        fingerprint=name,
        inputs=inputs,
        config=config,
        suite="",
        cached=False,
        reason="",
    )
    given = {stage: context.inputs[stage] for stage in ("tokens", "tokenizer")}
    own = replace(context, config=Asked(asked, checkpoint), inputs=given, external=inputs, artifact=plan.artifact)
    return plan, replace(own, report=_silent)


def _silent(progress: Progress) -> None:
    """How far it is, tells what it is part of."""


def find(context: Context, checkpoint: Checkpoint) -> Manifest | None:
    """The judgement of a checkpoint, where it is made already."""
    return planned(context, checkpoint)[1].artifact.manifest(context.lake)


def made(context: Context, checkpoint: Checkpoint, mapper: Mapper = serially) -> Manifest:
    """The judgement of a checkpoint, made as far as it isn't yet; it stays as long as the evaluation does that it was
    made for.

    Args:
        context: of that evaluation.
        mapper: who works on it; this process, where a worker has it made.
    """
    plan, own = planned(context, checkpoint)
    context.lake.put(f"{own.artifact.root}{USED}/{context.artifact.fingerprint}", b"")
    return make_artifact(plan, own, mapper)


def read(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    """What a judgement says."""
    return held.read_json(lake, manifest, manifest.parts[0], EVALUATION)


def stretches_left(context: Context, checkpoint: Checkpoint) -> list[Shard]:
    """The stretches of benchmark items that a checkpoint is still to be asked."""
    _, own = planned(context, checkpoint)
    if own.artifact.manifest(context.lake) is not None:
        return []
    there = {item.key for item in context.lake.objects(f"{own.artifact.root}{BENCHMARKS}/")}
    return [one for one in _stretches(own) if own.artifact.key(BENCHMARKS, one.name, RECORD) not in there]


def ask_stretch(context: Context, checkpoint: Checkpoint, shard: Shard) -> PartRecord:
    """Make the part of a stretch: a worker's share of a judgement that another one will finish."""
    return work_on(planned(context, checkpoint)[1], 0, shard)


def _stretches(context: Context) -> list[Shard]:
    cut = stretches(context.config.config.benchmarks)
    return [Shard(f"{number:06d}", stretch) for number, stretch in enumerate(cut)]


def _ask(context: Context, shard: Shard) -> Part:
    """The answers to a stretch of items."""
    stretch: Stretch = shard.payload
    end = vocabulary(context).end_of_document
    rows = answer(_reader(context), _tokenizer(context), context.config.config.benchmarks, stretch, end=end)
    return Part({".json": as_json(rows)}, rows=len(rows))


def _probe(context: Context, shard: Shard) -> Part:
    """What the checkpoint says to each probe."""
    from evaluation import judging  # with Megatron: only where a model is needed

    end = vocabulary(context).end_of_document
    found = judging.probes(_reader(context), _tokenizer(context), context.config.config, end=end)
    return Part({".json": as_json(found)}, rows=sum(map(len, found.values())))


def _whole(context: Context, shard: Shard) -> Part:
    """All figures of the checkpoint, and its sample texts."""
    from evaluation import judging
    from training.checkpoints.load import load_checkpoint

    config: JudgeConfig = context.config.config
    checkpoint: Checkpoint = context.config.checkpoint
    end = vocabulary(context).end_of_document
    model = load_checkpoint(context.lake, checkpoint.train, checkpoint.record)
    subject = judging.checkpoint_subject(
        model, _tokenizer(context), end, config, document_mask=checkpoint.document_mask
    )
    streams = choose(context.lake, context.inputs["tokens"], cap=config.max_tokens_per_label, end_of_document=end)
    found = {
        **judging.about(model, checkpoint.record.name),
        **judging.judge(subject, config, streams),
        "probes": json.loads(context.get(PROBES, PROBES, ".json")) if config.probes else {},
        "benchmarks": scores(
            row for one in _stretches(context) for row in json.loads(context.get(BENCHMARKS, one.name, ".json"))
        ),
    }
    return Part({EVALUATION: as_json(found)}, rows=1, stats={"tokens": found["heldout"]["tokens"], "checkpoints": 1})


_READERS: dict[tuple[str, str], "Reader"] = {}
"""The checkpoint that this worker has asked last: its next stretch is mostly of the same one."""


def _reader(context: Context) -> "Reader":
    from evaluation.benchmarks.reader import Reader  # with transformers and Megatron, seconds to import
    from training.checkpoints.load import load_checkpoint

    checkpoint: Checkpoint = context.config.checkpoint
    key = (checkpoint.train.fingerprint, checkpoint.record.digest)
    if key not in _READERS:
        _READERS.clear()
        _READERS[key] = Reader.of(load_checkpoint(context.lake, checkpoint.train, checkpoint.record))
    return _READERS[key]


def _tokenizer(context: Context) -> Tokenizer:
    content = held.read(context.lake, context.inputs["tokenizer"], "tokenizer", "/tokenizer.json")
    return Tokenizer.from_str(content.decode())


def vocabulary(context: Context) -> Vocabulary:
    """That of the tokenizer among the inputs."""
    return read_vocabulary(context.lake, context.inputs["tokenizer"])


def as_json(value: Any) -> bytes:
    """The same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


STAGE = Stage(
    JUDGEMENT,
    rounds=(
        Round(BENCHMARKS, _stretches, _ask),
        Round(PROBES, lambda context: [Shard(PROBES)] if context.config.config.probes else [], _probe),
        Round(WHOLE, lambda context: [Shard(context.config.checkpoint.record.name)], _whole),
    ),
)
