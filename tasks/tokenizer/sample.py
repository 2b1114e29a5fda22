"""The text that a tokenizer is trained on: so many bytes of kept documents, languages weighted by the recipe.

Which documents is drawn by their ids. Only as many parts are read as hold a few times the bytes asked for, in
a shuffled order, so that a corpus of terabytes costs no more than a small one. Documents whose
draw lies in the last twentieth are never trained on: the tokenizer's figures come from them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.errors import StageError
from smelt.recipe.tokenizer import TrainTokenizer
from smelt.stage import Context
from tasks import documents
from tasks.sampling import draws, parts_that_hold, share_out

COLUMNS = ["id", "text", "lang", "domain", "source", "url"]
HELD_OUT = 0.95
"""Draws from here on are for measuring."""
SPARE = 3
"""Parts are read until they hold this many times the bytes that are wanted of each language."""
MEASURED_BYTES = 4_000_000
"""Bytes of each language that figures are measured on, at most."""


def targets(available: Mapping[str, int], config: TrainTokenizer) -> dict[str, int]:
    """Bytes wanted of each language: its weight's share, or all there is; what one lacks, the others give.

    Args:
        available: bytes of kept documents by language.

    Raises:
        StageError: when no language that has a weight is there.
    """
    weights = dict(config.weights) or {lang: float(size) for lang, size in available.items()}
    open_weights = {lang: weight for lang, weight in sorted(weights.items()) if available.get(lang, 0) > 0}
    if not open_weights:
        raise StageError(
            f"none of {', '.join(weights) or 'the languages'} is left to train on",
            where="tokenizer.train.weights",
            mend=f"name languages that there are ({', '.join(sorted(available)) or 'none'}), or keep more documents",
        )
    return share_out(config.sample_bytes, open_weights, available)


@dataclass(frozen=True)
class Plan:
    """Which documents are drawn.

    Attributes:
        parts: where they are, sorted.
        below: to train on, the draws below this, by language.
        above: to measure on, the draws from here on, by language.
        bytes: of text to train on, in all.
    """

    parts: list[str]
    below: dict[str, float]
    above: dict[str, float]
    bytes: int


def plan(context: Context, config: TrainTokenizer) -> Plan:
    """Which documents to train on, and which to measure on.

    Raises:
        StageError: as ``targets`` does.
    """
    decided = context.inputs["decontaminate"]
    wanted = targets({lang: size["bytes"] for lang, size in decided.stats["by_lang"].items()}, config)
    spare = {lang: SPARE * size for lang, size in wanted.items()}
    names = parts_that_hold(decided, spare, label="lang", unit="bytes")
    held: dict[str, int] = {}
    for name in names:
        for lang, figures in decided.part(name).stats["by_lang"].items():
            held[lang] = held.get(lang, 0) + figures["bytes"]
    below = {lang: HELD_OUT * min(1.0, size / (HELD_OUT * held[lang])) for lang, size in wanted.items()}
    above = {
        lang: 1 - (1 - HELD_OUT) * min(1.0, MEASURED_BYTES / ((1 - HELD_OUT) * size)) for lang, size in held.items()
    }
    return Plan(names, below, above, sum(wanted.values()))


def drawn(context: Context, plan: Plan, part: str) -> Iterator[tuple[pa.Table, pa.Table, np.ndarray]]:
    """By row group of a part: documents (``COLUMNS``) to train on, those to measure on, and the former's rows."""
    before = 0
    for table in documents.batches(context.lake, context.inputs, part, [*COLUMNS, documents.KEPT]):
        rows = before + np.flatnonzero(table[documents.KEPT].to_numpy())
        before += len(table)
        table = table.filter(table[documents.KEPT]).select(COLUMNS)
        draw, langs = draws(table["id"], "tokenizer"), table["lang"].to_pylist()
        train = draw < np.array([plan.below.get(lang, 0.0) for lang in langs])
        measure = draw >= np.array([plan.above[lang] for lang in langs])
        yield table.filter(pa.array(train)), table.filter(pa.array(measure)), rows[train]


def of_texts(texts: Iterable[str]) -> pa.Table:
    """Texts of which nothing else is known, as documents to train on."""
    column = pa.array(texts, pa.large_string())
    return pa.table({name: column if name == "text" else pa.repeat("", len(column)) for name in COLUMNS})


def bytes_by_language(table: pa.Table) -> dict[str, int]:
    """UTF-8 bytes of text by language."""
    sizes = pa.table({"lang": table["lang"], "bytes": pc.binary_length(table["text"])})
    grouped = sizes.group_by("lang").aggregate([("bytes", "sum")])
    return dict(sorted(zip(grouped["lang"].to_pylist(), grouped["bytes_sum"].to_pylist(), strict=True)))
