"""The words of a sample: every pre-token once, with how often it stands there, how often in code, and where from."""

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import regex

MIN_ORIGINS = 4
"""Where a language has fewer origins, that a token comes from one alone says nothing."""
MAX_SHARE = 0.25
"""An origin with more of a language's bytes is not suspected: much of the language stands there alone."""


@dataclass
class Words:
    """Pre-tokens in the order in which they were met.

    Attributes:
        texts: each once.
        counts, codes: how often each stands in the sample, and of those in code.
        origins: the number of the only origin of each; -1 where there are several.
        documents: the row of the first document that has it.
        names: the origins' names.
        suspected: whether a token that comes from an origin alone is dirty, by origin.
    """

    texts: list[str] = field(default_factory=list)
    counts: array = field(default_factory=lambda: array("q"))
    codes: array = field(default_factory=lambda: array("q"))
    origins: array = field(default_factory=lambda: array("i"))
    documents: array = field(default_factory=lambda: array("i"))
    names: list[str] = field(default_factory=list)
    suspected: np.ndarray = field(default_factory=lambda: np.empty(0, bool))


def finder(whole: Sequence[str]) -> re.Pattern[str]:
    """Finds the strings that are one token each, as tokenizers does: the first, and of several there the longest."""
    return re.compile("|".join(re.escape(token) for token in sorted(whole, key=len, reverse=True)))


def count_words(sample: pa.Table, pattern: str, whole: Sequence[str]) -> Words:
    """The words of the documents.

    Args:
        sample: ``text``, ``lang``, ``source`` and ``url``.
        pattern: cuts text into pre-tokens.
        whole: strings that are one token each; they and what they are in the middle of are no words.
    """
    found, pieces, borders = Words(), regex.compile(pattern), finder(whole)
    places: dict[str, int] = {}
    numbers: dict[str, int] = {}
    where = origins(sample)
    rows = zip(sample["text"], sample["lang"].to_pylist(), where, strict=True)
    for row, (text, lang, name) in enumerate(rows):
        origin, is_code = numbers.setdefault(name, len(numbers)), lang == "code"
        words: Counter[str] = Counter()
        content = text.as_py()
        for between in borders.split(content):
            words.update(pieces.findall(between))
        for word, count in words.items():
            place = places.setdefault(word, len(places))
            if place == len(found.counts):
                found.counts.append(count)
                found.codes.append(count if is_code else 0)
                found.origins.append(origin)
                found.documents.append(row)
            else:
                found.counts[place] += count
                found.codes[place] += count if is_code else 0
                if found.origins[place] != origin:
                    found.origins[place] = -1
    found.texts, found.names = list(places), list(numbers)
    found.suspected = _suspected(sample, where, found.names)
    return found


def origins(sample: pa.Table) -> list[str]:
    """Where each document comes from: its page's host, or else its source."""
    rows = zip(sample["url"].to_pylist(), sample["source"].to_pylist(), strict=True)
    return [(urlsplit(url).hostname if url else None) or source for url, source in rows]


def _suspected(sample: pa.Table, where: list[str], names: list[str]) -> np.ndarray:
    """Whether each origin is one among several of its main language, and none of the large ones."""
    table = pa.table({"origin": where, "lang": sample["lang"], "bytes": pc.binary_length(sample["text"])})
    sizes: dict[str, dict[str, int]] = {}
    for row in table.group_by(["origin", "lang"]).aggregate([("bytes", "sum")]).to_pylist():
        sizes.setdefault(row["lang"], {})[row["origin"]] = row["bytes_sum"]
    suspected = []
    for name in names:
        lang = max(sorted(sizes), key=lambda lang: sizes[lang].get(name, 0))
        own = sizes[lang]
        suspected.append(len(own) >= MIN_ORIGINS and own[name] <= MAX_SHARE * sum(own.values()))
    return np.array(suspected, bool)
