"""Documents beside their neighbours (``order: in_context``) against a shuffle: how alike those in a context are.

On real text, and on made-up documents that take turns in being about a hundred things. The same documents are cut into
contexts of 2,048 tokens in both orders; looked at are those that follow each other in one context. How alike two are is
measured by other means than the order's own vectors: the cosine of their words (in Chinese characters and pairs),
weighed by TF-IDF, with nothing hashed. Of made-up documents it is the share of pairs that are about the same.

    python -m bench.order --json FILE [--megabytes 14]
"""

import time
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import regex
import scipy.sparse as sparse

from bench.command import command
from bench.texts import texts
from smelt.recipe.tokenizer import TokenizerConfig
from tasks.blocks.context import pools, vectors
from tasks.blocks.context.path import path
from tasks.blocks.mixing import Pieces, Stream
from tasks.encoder import Encoder
from tasks.tokenizer.sample import of_texts
from tasks.tokenizer.train import train

CONTEXT = 2048
PLANTED, THINGS = 40_000, 100
_WORDS = regex.compile(r"\p{Han}|[^\W\d_\p{Han}]{2,}")


def drawn(lengths: np.ndarray) -> Stream:
    """The documents in an order that chance has made."""
    order = np.random.default_rng(0).permutation(len(lengths))
    share, ones = {"all": 1.0}, np.ones(len(lengths), np.int32)
    return Stream(order, ones, np.zeros(len(lengths), np.int64), lengths[order], share, share, {})


def laid(stream: Stream, tokens: np.ndarray, ends: np.ndarray) -> tuple[Pieces, float]:
    """The documents in contexts of neighbours, and the processor's seconds for vectors and paths."""
    start = time.process_time()
    made = vectors.vectors(tokens, ends, vectors.frequencies(tokens, ends), len(ends))
    pool, count = pools.pools(stream)
    places = [np.flatnonzero(pool == number) for number in range(count)]
    found = [own[path(made[stream.documents[own]])] for own in places]
    took = time.process_time() - start
    return pools.arranged(stream, found, pool, CONTEXT, 0), took


def neighbours(pieces: Pieces) -> np.ndarray:
    """Pairs of documents (int64, P x 2) that follow each other in a context."""
    context = (np.cumsum(pieces.tokens) - pieces.tokens) // CONTEXT
    pairs = np.column_stack((pieces.documents[:-1], pieces.documents[1:]))
    return pairs[(context[1:] == context[:-1]) & (pairs[:, 0] != pairs[:, 1])]


def weighed_words(documents: list[str]) -> sparse.csr_array:
    """A row of length 1 for each document: its words by TF-IDF."""
    numbers: dict[str, int] = {}
    rows, columns, counts = [], [], []
    for row, text in enumerate(documents):
        words = _WORDS.findall(text.lower())
        words += [one + other for one, other in pairwise(words) if len(one) == len(other) == 1]
        for word, times in Counter(words).items():
            rows.append(row)
            columns.append(numbers.setdefault(word, len(numbers)))
            counts.append(1 + np.log(times))
    found = sparse.csr_array((counts, (rows, columns)), shape=(len(documents), len(numbers)))
    rarity = np.log(len(documents) / np.bincount(found.indices, minlength=len(numbers)))
    found = found @ sparse.diags_array(rarity)
    lengths = np.sqrt((found * found).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1 / np.maximum(lengths, 1e-9)) @ found)


def real(lang: str, megabytes: float) -> dict[str, float]:
    """Mean similarity of neighbours in a context, in both orders, of real text."""
    column = texts(lang, megabytes)
    documents = column.to_pylist()
    config = TokenizerConfig.model_validate({"train": {"vocab_size": 16_384}})
    tokenizer = train(of_texts([text[:20_000] for text in documents]), config).tokenizer_json
    tokens, lengths = Encoder(tokenizer).encode(pa.array(documents, pa.large_string()))
    stream = drawn(lengths)
    together, took = laid(stream, tokens, np.cumsum(lengths))
    words = weighed_words(documents)
    alike = {
        name: float((words[pairs[:, 0]] * words[pairs[:, 1]]).sum(axis=1).mean())
        for name, pairs in (("in_context", neighbours(together)), ("shuffle", neighbours(stream.pieces)))
    }
    return {"documents": len(documents), "tokens": int(lengths.sum()), "seconds": took, **alike}


def planted() -> dict[str, float]:
    """Share of neighbours in a context that are about the same, in both orders, of made-up documents."""
    draw = np.random.default_rng(0)
    lengths, about = draw.integers(50, 400, PLANTED), np.arange(PLANTED) % THINGS
    ends, of = np.cumsum(lengths), np.repeat(about, lengths)
    common, own = draw.zipf(1.3, len(of)) % 5000, 5000 + 100 * of + draw.zipf(1.3, len(of)) % 100
    tokens = np.where(draw.random(len(of)) < 0.8, common, own).astype(np.uint16)
    stream = drawn(lengths)
    together, took = laid(stream, tokens, ends)
    same = {
        name: float((about[pairs[:, 0]] == about[pairs[:, 1]]).mean())
        for name, pairs in (("in_context", neighbours(together)), ("shuffle", neighbours(stream.pieces)))
    }
    return {"documents": PLANTED, "tokens": int(ends[-1]), "seconds": took, **same}


def measure(megabytes: float) -> dict[str, Any]:
    """Similarities in both orders, and how many times that of a shuffle the other is."""
    warm = np.arange(64, dtype=np.uint16)
    laid(drawn(np.full(8, 8)), warm, np.arange(8, 65, 8))  # compiled code is cached; loading it takes a moment
    figures = {"en": real("en", megabytes), "zh": real("zh", megabytes), "planted": planted()}
    return {"ratios": {name: one["in_context"] / one["shuffle"] for name, one in figures.items()}, "figures": figures}


def table(figures: dict[str, Any]) -> list[str]:
    """A line a corpus."""
    return [
        f"{name:8} {one['documents']:7,} documents  in_context {one['in_context']:.3f}  shuffle {one['shuffle']:.3f}"
        f"  {one['seconds']:.2f} s"
        for name, one in figures.items()
    ]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=14)
