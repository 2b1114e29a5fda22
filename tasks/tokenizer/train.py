"""Training a byte-level BPE (Sennrich et al. 2016; Radford et al. 2019) that has no dirty tokens.

Every text is a sequence of bytes, so nothing is ever unknown. Before merging, text is split by Qwen2's
pattern: words with the space before them, punctuation, line ends, and digits *each alone* or in groups from
the right, so that numbers are always cut the same way and arithmetic can be learned.

The most frequent pair is merged, then the next, as Hugging Face's tokenizers does it, but for pairs that would give
what no token should be (``tasks.tokenizer.dirty``): they stay apart, nothing is built on them, and the vocabulary
goes on with the next pair until it has its size.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from smelt.recipe.tokenizer import LISTED, TokenizerConfig
from tasks.pretokens import PATTERNS
from tasks.tokenizer.dirty import SPARED, malformed, rule_of
from tasks.tokenizer.merging import Merger
from tasks.tokenizer.words import SEVERAL, Words, count_words

_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = [*_PRINTABLE, *(byte for byte in range(256) if byte not in _PRINTABLE)]
"""The bytes in the order of the characters that stand for them in a ``tokenizer.json`` (GPT-2's table)."""
CHARACTERS = {
    byte: chr(byte if place < len(_PRINTABLE) else 256 + place - len(_PRINTABLE)) for place, byte in enumerate(BYTES)
}
Cite = Callable[[Sequence[int]], Mapping[int, tuple[str, str]]]
MAX_EXAMPLES = 300
"""Removed tokens of a rule that are listed, at most; all are counted."""


@dataclass(frozen=True)
class Trained:
    """A tokenizer, and what became of it on the way.

    Attributes:
        tokenizer_json: the same bytes for the same sample.
        removed: by rule, how many tokens were not let in.
        examples: the most frequent of them: token, rule, uses, where from and a text.
        spared: tokens that a rule names and that stay because they stand mostly in code.
        pieces: what a tokenizer that was extended makes of each new token, by its id.
    """

    tokenizer_json: bytes
    removed: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    spared: frozenset[str] = frozenset()
    pieces: dict[int, list[int]] = field(default_factory=dict)


def train(sample: pa.Table, config: TokenizerConfig) -> Trained:
    """Train on documents that are all at hand (``text``, ``lang``, ``source``, ``url``, ``id``); see ``learn``."""
    assert config.train is not None, "only a tokenizer with `train` is trained"
    words = count_words(sample, PATTERNS[config.train.digits], config.whole_tokens())
    return learn(
        words, config, lambda rows: {row: (sample["id"][row].as_py(), sample["text"][row].as_py()) for row in rows}
    )


def learn(words: Words, config: TokenizerConfig, cite: Cite) -> Trained:
    """Train on words.

    The special tokens come first (end of document is id 0), then the strings that are one token each, then the 256
    bytes, then what is merged, in the order of merging.

    Args:
        cite: id and text of documents by their numbers; asked for what examples are shown from.
    """
    assert config.train is not None, "only a tokenizer with `train` is trained"
    whole = config.whole_tokens()
    learner = _Learner(words, config, room=config.train.vocab_size - len(config.special_tokens) - len(whole))
    learner.learn()
    names = ["".join(CHARACTERS[byte] for byte in piece) for piece in learner.pieces]
    given = [*config.special_tokens, *whole]
    tokens = [*given, *names]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={token: number for number, token in enumerate(tokens)},
            merges=[(names[left], names[right]) for left, right in learner.merges],
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERNS[config.train.digits]), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(given)
    described = json.loads(tokenizer.to_str())
    for token in described["added_tokens"]:
        token["special"] = token["content"] not in whole
    return Trained(
        json.dumps(described, ensure_ascii=False, indent=1).encode(),
        dict(learner.removed),
        learner.shown(cite),
        frozenset(learner.spared),
    )


class _Learner:
    """Merges until the vocabulary is full.

    Attributes:
        pieces: the bytes of each token, the 256 bytes first.
        merges: pairs of tokens, in order.
        removed: by rule, how many tokens were not let in.
        spared: tokens that a rule names and that stay.
    """

    def __init__(self, words: Words, config: TokenizerConfig, room: int) -> None:
        assert config.train is not None
        self._words, self._config, self._room = words, config.train, room
        self._listed = self._config.dirty.listed.read(LISTED)
        self.pieces = [bytes([byte]) for byte in BYTES]
        self.merges: list[tuple[int, int]] = []
        self.removed: Counter[str] = Counter()
        self.spared: set[str] = set()
        self._examples: list[tuple[dict[str, Any], int]] = []
        ranks = np.empty(256, np.int32)
        ranks[BYTES] = np.arange(256)
        self._merger = Merger(ranks[words.content], words.starts, words.counts, room)

    def learn(self) -> None:
        """Merge the most frequent pair that may be a token, again and again."""
        numbers = {piece: number for number, piece in enumerate(self.pieces)}
        refused: set[bytes] = set()
        while len(self.pieces) < self._room and (found := self._merger.top()) is not None:
            slot, left, right, total = found
            if total < self._config.min_frequency:
                break
            piece = self.pieces[left] + self.pieces[right]
            if len(piece) > self._config.max_token_bytes or piece in refused:
                continue
            if piece not in numbers:
                if self._refuses(slot, piece):
                    refused.add(piece)
                    continue
                numbers[piece] = len(self.pieces)
                self.pieces.append(piece)
            self.merges.append((left, right))
            self._merger.merge(slot, numbers[piece])

    def _refuses(self, slot: int, piece: bytes) -> bool:
        rule = malformed(piece)
        text = piece.decode(errors="replace")
        if rule is None and not text.endswith("\ufffd"):
            rule = rule_of(text, self._config.dirty, self._listed)
        ask_origin = rule is None and "origin" in self._config.dirty.rules and len(piece) > 1
        if rule is None and not (ask_origin and self._words.suspected.any()):
            return False
        survey = self._merger.survey(slot, self._words.codes, self._words.origins)
        if rule is None:
            if survey.origin < 0 or not self._words.suspected[survey.origin]:
                return False
            rule = "origin"
        if rule in SPARED and 2 * survey.in_code >= survey.total:
            self.spared.add(text)
            return False
        self.removed[rule] += 1
        if self.removed[rule] <= MAX_EXAMPLES:
            shown = piece.decode(errors="backslashreplace")
            self._examples.append(({"token": shown, "rule": rule, "uses": survey.total}, survey.word))
        return True

    def shown(self, cite: Cite) -> list[dict[str, Any]]:
        """The examples with where their words were met first: the document, its origin, and the text around."""
        words = self._words
        texts = cite(sorted({int(words.documents[word]) for _, word in self._examples}))
        found = []
        for example, word in self._examples:
            document, text = texts[int(words.documents[word])]
            own, origin = words.text(word), words.origins[word]
            place = max(0, text.find(own))
            found.append(
                example
                | {
                    "origin": words.names[origin] if origin != SEVERAL else "several",
                    "document": document,
                    "text": text[max(0, place - 30) : place + len(own) + 30],
                }
            )
        return found
