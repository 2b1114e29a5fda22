"""Near-duplicates: our MinHash against datatrove's, on the same documents with the same bands and rows; and passages.

Both run in one process and do the whole chain: signatures, buckets, what goes; ours verifies each pair on the way. Both
ones' signatures are timed alone, too. datatrove runs twice, with its own word splitter (spaCy) and with a plain
``\\w+`` in its place, which shows how much is the splitter. Repeated paragraphs and shared passages are ours alone; and
what a worker takes of memory, with all levels on, over a corpus and one of sixteen times as much
(``bench.dedup_worker``).

    python -m bench.dedup --json FILE [--megabytes 6]
"""

import os
import tempfile
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import regex
import xxhash
from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.utils.hashing import HashConfig
from datatrove.utils.logging import logger

from bench.command import best_of, command
from bench.dedup_worker import peak_mb
from bench.texts import texts
from smelt.recipe.dedup import DedupConfig, MinHash, Spans, Substrings
from tasks.dedup import minhash, settling
from tasks.dedup.buckets import decide
from tasks.dedup.spans import found_spans, repeated
from tasks.dedup.stage import _keys
from tasks.dedup.substrings import contexts
from tasks.dedup.substrings.anchors import found_anchors
from tasks.dedup.verifying import Pairs, packed
from tasks.units import text_buffers

CONFIG = MinHash(bands=14, rows=8, shingle_words=5)
SUBSTRINGS = Substrings()
THEIRS = MinhashConfig(
    n_grams=CONFIG.shingle_words,
    num_buckets=CONFIG.bands,
    hashes_per_bucket=CONFIG.rows,
    hash_config=HashConfig(precision=64),
)
LARGER = 16
"""How many times as large the other corpus is on which memory is measured."""


class PlainWords:
    """A word splitter for datatrove that does nothing but ``\\w+``."""

    def word_tokenize(self, text: str) -> list[str]:
        """The words of a text."""
        return regex.findall(r"\w+", text)

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Where the sentences of a text begin and end: each ends with a mark and a blank."""
        ends = [found.end() for found in regex.finditer(r"[.!?]\s+|$", text)]
        return list(zip([0, *ends], ends, strict=False))


def ours(documents: pa.Array) -> np.ndarray:
    """Which of the documents go: proposed by bands, verified by their shingles, settled in order."""
    config = DedupConfig(minhash=CONFIG)
    rows = np.arange(len(documents))
    table = pa.table({"id": [f"{row:016x}" for row in rows], "text": documents})
    pairs, candidates = decide(_keys(table, config, 0, rows))
    texts = {
        name: np.concatenate([np.zeros(0, np.uint32), *packed(minhash.described(found, CONFIG, as_sets=True))])
        for name in ("better_row", "holder_row")
        for found in [documents.take(pa.array(np.unique(candidates[name]).astype(np.int64)))]
    }
    proposed = Pairs(candidates["text"], candidates["better_text"], texts["better_row"], config.verify)
    proposed.compare(texts["holder_row"])
    candidates["similarity"] = proposed.similarities()
    pairs = np.concatenate((pairs, settling.pairs_of(candidates[candidates["similarity"] >= config.threshold])))
    pairs = pairs[settling.settling_order(pairs)]
    gone = np.zeros(len(documents), np.bool_)
    gone[pairs["row"][settling.Settled([len(documents)]).decide(pairs)]] = True
    return gone


def paragraphs(documents: pa.Array) -> np.ndarray:
    """What is cut of the documents as repeated paragraphs (CUT)."""
    spans, owners = found_spans(documents, Spans())
    spans["row"] = spans["id"] = owners
    return repeated(spans, Spans().times)[0]


def passages(documents: pa.Array) -> np.ndarray:
    """What is marked in the documents as shared passages (CUT)."""
    anchors, owners = found_anchors(documents, SUBSTRINGS.min_bytes)
    anchors["row"] = anchors["id"] = owners
    requests, _ = contexts.requested(anchors)
    heads = np.zeros(len(requests), contexts.HEAD)
    for name in contexts.REQUEST.names or ():
        heads[name] = requests[name]
    rows = heads["row"].astype(np.int64)
    stream = contexts.described(*text_buffers(documents), rows, heads, SUBSTRINGS.min_bytes)
    return contexts.matched(stream, SUBSTRINGS.min_bytes)[0]


def their_signatures(documents: list[Document]) -> None:
    """datatrove's signatures alone, with its own splitter."""
    with tempfile.TemporaryDirectory() as folder:
        _signature(folder, plain_words=False).run(iter(documents))


def _signature(folder: str, *, plain_words: bool) -> MinhashDedupSignature:
    signature = MinhashDedupSignature(f"{folder}/signatures", THEIRS)
    signature._hash_func = lambda shingle: xxhash.xxh64_intdigest(shingle.encode())  # xxhash 4 takes no str
    if plain_words:
        signature.word_tokenizer = PlainWords()
    return signature


def theirs(documents: list[Document], *, plain_words: bool) -> np.ndarray:
    """Which of the documents go, by datatrove's chain."""
    with tempfile.TemporaryDirectory() as folder:
        _signature(folder, plain_words=plain_words).run(iter(documents))
        buckets = MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=THEIRS)
        for bucket in range(CONFIG.bands):
            buckets.run(None, bucket, CONFIG.bands)
        MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove", config=THEIRS).run(None, 0, 1)
        kept = {document.id for document in MinhashDedupFilter(f"{folder}/remove").run(iter(documents), 0, 1)}
    return np.array([document.id not in kept for document in documents])


def measure(megabytes: float) -> dict[str, Any]:
    """MB/s of each, ratios, and how many documents go."""
    logger.remove()
    os.environ["TQDM_DISABLE"] = "1"
    ours(pa.array(["warm", "up"], pa.large_string()))  # compiled code is cached across runs; loading it takes a moment
    result: dict[str, Any] = {"mb_s": {}, "dropped": {}, "documents": {}, "passages_mb_s": {}}
    for lang in ("en", "code", "zh"):
        column = texts(lang, megabytes)
        size = column.nbytes / 1e6
        gone, took = best_of(3, partial(ours, column))
        result["documents"][lang] = len(column)
        result["mb_s"][lang] = {"smelt": size / took}
        result["dropped"][lang] = {"smelt": int(gone.sum())}
        result["passages_mb_s"][lang] = {
            name: size / best_of(3, partial(cut, column))[1]
            for name, cut in (("paragraph", paragraphs), ("substring", passages))
        }
        if lang == "zh":
            continue  # datatrove's Chinese needs a word splitter with downloaded models
        documents = [Document(text=text, id=str(place)) for place, text in enumerate(column.to_pylist())]
        for name, plain in (("datatrove", False), ("datatrove_plain_words", True)):
            dropped, took = best_of(1, partial(theirs, documents, plain_words=plain))
            result["mb_s"][lang][name] = size / took
            result["dropped"][lang][name] = int(dropped.sum())
    column = texts("en", megabytes)
    documents = [Document(text=text, id=str(place)) for place, text in enumerate(column.to_pylist())]
    _, alone = best_of(3, lambda: minhash.keys(column, CONFIG))
    _, their_own = best_of(1, lambda: their_signatures(documents))
    result["memory_mb"] = {f"{copies}x": peak_mb(column, copies) for copies in (1, LARGER)}
    english = result["mb_s"]["en"]
    ratios = {
        "datatrove_signatures": their_own / alone,
        "datatrove_chain": english["smelt"] / english["datatrove"],
        "datatrove_chain_plain_words": english["smelt"] / english["datatrove_plain_words"],
    }
    return {"ratios": ratios, "figures": result}


def table(figures: dict[str, Any]) -> list[str]:
    """MB/s and dropped documents, by language; MB/s of passages, and a worker's memory."""
    lines = [
        f"{lang:5} {name:24} {rate:9.2f} MB/s   drops {figures['dropped'][lang][name]}"
        for lang, rates in figures["mb_s"].items()
        for name, rate in rates.items()
    ]
    lines += [
        f"{lang:5} {name:24} {rate:9.2f} MB/s"
        for lang, rates in figures["passages_mb_s"].items()
        for name, rate in rates.items()
    ]
    return lines + [f"memory of a worker, {name:9} {peak:9.0f} MB" for name, peak in figures["memory_mb"].items()]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=6.0)
