"""Tokens: each part of kept documents as two Megatron indexed datasets, for training and held out.

Beside each ``.bin``/``.idx`` lies a ``.docs.parquet`` that says of each document what it is and where its
tokens are, so that later stages choose and weigh documents without reading a token. Every document ends
with the end-of-document token. A part with nothing for one of the splits has empty files there.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.recipe.tokens import TokensConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks import documents
from tasks.encoder import Encoder
from tasks.indexed import index_bytes, token_dtype
from tasks.sampling import draws
from tasks.tally import tally

SPLITS = {"train": "", "valid": ".valid"}
"""Suffix of the files of each split."""


def work(context: Context, shard: Shard) -> Part:
    """Encode a part's kept documents."""
    config: TokensConfig = context.config
    tokenizer = context.inputs["tokenizer"]
    vocabulary = context.lake.get_json(tokenizer.key("tokenizer", "/figures.json"))
    encoder = _encoder(context.lake.get(tokenizer.key("tokenizer", "/tokenizer.json")))
    columns = {"clean": ["id", "text", "source"], "score": ["lang", "domain"]}
    table = documents.read(context.lake, context.inputs, shard.name, columns)
    table = table.filter(documents.kept(context.lake, context.inputs, shard.name))
    held_out = draws(table["id"], "validation") < config.validation_share
    stats = tally(
        num_bytes=pc.binary_length(table["text"]), lang=table["lang"], domain=table["domain"], source=table["source"]
    )
    files: dict[str, bytes | Path] = {}
    for split, suffix in SPLITS.items():
        chosen = table.filter(pa.array(held_out == (split == "valid")))
        ids, lengths = encoder.encode(chosen["text"])
        lengths = lengths + 1
        tokens = np.insert(ids, np.cumsum(lengths - 1), vocabulary["end_of_document"]["id"])
        dtype = token_dtype(vocabulary["vocab_size"])
        index = pa.table(
            {
                **{name: chosen[name] for name in ("id", "lang", "domain", "source")},
                "offset": pa.array(np.cumsum(lengths) - lengths, pa.int64()),
                "tokens": pa.array(lengths, pa.int64()),
                "bytes": pc.cast(pc.binary_length(chosen["text"]), pa.int64()),
            }
        )
        files |= {
            f"{suffix}.bin": tokens.astype(dtype).tobytes(),
            f"{suffix}.idx": index_bytes(lengths, dtype),
            f"{suffix}.docs.parquet": documents.write(index),
        }
        stats[split] = {"documents": len(index), "tokens": len(tokens), **_tokens_by_label(index)}
    stats["tokens"] = sum(stats[split]["tokens"] for split in SPLITS)
    return Part(files, rows=len(table), stats=stats)


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


STAGE = Stage("tokens", rounds=(Round("parts", parts_as_shards("clean"), work),))
