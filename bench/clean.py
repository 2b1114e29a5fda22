"""The clean pass against the peers' filters, on the same English documents in one run.

Ours does all edits (personal data among them), all signals and four public rule sets; datatrove does its PII
formatter and the filters of the same four sets (Gopher quality and repetition, C4, FineWeb) at their defaults, once
with its own word splitter (spaCy) and once with a plain ``\\w+`` in its place; dolma its Gopher and C4 taggers;
Data-Juicer eight filters of the like. All on one core, in seconds of the processor.

    python -m bench.clean --json FILE [--megabytes 4]
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pyarrow as pa
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.utils import word_tokenizers
from datatrove.utils.logging import logger

from bench.command import best_of, command
from bench.dedup import PlainWords
from bench.peers.environment import ask
from bench.texts import texts
from smelt.recipe.clean import CleanConfig
from smelt.recipe.select import RuleGroup
from tasks.clean.edits.edit import edit
from tasks.clean.edits.rewrite import buffers
from tasks.clean.signals.measure import signals
from tasks.select import rules

PRESETS = ("gopher", "gopher-repetition", "c4", "fineweb")
CONFIG = CleanConfig()


def columns_of(documents: pa.LargeStringArray) -> pl.DataFrame:
    """The signals of documents as columns, with what groups of rules ask for beside them."""
    found = pl.DataFrame(signals(*buffers(documents)))
    return found.with_columns(lang=pl.lit("en"), domain=pl.lit("web"), source=pl.lit("bench"))


def reasons_of(columns: pl.DataFrame, *presets: str) -> list[str | None]:
    """For each document the rule that drops it, or None."""
    return rules.reasons(columns, (RuleGroup(presets=presets),)).to_list()


def ours(documents: pa.LargeStringArray, *, is_code: bool = False) -> dict[str, float]:
    """Seconds of edits, signals and rules, each the best of several."""
    flags = np.full(len(documents), is_code, np.bool_)
    (cleaned, _), edits = best_of(5, lambda: edit(documents, flags, CONFIG))
    found, measured = best_of(5, lambda: signals(*buffers(cleaned)))
    frame = pl.DataFrame(found).with_columns(lang=pl.lit("en"), domain=pl.lit("web"), source=pl.lit("bench"))
    group = (RuleGroup(presets=PRESETS),)
    _, decided = best_of(5, lambda: rules.reasons(frame, group))
    return {"edits": edits, "signals": measured, "rules": decided}


def datatrove(documents: list[str]) -> float:
    """Seconds of datatrove's formatter and filters, one after the other; each document meets every one."""
    formatter = PIIFormatter()
    filters = [GopherQualityFilter(), GopherRepetitionFilter(), C4QualityFilter(), FineWebQualityFilter()]

    def run() -> None:
        for text in documents:
            formatted = formatter.format(text)
            for step in filters:
                step.filter(Document(text=formatted, id=""))

    for step in filters:
        step.filter(Document(text=documents[0], id=""))  # its word splitter is loaded
    return best_of(1, run)[1]


def measure(megabytes: float) -> dict[str, Any]:
    """MB/s of each, ratios, and the shares of our pass."""
    logger.remove()
    os.environ["TQDM_DISABLE"] = "1"
    figures: dict[str, Any] = {"mb_s": {}, "shares": {}}
    for lang in ("en", "zh", "code"):
        column = texts(lang, megabytes)
        taken = ours(column, is_code=lang == "code")
        total = sum(taken.values())
        figures["mb_s"][f"smelt {lang}"] = column.nbytes / 1e6 / total
        figures["shares"][lang] = {name: seconds / total for name, seconds in taken.items()}
    english = texts("en", megabytes)
    size, listed = english.nbytes / 1e6, english.to_pylist()
    figures["mb_s"]["datatrove"] = size / datatrove(listed)
    with mock.patch.object(word_tokenizers, "load_word_tokenizer", lambda language: PlainWords()):
        figures["mb_s"]["datatrove_plain_words"] = size / datatrove(listed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "documents.jsonl"
        file.write_text("".join(json.dumps({"text": text}) + "\n" for text in listed))
        for peer in ("dolma", "data_juicer"):
            if (answer := ask(peer, file)) is not None:
                figures["mb_s"][peer] = size / answer["seconds"]
    rate = figures["mb_s"]["smelt en"]
    names = {"datatrove": "datatrove_rules"}
    peers = [name for name in figures["mb_s"] if not name.startswith("smelt")]
    return {"ratios": {names.get(name, name): rate / figures["mb_s"][name] for name in peers}, "figures": figures}


def table(figures: dict[str, Any]) -> list[str]:
    """MB/s of each, and what our pass spends its time on."""
    lines = [f"{name:24} {rate:9.2f} MB/s" for name, rate in figures["mb_s"].items()]
    for lang, shares in figures["shares"].items():
        lines.append(f"smelt {lang}: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
    return lines


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=4.0)
