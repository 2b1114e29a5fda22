"""Text to token ids, for whole Arrow columns.

gigatoken gives the ids that Hugging Face's tokenizers gives, fifty to a hundred times as fast, for the
byte-level BPEs it knows; it refuses what it doesn't know, and then tokenizers does the work.

Documents are data: one that spells out ``<|endoftext|>`` does not end there. So special tokens are never
recognised in text, while the tokens that a recipe keeps whole (not special, in the file's words) are.
"""

import itertools
import json
from typing import Any

import awkward as ak
import gigatoken
import numpy as np
import pyarrow as pa
import regex
from tokenizers import Tokenizer

from tasks.pretokens import PATTERNS, THREE_FROM_THE_LEFT


class Encoder:
    """Encodes text as ``tokenizer.json`` says, special tokens apart.

    Attributes:
        engine: ``gigatoken`` or ``tokenizers``.
    """

    def __init__(self, tokenizer_json: bytes, *, engine: str | None = None) -> None:
        """Load a tokenizer.

        Args:
            tokenizer_json: the file's content.
            engine: one of the two; None takes gigatoken where it can do it.
        """
        described = json.loads(tokenizer_json)
        described["added_tokens"] = [token for token in described["added_tokens"] if not token["special"]]
        plain = json.dumps(described, ensure_ascii=False)
        self._tokenizer = None
        self._runs = None
        if engine != "tokenizers":
            try:
                self._group, fast = _in_groups(described)
                self._tokenizer = gigatoken.Tokenizer.from_json(plain if fast is None else fast)
                self._runs = None if fast is None else regex.compile(rf"\p{{N}}{{{self._group + 1},}}")
            except RuntimeError:  # its way to say that it has no fast form of this kind of tokenizer
                if engine is not None:
                    raise
        self.engine = "tokenizers" if self._tokenizer is None else "gigatoken"
        self._reference = None if self._tokenizer is not None else Tokenizer.from_str(plain)

    def encode(self, texts: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
        """Encode N texts.

        Returns:
            token ids (uint32) of all texts, one after the other, and the number of tokens of each (int64, N).
        """
        if len(texts) == 0:
            return np.empty(0, np.uint32), np.empty(0, np.int64)
        if self._tokenizer is not None:
            column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
            if self._runs is not None:
                pieces = [self._cut(text) for text in column.to_pylist()]
                column = pa.array([piece for own in pieces for piece in own], pa.large_string())
            encoded = self._tokenizer.encode_batch(ak.from_arrow(column.cast(pa.large_string())), parallel=False)
            ids = ak.to_numpy(ak.flatten(encoded)).astype(np.uint32, copy=False)
            lengths = ak.to_numpy(ak.num(encoded)).astype(np.int64)
            if self._runs is not None:
                lengths = np.add.reduceat(lengths, np.cumsum([0, *map(len, pieces[:-1])]))
            return ids, lengths
        assert self._reference is not None
        encodings = self._reference.encode_batch_fast(texts.to_pylist(), add_special_tokens=False)
        lengths = np.array([len(encoding.ids) for encoding in encodings], np.int64)
        return np.concatenate([np.array(encoding.ids, np.uint32) for encoding in encodings]), lengths

    def _cut(self, text: str) -> list[str]:
        """A text, cut where a group of digits begins inside a run of them."""
        assert self._runs is not None
        cuts = [
            place
            for run in self._runs.finditer(text)
            for place in range(run.start() + (len(run[0]) - 1) % self._group + 1, run.end(), self._group)
        ]
        bounds = [0, *cuts, len(text)]
        return [text[start:end] for start, end in itertools.pairwise(bounds)]


def _in_groups(described: dict[str, Any]) -> tuple[int, str | None]:
    """The digits of a group, and the tokenizer for texts cut into them; 0 and None where digits don't stand in groups.

    gigatoken has no code for groups from the right, but for up to three digits from the left. Added tokens that hold a
    digit would be cut, too: then it is not asked.
    """
    steps = (described.get("pre_tokenizer") or {}).get("pretokenizers") or [{}]
    size = next((size for size in (2, 3) if steps[0].get("pattern") == {"Regex": PATTERNS[size]}), 0)
    if not size or any(regex.search(r"\p{N}", token["content"]) for token in described["added_tokens"]):
        return 0, None
    steps = [{**steps[0], "pattern": {"Regex": THREE_FROM_THE_LEFT}}, *steps[1:]]
    changed = {**described, "pre_tokenizer": {**described["pre_tokenizer"], "pretokenizers": steps}}
    return size, json.dumps(changed, ensure_ascii=False)
