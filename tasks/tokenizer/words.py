"""The words of a sample: every pre-token once, with how often it stands there, how often in code, and where from.

They are counted part by part and added up range by range of their hashes (see ``counting``), so that no process holds
the text; what trains holds the words alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import regex

MIN_ORIGINS = 4
"""Where a language has fewer origins, that a token comes from one alone says nothing."""
MAX_SHARE = 0.25
"""An origin with more of a language's bytes is not suspected: much of the language stands there alone."""
SEVERAL = -1
"""In the place of an origin's number, of what comes from more than one."""
COUNTED = pa.schema(
    [
        ("word", pa.large_string()),
        ("count", pa.int64()),  # in the sample
        ("codes", pa.int64()),  # of these in code
        ("origin", pa.int32()),  # the number of its only origin, or SEVERAL
        ("first", pa.int64()),  # sorts as the words were met
        ("document", pa.int64()),  # the first that has it
    ]
)
_HELD = 4_000_000
"""Counted words that a process gathers before it adds up those that are the same."""


@dataclass(frozen=True)
class Words:
    """What a tokenizer learns from; words in the order in which they were met.

    Attributes:
        content: uint8, their bytes end to end.
        starts: int64 [words + 1], where each begins.
        counts, codes: int64, how often each stands in the sample, and of those in code.
        origins: int32, the number of the only origin of each, or ``SEVERAL``.
        documents: int64, the first document that has it, as whoever counted numbers them.
        names: the origins' names.
        suspected: whether a token that comes from an origin alone is dirty, by origin.
    """

    content: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    codes: np.ndarray
    origins: np.ndarray
    documents: np.ndarray
    names: list[str]
    suspected: np.ndarray

    def text(self, word: int) -> str:
        """A word as it stands in text."""
        return self.content[self.starts[word] : self.starts[word + 1]].tobytes().decode()


class Counting:
    """Counts the words of documents as they come.

    Attributes:
        numbers: of the origins met so far, by name.
        sizes: bytes by origin's number and language.
        uses: how often each string that is one token stands in the texts.
    """

    def __init__(self, pattern: str, whole: Sequence[str]) -> None:
        """Nothing yet.

        Args:
            pattern: cuts text into pre-tokens.
            whole: strings that are one token each; they and what they are in the middle of are no words.
        """
        self.numbers: dict[str, int] = {}
        self.sizes: Counter[tuple[int, str]] = Counter()
        self.uses: Counter[str] = Counter()
        self._pieces, self._borders = regex.compile(pattern), finder(whole)
        self._tables: list[pa.Table] = []
        self._met = 0

    def add(self, sample: pa.Table, documents: np.ndarray) -> None:
        """Count some documents: ``text``, ``lang``, ``source`` and ``url``, and the number of each (int64, N)."""
        words: list[str] = []
        lengths = np.zeros(len(sample), np.int64)
        origins = np.array([self._number(name) for name in origins_of(sample)], np.int32)
        langs = sample["lang"].to_pylist()
        for row, text in enumerate(sample["text"]):
            content, before, end = text.as_py(), len(words), 0
            for found in self._borders.finditer(content):
                words += self._pieces.findall(content[end : found.start()])
                self.uses[found[0]] += 1
                end = found.end()
            words += self._pieces.findall(content[end:])
            lengths[row] = len(words) - before
        sizes = pc.binary_length(sample["text"]).to_pylist()
        for origin, lang, size in zip(origins.tolist(), langs, sizes, strict=True):
            self.sizes[origin, lang] += size
        columns = [
            pa.array(words, pa.large_string()),
            np.ones(len(words), np.int64),
            np.repeat(np.array([lang == "code" for lang in langs], np.int64), lengths),
            np.repeat(origins, lengths),
            np.arange(self._met, self._met + len(words)),
            np.repeat(documents, lengths),
        ]
        self._met += len(words)
        self._tables.append(added_up([pa.table(columns, schema=COUNTED)]))
        if self.held > _HELD:
            self._tables = [added_up(self._tables)]

    @property
    def held(self) -> int:
        """Words that are held, at most this many of them different."""
        return sum(map(len, self._tables))

    def take(self) -> pa.Table:
        """The words counted since the last time (``COUNTED``), each once."""
        tables, self._tables = self._tables, []
        return added_up(tables)

    def _number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


def added_up(tables: Iterable[pa.Table]) -> pa.Table:
    """Counted words (``COUNTED``), each once."""
    found = pa.concat_tables([COUNTED.empty_table(), *tables]).group_by("word", use_threads=False)
    sums = [("count", "sum"), ("codes", "sum")]
    ends = [("origin", "min"), ("origin", "max"), ("first", "min"), ("document", "min")]
    table = found.aggregate([*sums, *ends])
    is_one = pc.equal(table["origin_min"], table["origin_max"])
    origin = pc.if_else(is_one, table["origin_min"], pa.scalar(SEVERAL, pa.int32()))
    columns = [table["word"], table["count_sum"], table["codes_sum"], origin, table["first_min"], table["document_min"]]
    return pa.table(columns, schema=COUNTED)


def gathered(tables: Sequence[pa.Table], names: list[str], suspected: np.ndarray) -> Words:
    """What a tokenizer learns from.

    Args:
        tables: counted words (``COUNTED``), each in one of them.
        names, suspected: see ``Words``.
    """
    columns = {
        name: np.concatenate([np.empty(0, np.int64), *(table[name].to_numpy() for table in tables)])
        for name in ("count", "codes", "origin", "first", "document")
    }
    order = np.argsort(columns.pop("first"))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    lengths = np.concatenate([np.empty(0, np.int64), *(pc.binary_length(table["word"]).to_numpy() for table in tables)])
    starts = np.concatenate([[0], np.cumsum(lengths[order])])
    content, place = np.empty(starts[-1], np.uint8), 0
    for table in tables:
        for chunk in table["word"].chunks:
            _fill(content, chunk, starts[places[place : place + len(chunk)]])
            place += len(chunk)
    return Words(
        content,
        starts,
        counts=columns["count"][order],
        codes=columns["codes"][order],
        origins=columns["origin"][order].astype(np.int32),
        documents=columns["document"][order],
        names=names,
        suspected=suspected,
    )


def _fill(content: np.ndarray, words: pa.Array, starts: np.ndarray) -> None:
    """Put each word's bytes where it begins."""
    _, offsets, blob = words.buffers()
    borders = np.frombuffer(offsets, np.int64)[words.offset : words.offset + len(words) + 1]
    found = np.frombuffer(blob, np.uint8)[borders[0] : borders[-1]]
    content[np.repeat(starts - (borders[:-1] - borders[0]), np.diff(borders)) + np.arange(len(found))] = found


def count_words(sample: pa.Table, pattern: str, whole: Sequence[str]) -> Words:
    """The words of documents that are all at hand, numbered by row; arguments as those of ``Counting``."""
    counting = Counting(pattern, whole)
    counting.add(sample, np.arange(len(sample)))
    return gathered([counting.take()], list(counting.numbers), suspected(counting.sizes, len(counting.numbers)))


def finder(whole: Sequence[str]) -> re.Pattern[str]:
    """Finds the strings that are one token each, as tokenizers does: the first, and of several there the longest."""
    return re.compile("|".join(re.escape(token) for token in sorted(whole, key=len, reverse=True)))


def origins_of(sample: pa.Table) -> list[str]:
    """Where each document comes from: its page's host, or else its source."""
    rows = zip(sample["url"].to_pylist(), sample["source"].to_pylist(), strict=True)
    return [(urlsplit(url).hostname if url else None) or source for url, source in rows]


def suspected(sizes: Mapping[tuple[int, str], int], num_origins: int) -> np.ndarray:
    """Whether each origin is one among several of its main language, and none of the large ones.

    Args:
        sizes: bytes by origin's number and language.
    """
    by_lang: dict[str, dict[int, int]] = {}
    for (origin, lang), size in sizes.items():
        by_lang.setdefault(lang, {})[origin] = size
    small = {lang: MAX_SHARE * sum(own.values()) for lang, own in by_lang.items()}
    found = np.zeros(num_origins, bool)
    for origin in range(num_origins):
        lang = max(sorted(by_lang), key=lambda lang: by_lang[lang].get(origin, 0))
        found[origin] = len(by_lang[lang]) >= MIN_ORIGINS and by_lang[lang][origin] <= small[lang]
    return found
