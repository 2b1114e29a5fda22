"""Evaluation: checkpoints of a training run, each judged on the same held-out text, probes and prompts.

What a checkpoint says is an artifact of its own (``evaluation.judgement``), which this stage gathers, and makes where
it isn't there. Six rounds: ``counts`` counts the training tokens of each part, ``unigram`` says what a model of bare
token frequencies would lose on the held-out text, ``benchmarks`` has workers ask checkpoints stretches of items,
``judgements`` has the rest of each judgement made, ``events`` writes down the alarms that follow from their probes,
and ``checkpoints`` gathers. What a checkpoint is worth is told by how far it lies below that unigram model.
"""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation import heldout, judgement
from evaluation.judgement import Checkpoint, as_json, vocabulary
from evaluation.perplexity import summary
from evaluation.probed import alarms
from smelt.errors import StageError
from smelt.phases import has_weights, trainings
from smelt.recipe.evaluate import EvaluateConfig
from smelt.recipe.graph import JUDGEMENTS
from smelt.stage import Context, Part, Round, Shard, Stage, always, parts_as_shards, small
from training.blocks.heldout import choose

UNIGRAM, EVENTS = "unigram", "events"


def spaced(shards: Sequence[Shard], wanted: int | None) -> list[Shard]:
    """At most ``wanted`` of the shards at even distances, the last one among them; all where it is None."""
    count = len(shards) if wanted is None else min(wanted, len(shards))
    return [shards[round((i + 1) * len(shards) / count) - 1] for i in range(count)]


def counts(context: Context, shard: Shard) -> Part:
    """Token counts of a part's training split."""
    found = heldout.token_counts(context.lake, context.inputs["tokens"], shard.name, vocabulary(context).size)
    sink = io.BytesIO()
    np.save(sink, found)
    return Part({".npy": sink.getvalue()}, rows=len(found))


def unigram(context: Context, shard: Shard) -> Part:
    """The unigram model's figures on the held-out text.

    Raises:
        StageError: when no text is held out.
    """
    config: EvaluateConfig = context.config
    end = vocabulary(context).end_of_document
    streams = choose(context.lake, context.inputs["tokens"], cap=config.max_tokens_per_label, end_of_document=end)
    if not streams:
        raise StageError("no text is held out", where="tokens.validation_share", mend="raise it")
    total = sum(np.load(io.BytesIO(context.get("counts", name, ".npy"))) for name in context.records("counts"))
    found = summary(streams, (heldout.unigram_losses(np.asarray(total), streams), []))
    return Part({".json": as_json(found)}, rows=len(streams))


def checkpoint_shards(context: Context) -> list[Shard]:
    """The checkpoints of all phases to gather, of those that can be judged or have been."""
    config: EvaluateConfig = context.config
    found = []
    for phase in trainings(context.lake, context.inputs["train"]):
        masked = bool(phase.config["training"]["document_mask"])
        for part in phase.parts:
            one = Checkpoint(phase.artifact, part, masked)
            if has_weights(part) or judgement.find(context, one) is not None:
                found.append(Shard(part.name, one))
    return spaced(found, config.max_checkpoints)


def benchmark_shards(context: Context) -> list[Shard]:
    """Every stretch of benchmark items that one of these checkpoints is still to be asked."""
    return [
        Shard(f"{checkpoint.name}-{stretch.name}", (checkpoint.payload, stretch))
        for checkpoint in checkpoint_shards(context)
        for stretch in judgement.stretches_left(context, checkpoint.payload)
    ]


def ask(context: Context, shard: Shard) -> Part:
    """A checkpoint's answers to a stretch of items, which are its judgement's part."""
    checkpoint, stretch = shard.payload
    return Part({}, rows=judgement.ask_stretch(context, checkpoint, stretch).rows)


def judge(context: Context, shard: Shard) -> Part:
    """A checkpoint's judgement; the part names it."""
    return named(judgement.made(context, shard.payload).fingerprint)


def named(fingerprint: str) -> Part:
    """The part of the round ``judgements``: which judgement is the checkpoint's."""
    return Part({".json": as_json({"judgement": fingerprint})}, rows=1)


def alarm_shards(context: Context) -> list[Shard]:
    """The checkpoints at which a preference turned or a probability fell; the alarms go with each."""
    found: list[Shard] = []
    before: list[dict[str, Any]] = []
    for shard in checkpoint_shards(context) if context.config.probes else []:
        now = _said(context, shard)["probes"]
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
    return Part({".json": as_json(event)}, rows=len(lines))


def gather(context: Context, shard: Shard) -> Part:
    """What the judgement of a checkpoint says, and beside it the unigram model's figures."""
    found = _said(context, shard) | {"unigram": json.loads(context.get(UNIGRAM, UNIGRAM, ".json"))}
    tokens = found["heldout"]["tokens"]
    return Part({judgement.EVALUATION: as_json(found)}, rows=1, stats={"tokens": tokens, "checkpoints": 1})


def _said(context: Context, shard: Shard) -> dict[str, Any]:
    """What a checkpoint's judgement says; one that somebody has taken away meanwhile is made anew."""
    return judgement.read(context.lake, judgement.made(context, shard.payload))


STAGE = Stage(
    "evaluate",
    rounds=(
        Round("counts", parts_as_shards("tokens"), counts, in_driver=small),
        Round(UNIGRAM, lambda context: [Shard(UNIGRAM)], unigram, in_driver=always),
        Round("benchmarks", benchmark_shards, ask),
        Round(JUDGEMENTS, checkpoint_shards, judge),
        Round(EVENTS, alarm_shards, tell, in_driver=always),
        Round("checkpoints", checkpoint_shards, gather, in_driver=always),
    ),
)
