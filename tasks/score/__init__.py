"""Score: labels and numbers that models give to cleaned documents, written beside them.

The source's hint wins over a model, for whoever chose the source knows more than a page's beginning says.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.errors import StageError
from smelt.lake import Artifact
from smelt.lake.artifact import merge_stats
from smelt.recipe.score import DOMAIN, ModelScore, ScoreConfig
from smelt.recipe.select import nearest
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards, small
from tasks import invariants
from tasks.classifiers.model import Loaded, load
from tasks.documents import PartWriter, batches
from tasks.score.domain import domains
from tasks.score.language import identify
from tasks.tally import tally

_INPUT = ("id", "text", "source", "format", "lang", "domain", "num_bytes", "drop_reason")
NUM_BINS = 10
"""Bins that the values of a score column are counted in, over its range."""


def shards(context: Context) -> list[Shard]:
    """The parts of ``clean``, once every model is known to fill its column."""
    for number, item in enumerate(context.config.models):
        _check(item, _loaded(item, context).card, f"score.models[{number}]")
    return parts_as_shards("clean")(context)


def work(context: Context, shard: Shard) -> Part:
    """Label the documents of a part."""
    stats = []
    with PartWriter(context, shard) as out:
        for table in batches(context.lake, context.inputs, shard.name, _INPUT):
            scored, figures = _scored(table, context)
            out.write(scored)
            stats.append(figures)
    return Part(out.files(), out.rows, merge_stats(stats))


def made_of(context: Context, shard: Shard) -> dict[str, Any]:
    """Scores are a function of the config, the cleaned documents and the models: those that were trained for this
    corpus follow it, those of a pinned artifact don't, and the config says which they are."""
    own = sorted({item.model for item in context.config.models if "/" not in item.model})
    models = {name: context.inputs["classifiers"].part(name).digest for name in own}
    return {"config": context.config, "clean": context.inputs["clean"].part(shard.name).digest, "models": models}


def _scored(table: pa.Table, context: Context) -> tuple[pa.Table, dict[str, Any]]:
    """The labels of a row group, and its statistics."""
    config: ScoreConfig = context.config
    langs, lang_scores = _languages(table, config)
    item = next((item for item in config.models if item.column == DOMAIN), None)
    found, domain_scores = domains(table, langs, item, _loaded(item, context) if item else None)
    columns: dict[str, Any] = {
        "id": table["id"],
        "lang": pa.array(langs, pa.string()),
        "lang_score": pa.array(lang_scores, pa.float32()),
        "domain": pa.array(found, pa.string()),
        "domain_score": pa.array(domain_scores, pa.float32()),
    }
    stats = tally(
        num_bytes=table["num_bytes"],
        lang=langs,
        domain=found,
        source=table["source"],
        before=pc.is_null(table["drop_reason"]),
    )
    for item in config.models:
        if item.column != DOMAIN:
            model = _loaded(item, context)
            columns[item.column] = _values(table["text"], item, model)
            stats.setdefault("scores", {})[item.column] = _described(columns[item.column], _range(model))
    written = pa.table(columns)
    return written, stats | invariants.violations("score", written, table, out_of_range=_out_of_range(written, stats))


def _out_of_range(written: pa.Table, stats: dict[str, Any]) -> int:
    """Scores of a row group outside the range that they should have."""
    ranges = {"lang_score": (0.0, 1.0), "domain_score": (0.0, 1.0)}
    ranges |= {column: known["range"] for column, known in stats.get("scores", {}).items()}
    return sum(invariants.out_of_range(written[column], *limits) for column, limits in ranges.items())


def _languages(table: pa.Table, config: ScoreConfig) -> tuple[list[str], list[float]]:
    """Language and confidence of each document; models are asked only where the source gives no hint."""
    langs = table["lang"].to_pylist()
    scores = [1.0] * len(langs)
    open_rows = [row for row, hint in enumerate(langs) if not hint]
    texts = table["text"].take(pa.array(open_rows, pa.int64()))
    found = identify(texts, num_chars=config.language_chars, min_score=config.min_lang_score)
    for row, lang, score in zip(open_rows, *found, strict=True):
        langs[row], scores[row] = lang, score
    return langs, scores


def _values(texts: pa.ChunkedArray, item: ModelScore, loaded: Loaded) -> pa.Array:
    """What a ``score_`` column holds; null where there is no text."""
    rows = np.flatnonzero(pc.match_substring_regex(texts, r"\S").to_numpy())
    predicted = loaded.model.predict(texts.take(pa.array(rows)))
    low, high = _range(loaded)
    place = 0 if loaded.card["task"] == "number" else loaded.card["classes"].index(item.label)
    values, there = np.zeros(len(texts), np.float32), np.zeros(len(texts), np.bool_)
    values[rows], there[rows] = np.clip(predicted[:, place], low, high), True
    return pa.array(values, mask=~there)


def _range(loaded: Loaded) -> tuple[float, float]:
    """Least and greatest value: probabilities lie between 0 and 1, numbers between the least and greatest label."""
    if loaded.card["task"] == "classes":
        return 0.0, 1.0
    numbers = [float(name) for name in loaded.card["classes"]]
    return min(numbers), max(numbers)


def _described(values: pa.Array, limits: tuple[float, float]) -> dict[str, Any]:
    """Figures of a column that add up over parts: documents, nulls, sum, and values by bin."""
    there = values.drop_null().to_numpy()
    counts, edges = np.histogram(there, bins=NUM_BINS, range=limits)
    return {
        "range": [float(limit) for limit in limits],
        "documents": len(values),
        "nulls": values.null_count,
        "sum": round(float(there.sum()), 3),
        "bins": {f"{edge:g}": int(count) for edge, count in zip(edges, counts, strict=False)},
    }


def _loaded(item: ModelScore, context: Context) -> Loaded:
    if "/" in item.model:
        _, fingerprint, name = item.model.split("/")
        return load(context.lake, Artifact("classifiers", fingerprint), name)
    return load(context.lake, context.inputs["classifiers"].artifact, item.model)


def _check(item: ModelScore, card: dict[str, Any], where: str) -> None:
    if item.column == DOMAIN and card["task"] != "classes":
        raise StageError(f"model {item.model} gives numbers, not domains", where=where, mend="name a score_ column")
    if item.column != DOMAIN and card["task"] == "classes" and item.label not in card["classes"]:
        raise StageError(
            f"model {item.model} has no class {item.label!r}",
            where=f"{where}.label",
            mend=nearest(item.label, card["classes"]),
        )


def _is_quick(context: Context) -> bool:
    """Without models, of which one may take a worker's whole time for little text."""
    return small(context) and not context.config.models


STAGE = Stage("score", (Round("parts", shards, work, made_of, in_driver=_is_quick),))
