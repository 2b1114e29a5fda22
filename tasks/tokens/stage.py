"""Tokens: each part of kept documents as two Megatron indexed datasets, for training and held out.

Beside each ``.bin``/``.idx`` lies a ``.docs.parquet`` that says of each document what it is and where its
tokens are, so that later stages choose and weigh documents without reading a token. Every document ends
with the end-of-document token. A part with nothing for one of the splits has empty files there.
"""

import os
from contextlib import ExitStack
from functools import cached_property, lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from smelt.lake import held
from smelt.lake.artifact import merge_stats
from smelt.recipe.tokens import TokensConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards, small
from tasks import documents, invariants
from tasks.encoder import Encoder
from tasks.indexed import checksums, index_bytes, token_dtype
from tasks.sampling import draws
from tasks.tally import tally

SPLITS = {"train": "", "valid": ".valid"}
"""Suffix of the files of each split."""


def work(context: Context, shard: Shard) -> Part:
    """Encode a part's kept documents, a row group at a time."""
    config: TokensConfig = context.config
    tokenizer = context.inputs["tokenizer"]
    vocabulary = held.read_json(context.lake, tokenizer, "tokenizer", "/figures.json")
    encoder = _encoder(held.read(context.lake, tokenizer, "tokenizer", "/tokenizer.json"))
    columns = ["id", "text", "num_bytes", "lang", "domain", "source", documents.KEPT]
    found = []
    with ExitStack() as stack:
        splits = {
            split: stack.enter_context(_Split(context, shard, suffix, encoder, vocabulary))
            for split, suffix in SPLITS.items()
        }
        for table in documents.batches(context.lake, context.inputs, shard.name, columns):
            table = table.filter(table[documents.KEPT])
            labels = {name: table[name] for name in ("lang", "domain", "source")}
            found.append(tally(num_bytes=table["num_bytes"], **labels))
            held_out = draws(table["id"], "validation") < config.validation_share
            splits["train"].add(table.filter(pa.array(~held_out)))
            splits["valid"].add(table.filter(pa.array(held_out)))
    files: dict[str, bytes | Path] = {}
    stats = merge_stats(found)
    for split, written in splits.items():
        files |= written.files()
        stats[split] = written.stats()
        stats = merge_stats([stats, *written.broken])
    stats["tokens"] = sum(stats[split]["tokens"] for split in SPLITS)
    return Part(files, rows=stats["documents"], stats=stats)


def made_of(context: Context, shard: Shard) -> dict[str, Any]:
    """Tokens are a function of the config, the tokenizer, the text, and the columns that say what of it is encoded and
    under which labels; whatever else ``score`` or ``dedup`` write of a document changes no token."""
    decisive = ["lang", "domain", documents.KEPT, documents.CUTS]
    columns = xxhash.xxh3_128()
    for table in documents.batches(context.lake, context.inputs, shard.name, decisive):
        columns.update(documents.write(table))
    tokenizer = context.inputs["tokenizer"]
    vocabulary = held.read_json(context.lake, tokenizer, "tokenizer", "/figures.json")
    return {
        "config": context.config,
        "clean": context.inputs["clean"].part(shard.name).digest,
        "columns": columns.hexdigest(),
        "tokenizer": tokenizer.part("tokenizer").files["/tokenizer.json"].sha256,
        "vocabulary": [vocabulary["vocab_size"], vocabulary["end_of_document"]["id"]],
    }


class _Split:
    """The token file of one split, to which documents are appended, and its index."""

    def __init__(
        self, context: Context, shard: Shard, suffix: str, encoder: Encoder, vocabulary: dict[str, Any]
    ) -> None:
        self.suffix, self.encoder = suffix, encoder
        self.end, self.dtype = vocabulary["end_of_document"]["id"], token_dtype(vocabulary["vocab_size"])
        self.path = context.scratch / f"{shard.name}.{os.getpid()}{suffix}.bin"
        self.vocab_size = vocabulary["vocab_size"]
        self.tables: list[pa.Table] = []
        self.broken: list[dict[str, Any]] = []

    def add(self, table: pa.Table) -> None:
        """Encode documents and append them; each ends with the end-of-document token."""
        ids, lengths = self.encoder.encode(table["text"])
        lengths = lengths + 1
        written = np.insert(ids, np.cumsum(lengths - 1), self.end).astype(self.dtype)
        content = written.tobytes()
        self.file.write(content)
        counts = invariants.tokens(ids, written, lengths, vocab_size=self.vocab_size, end=self.end)
        self.broken.append(invariants.violations("tokens", table, **counts))
        index = table.select(["id", "lang", "domain", "source"])
        index = index.append_column("tokens", pa.array(lengths, pa.int64()))
        index = index.append_column("bytes", pc.cast(table["num_bytes"], pa.int64()))
        self.tables.append(index.append_column("checksum", pa.array(checksums(content, lengths, self.dtype))))

    def files(self) -> dict[str, bytes | Path]:
        """The token file, Megatron's index of it, and what each document is."""
        lengths = self.index["tokens"].to_numpy()
        index = self.index.add_column(4, "offset", pa.array(np.cumsum(lengths) - lengths, pa.int64()))
        return {
            f"{self.suffix}.bin": self.path,
            f"{self.suffix}.idx": index_bytes(lengths, self.dtype),
            f"{self.suffix}.docs.parquet": documents.write(index),
        }

    def stats(self) -> dict[str, Any]:
        """Documents and tokens, in all and by label."""
        tokens = int(self.index["tokens"].to_numpy().sum())
        return {"documents": len(self.index), "tokens": tokens, **_tokens_by_label(self.index)}

    @cached_property
    def index(self) -> pa.Table:
        """What each document is, in the order of the token file."""
        return pa.concat_tables(self.tables)

    def __enter__(self) -> "_Split":
        self.file = self.path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        if error is not None:
            self.path.unlink()


def _tokens_by_label(index: pa.Table) -> dict[str, dict[str, int]]:
    langs, domains, sizes = (index[name].to_pylist() for name in ("lang", "domain", "tokens"))
    by_lang: dict[str, int] = {}
    by_domain: dict[str, int] = {}
    for lang, domain, size in zip(langs, domains, sizes, strict=True):
        by_lang[lang] = by_lang.get(lang, 0) + size
        by_domain[f"{lang}/{domain}"] = by_domain.get(f"{lang}/{domain}", 0) + size
    return {"tokens_by_lang": by_lang, "tokens_by_domain": by_domain}


@lru_cache(maxsize=1)  # a worker encodes many parts with one tokenizer
def _encoder(tokenizer_json: bytes) -> Encoder:
    return Encoder(tokenizer_json)


STAGE = Stage("tokens", rounds=(Round("parts", parts_as_shards("clean"), work, made_of, in_driver=small),))
