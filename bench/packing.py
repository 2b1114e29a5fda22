"""Documents packed whole into sequences (``packing: best_fit``) against documents laid end to end.

Debian's documentation in the order of chance, in contexts of two lengths: the share of tokens that is padding, and the
share of documents that are cut, and that are cut though they would fit a context, in both ways. On documents of made-up
lengths (log-normal), how long packing takes.

    python -m bench.packing --json FILE [--megabytes 14]
"""

from typing import Any

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer

from bench.command import best_of, command
from bench.order import drawn
from bench.texts import texts
from smelt.recipe.tokenizer import TokenizerConfig
from tasks.blocks.mixing import Stream
from tasks.blocks.packing import contexts, ends
from tasks.blocks.packing.cuts import Cuts
from tasks.encoder import Encoder
from tasks.tokenizer.sample import of_texts
from tasks.tokenizer.train import train

CONTEXTS = (2048, 8192)
MADE_UP = 1_000_000


def laid(lengths: np.ndarray, cuts: Cuts, length: int) -> Stream:
    """As many contexts as the documents have tokens for, but for the last."""
    return contexts.laid(drawn(lengths), lengths, cuts, length, int(lengths.sum() - 1) // length)


def shares(stream: Stream, lengths: np.ndarray, length: int) -> dict[str, float]:
    """What packing costs and saves, as shares of tokens and of documents."""
    found: dict[str, Any] = contexts.figures(stream, lengths, length)
    count, otherwise = found["documents"], found["concatenate"]
    return {
        "documents": count,
        "padding share": found["padding"] / (found["padding"] + int(stream.tokens.sum())),
        "cut share": found["cut"] / count,
        "concatenated cut share": otherwise["cut"] / count,
        "concatenated needless share": otherwise["needless"] / count,
    }


def real(lang: str, megabytes: float) -> dict[str, dict[str, float]]:
    """Real text, by the length of contexts."""
    documents = texts(lang, megabytes).to_pylist()
    config = TokenizerConfig.model_validate({"train": {"vocab_size": 16_384}})
    tokenizer = train(of_texts([text[:20_000] for text in documents]), config).tokenizer_json
    ids, lengths = Encoder(tokenizer).encode(pa.array(documents, pa.large_string()))
    kinds, known = ends.kinds(Tokenizer.from_str(tokenizer.decode())), np.split(ids, np.cumsum(lengths)[:-1])
    found = {}
    for length in CONTEXTS:
        places = [ends.cuts(own, length, kinds) for own in known]
        numbers = np.repeat(np.arange(len(places)), [len(own) for own in places])
        found[str(length)] = shares(laid(lengths, Cuts(numbers, np.concatenate(places)), length), lengths, length)
    return found


def made_up() -> dict[str, float]:
    """Documents of a thousand tokens or so, in the longer contexts; the few that are longer are no longer than one."""
    sizes = np.random.default_rng(0).lognormal(6.4, 1.1, MADE_UP).astype(np.int64) + 1
    lengths = np.minimum(sizes, max(CONTEXTS))
    none = Cuts(np.zeros(0, np.int64), np.zeros(0, np.int64))
    stream, seconds = best_of(1, lambda: laid(lengths, none, max(CONTEXTS)))
    return {"tokens": int(lengths.sum()), "seconds": seconds, **shares(stream, lengths, max(CONTEXTS))}


def measure(megabytes: float) -> dict[str, Any]:
    """Shares, and how many times as many documents are cut where they lie end to end."""
    laid(np.full(8, 3), Cuts(np.zeros(0, np.int64), np.zeros(0, np.int64)), 8)  # loading compiled code takes a moment
    figures: dict[str, Any] = {lang: real(lang, megabytes) for lang in ("en", "zh")}
    ratios = {
        f"{lang} {length}": one["concatenated cut share"] / one["cut share"]
        for lang, by_length in figures.items()
        for length, one in by_length.items()
    }
    return {"ratios": ratios, "figures": figures | {"made_up": made_up()}}


def table(figures: dict[str, Any]) -> list[str]:
    """A line a corpus and length of contexts."""
    rows = [(f"{lang} {length}", one) for lang in ("en", "zh") for length, one in figures[lang].items()]
    return [
        f"{name:10} {one['documents']:9,} documents  padding {one['padding share']:.2%}  cut {one['cut share']:.2%}"
        f"  laid end to end {one['concatenated cut share']:.2%} ({one['concatenated needless share']:.2%} needlessly)"
        for name, one in [*rows, ("made up", figures["made_up"])]
    ]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=14)
