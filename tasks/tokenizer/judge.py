"""Figures that tell a good tokenizer: how far it compresses, what it wastes, what it learned by mistake."""

import re
import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Tokenizer

from tasks.encoder import Encoder

_RULES = (
    ("link", re.compile(r"https?|www\.|\.(?:com|net|org|html)\b", re.IGNORECASE)),
    ("run", re.compile(r"([^\s])\1{7,}")),
    ("phrase", re.compile(r"[\u3400-\u9fff]{6,}")),  # long Chinese tokens come from boilerplate and spam
)


def judge(tokenizer_json: bytes, sample: pa.Table, *, whole: tuple[str, ...]) -> dict[str, Any]:
    """Measure a tokenizer.

    Args:
        sample: documents it was not trained on, ``lang`` and ``text``.
        whole: its special tokens and the strings it keeps whole; not judged.

    Returns:
        ``by_lang`` (documents, bytes, characters, tokens, and both ratios), ``unused_tokens`` (count and share of
        the vocabulary that the sample never needs), ``round_trip`` (documents tried and failed) and
        ``dirty_tokens`` (id, token, rule).
    """
    encoder, tokenizer = Encoder(tokenizer_json), Tokenizer.from_str(tokenizer_json.decode())
    uses = np.zeros(tokenizer.get_vocab_size(), np.int64)
    by_lang, failed = {}, 0
    for lang in sorted(set(sample["lang"].to_pylist())):
        texts = sample.filter(pc.equal(sample["lang"], lang))["text"]
        ids, lengths = encoder.encode(texts)
        uses += np.bincount(ids, minlength=len(uses))
        size, characters = pc.sum(pc.binary_length(texts)).as_py(), pc.sum(pc.utf8_length(texts)).as_py()
        by_lang[lang] = {
            "documents": len(texts),
            "bytes": size,
            "characters": characters,
            "tokens": len(ids),
            "bytes_per_token": round(size / max(1, len(ids)), 4),
            "characters_per_token": round(characters / max(1, len(ids)), 4),
        }
        pieces = np.split(ids, np.cumsum(lengths)[:-1])
        decoded = tokenizer.decode_batch([piece.tolist() for piece in pieces], skip_special_tokens=False)
        failed += sum(one != other for one, other in zip(decoded, texts.to_pylist(), strict=True))
    unused = int((uses == 0).sum())
    return {
        "by_lang": by_lang,
        "unused_tokens": {"count": unused, "share": round(unused / len(uses), 4)},
        "round_trip": {"documents": len(sample), "failed": failed},
        "dirty_tokens": dirty_tokens(tokenizer, whole),
    }


def dirty_tokens(tokenizer: Tokenizer, whole: tuple[str, ...]) -> list[dict[str, Any]]:
    """Tokens that look like leftovers of web pages rather than language, with the rule that says so."""
    found = []
    for token, number in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]):
        text = tokenizer.decode([number], skip_special_tokens=False)
        if token in whole or "\ufffd" in text:  # half a character is no fault in a byte-level vocabulary
            continue
        rule = next((name for name, pattern in _RULES if pattern.search(text)), None)
        if rule is None and len(text) > 1 and any(_is_odd(character) for character in text):
            rule = "control"
        if rule is not None:
            found.append({"id": number, "token": text, "rule": rule})
    return found


def _is_odd(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn"} and not character.isspace()
