"""Classifiers: models trained from labels, measured on texts they haven't seen, and published to the lake.

A part is a model, so models train side by side and a killed one alone is trained again. A model that an
earlier artifact holds already, trained by the same config from the same labels, is copied rather than
trained: a recipe that adds one classifier trains one.
"""

import json
import time
from typing import Any

import numpy as np
import pyarrow as pa

from smelt.identity import digest
from smelt.lake import Artifact, held
from smelt.recipe.classifiers import ClassifierConfig
from smelt.stage import Context, Part, Round, Shard, Stage
from tasks.classifiers import figures
from tasks.classifiers.examples import Examples, gather, needs_corpus, split
from tasks.classifiers.model import CARD, KINDS, restore

VERSION = 1
"""Raised when the meaning of a trained model changes."""


def shards(context: Context) -> list[Shard]:
    """A shard for each model."""
    return [Shard(config.name) for config in context.config.models]


def work(context: Context, shard: Shard) -> Part:
    """Train a model, or find it trained."""
    config = next(config for config in context.config.models if config.name == shard.name)
    identity = _identity(config, context)
    return _trained_before(identity, context) or _train(config, identity, context)


def _train(config: ClassifierConfig, identity: str, context: Context) -> Part:
    started = time.process_time()
    examples = gather(config, context)
    training, held_out = split(examples, config.held_out_share)
    kind = config.model_dump()["kind"]
    files: dict[str, Any] = dict(KINDS[kind].train(config, training, context.lake))
    card: dict[str, Any] = {
        "kind": kind,
        "task": "number" if examples.numeric else "classes",
        "classes": examples.classes,
        "config": config.model_dump(mode="json"),
        "trained_on": {"texts": len(training), "by_class": _by_class(training), "origins": examples.origins},
    }
    predicted = restore(card, files, context.lake).predict(pa.array(held_out.texts, pa.large_string()))
    if examples.numeric:
        measured = figures.of_numbers(predicted[:, 0], np.array(held_out.labels, np.float64), examples.classes)
    else:
        measured = figures.of_classes(predicted, held_out.targets, examples.classes)
    card["held_out"] = measured
    files[CARD] = json.dumps(card, ensure_ascii=False, indent=1).encode()
    stats = {
        "identity": identity,
        "kind": card["kind"],
        "task": card["task"],
        "texts": len(training),
        "classes": len(examples.classes),
        "held_out": measured,
        "seconds": round(time.process_time() - started, 2),
    }
    return Part(files, rows=len(examples), stats={"classifiers": {config.name: stats}})


def _identity(config: ClassifierConfig, context: Context) -> str:
    """What makes a model the same: its config, and the corpus where it is drawn from."""
    corpus = context.inputs["clean"].fingerprint if needs_corpus(config) else None
    return digest({"version": VERSION, "config": config, "corpus": corpus})


def _trained_before(identity: str, context: Context) -> Part | None:
    """The model out of an earlier artifact."""
    for fingerprint in context.lake.folders("classifiers/"):
        artifact = Artifact("classifiers", fingerprint)
        manifest = artifact.manifest(context.lake)
        for part in manifest.parts if manifest else ():
            [known] = part.stats["classifiers"].values()
            if known["identity"] == identity:
                files = {suffix: held.read(context.lake, artifact, part, suffix) for suffix in part.files}
                return Part(files, part.rows, part.stats)
    return None


def _by_class(examples: Examples) -> dict[str, int]:
    counts = np.bincount(examples.targets, minlength=len(examples.classes))
    return {name: int(count) for name, count in zip(examples.classes, counts, strict=True)}


STAGE = Stage("classifiers", (Round("parts", shards, work),))
