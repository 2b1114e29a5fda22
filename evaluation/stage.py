"""Evaluation: checkpoints of a training run, each judged on the same held-out text, probes and prompts.

Six rounds: ``counts`` counts the training tokens of each part, ``heldout`` chooses the held-out text and says what a
model of bare token frequencies would lose on it, ``probes`` asks a checkpoint all probes a shard, ``events`` writes
down the alarms that follow from them, ``benchmarks`` asks a checkpoint a stretch of items a shard, and ``checkpoints``
judges a checkpoint a shard. What a checkpoint is worth is told by how far
it lies below that unigram model.
"""

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from evaluation import heldout
from evaluation.benchmarks.judge import Stretch, answer, scores, stretches
from evaluation.benchmarks.reader import Reader
from evaluation.perplexity import summary
from evaluation.probes import alarms
from smelt.errors import StageError
from smelt.lake import held
from smelt.phases import has_weights, trainings
from smelt.recipe.evaluate import EvaluateConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from training.blocks.heldout import choose
from training.blocks.plan import Vocabulary, read_vocabulary

HELDOUT, PROBES, EVENTS, BENCHMARKS = "heldout", "probes", "events", "benchmarks"


def spaced(shards: Sequence[Shard], wanted: int) -> list[Shard]:
    """At most ``wanted`` of the shards at even distances, the last one among them."""
    count = min(wanted, len(shards))
    return [shards[round((i + 1) * len(shards) / count) - 1] for i in range(count)]


def counts(context: Context, shard: Shard) -> Part:
    """Token counts of a part's training split."""
    found = heldout.token_counts(context.lake, context.inputs["tokens"], shard.name, _vocabulary(context).size)
    sink = io.BytesIO()
    np.save(sink, found)
    return Part({".npy": sink.getvalue()}, rows=len(found))


def choose_heldout(context: Context, shard: Shard) -> Part:
    """The held-out text, and the unigram model's figures on it.

    Raises:
        StageError: when no text is held out.
    """
    config: EvaluateConfig = context.config
    end = _vocabulary(context).end_of_document
    streams = choose(context.lake, context.inputs["tokens"], cap=config.max_tokens_per_label, end_of_document=end)
    if not streams:
        raise StageError("no text is held out", where="tokens.validation_share", mend="raise it")
    total = sum(np.load(io.BytesIO(context.get("counts", name, ".npy"))) for name in context.records("counts"))
    unigram = summary(streams, (heldout.unigram_losses(np.asarray(total), streams), []))
    return Part({".parquet": heldout.write(streams), "/unigram.json": _as_json(unigram)}, rows=len(streams))


def checkpoint_shards(context: Context) -> list[Shard]:
    """The checkpoints of all phases to judge, of those whose weights were kept; each goes with its phase's number."""
    config: EvaluateConfig = context.config
    trained = enumerate(trainings(context.lake, context.inputs["train"]))
    kept = [Shard(part.name, number) for number, phase in trained for part in phase.parts if has_weights(part)]
    return spaced(kept, config.max_checkpoints)


def probe_shards(context: Context) -> list[Shard]:
    """The checkpoints to judge, where there are probes."""
    return checkpoint_shards(context) if context.config.probes else []


def probe(context: Context, shard: Shard) -> Part:
    """What a checkpoint says to each probe."""
    from evaluation import judging  # with Megatron: only where a model is needed

    end = _vocabulary(context).end_of_document
    found = judging.probes(_reader(context, shard), _tokenizer(context), context.config, end=end)
    return Part({".json": _as_json(found)}, rows=sum(map(len, found.values())))


def alarm_shards(context: Context) -> list[Shard]:
    """The checkpoints at which a preference turned or a probability fell; the alarms go with each."""
    found: list[Shard] = []
    before: list[dict[str, Any]] = []
    for shard in probe_shards(context):
        now = _said(context, shard)
        told = [
            {"set": name, **alarm}
            for name, answers in now.items()
            for alarm in alarms([one[name] for one in before], answers, max_fall=context.config.max_probe_fall)
        ]
        if told:
            found.append(Shard(f"{shard.name.removeprefix('step-')}-probe", told))
        before.append(now)
    return found


def tell(context: Context, shard: Shard) -> Part:
    """The alarms of a checkpoint, as an event that is news."""
    step = int(shard.name.partition("-")[0])
    lines = [f"{one['words']} ({one['was']:.4g} to {one['now']:.4g})" for one in shard.payload]
    event = {"kind": "probe", "step": step, "probes": "; ".join(lines), "alarms": shard.payload}
    return Part({".json": _as_json(event)}, rows=len(lines))


def _said(context: Context, checkpoint: Shard) -> dict[str, Any]:
    """What the checkpoint said to the probes, by set."""
    return json.loads(context.get(PROBES, checkpoint.name, ".json")) if context.config.probes else {}


def benchmark_shards(context: Context) -> list[Shard]:
    """Every stretch of benchmark items, for each checkpoint to judge."""
    cut = list(enumerate(stretches(context.config.benchmarks)))
    return [
        Shard(_stretch_name(checkpoint, number), (checkpoint, stretch))
        for checkpoint in checkpoint_shards(context)
        for number, stretch in cut
    ]


def ask(context: Context, shard: Shard) -> Part:
    """A checkpoint's answers to a stretch of items."""
    checkpoint: Shard
    stretch: Stretch
    checkpoint, stretch = shard.payload
    end = _vocabulary(context).end_of_document
    reader = _reader(context, checkpoint)
    rows = answer(reader, _tokenizer(context), context.config.benchmarks, stretch, end=end)
    return Part({".json": _as_json(rows)}, rows=len(rows))


def _stretch_name(checkpoint: Shard, number: int) -> str:
    return f"{checkpoint.name}-{number:06d}"


def _answers(context: Context, checkpoint: Shard) -> Iterator[dict[str, Any]]:
    for number in range(len(stretches(context.config.benchmarks))):
        yield from json.loads(context.get(BENCHMARKS, _stretch_name(checkpoint, number), ".json"))


_READERS: dict[tuple[str, str], Reader] = {}
"""The checkpoint that this worker has asked last: its next stretch is mostly of the same one."""


def _reader(context: Context, checkpoint: Shard) -> Reader:
    from training.checkpoints.load import load_model

    phase = trainings(context.lake, context.inputs["train"])[checkpoint.payload]
    key = (phase.fingerprint, checkpoint.name)
    if key not in _READERS:
        _READERS.clear()
        _READERS[key] = Reader.of(load_model(context.lake, phase, checkpoint.name))
    return _READERS[key]


def judge(context: Context, shard: Shard) -> Part:
    """All figures of a checkpoint, and its sample texts."""
    from evaluation import judging  # with Megatron: only where a model is needed
    from training.checkpoints.load import load_model

    phase = trainings(context.lake, context.inputs["train"])[shard.payload]
    model = load_model(context.lake, phase, shard.name)
    vocabulary = _vocabulary(context)
    subject = judging.checkpoint_subject(model, phase, _tokenizer(context), vocabulary.end_of_document, context.config)
    found = {
        **judging.about(model, shard.name),
        **judging.judge(subject, context.config, heldout.read(context.get(HELDOUT, HELDOUT, ".parquet"))),
        "unigram": json.loads(context.get(HELDOUT, HELDOUT, "/unigram.json")),
        "probes": _said(context, shard),
        "benchmarks": scores(_answers(context, shard)),
    }
    return Part(
        {"/evaluation.json": _as_json(found)}, rows=1, stats={"tokens": found["heldout"]["tokens"], "checkpoints": 1}
    )


def _tokenizer(context: Context) -> Tokenizer:
    content = held.read(context.lake, context.inputs["tokenizer"], "tokenizer", "/tokenizer.json")
    return Tokenizer.from_str(content.decode())


def _vocabulary(context: Context) -> Vocabulary:
    return read_vocabulary(context.lake, context.inputs["tokenizer"])


def _as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


STAGE = Stage(
    "evaluate",
    rounds=(
        Round("counts", parts_as_shards("tokens"), counts),
        Round(HELDOUT, lambda context: [Shard(HELDOUT)], choose_heldout),
        Round(PROBES, probe_shards, probe),
        Round(EVENTS, alarm_shards, tell),
        Round(BENCHMARKS, benchmark_shards, ask),
        Round("checkpoints", checkpoint_shards, judge),
    ),
)
