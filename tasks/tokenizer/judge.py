"""Figures that tell a good tokenizer: how far it compresses, what it wastes, what it learned by mistake."""

from collections.abc import Mapping, Set
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import regex
from tokenizers import Tokenizer

from smelt.recipe.tokenizer import DirtyTokens
from tasks.encoder import Encoder
from tasks.tokenizer.card import nature
from tasks.tokenizer.dirty import malformed, rule_of
from tasks.tokenizer.train import CHARACTERS, Trained

_WORD = regex.compile(r"\p{Han}|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*|\p{N}+")
MAX_DEAD = 200
"""Tokens that are named as never used, at most."""


def judge(made: Trained, sample: pa.Table, *, whole: tuple[str, ...], dirty: DirtyTokens) -> dict[str, Any]:
    """Measure a tokenizer.

    Args:
        sample: documents it was not trained on, ``lang``, ``domain`` and ``text``.
        whole: its special tokens and the strings that are one token each; not judged.
        dirty: what no token should be.

    Returns:
        ``by_lang`` and ``by_domain`` (documents, bytes, characters, words, tokens, the three per token, and
        ``fertility``, tokens per word), ``unused_tokens`` (count and share of the vocabulary that the sample never
        needs), ``round_trip`` (documents tried and failed), ``dirty_tokens`` (id, token, rule), ``dead_tokens`` (the
        first of the unused) and what ``card.nature`` says.
    """
    encoder, tokenizer = Encoder(made.tokenizer_json), Tokenizer.from_str(made.tokenizer_json.decode())
    uses = np.zeros(1 + max(tokenizer.get_vocab().values()), np.int64)
    by_domain: dict[str, dict[str, int]] = {}
    failed = 0
    for label, texts in _by_label(sample):
        ids, lengths = encoder.encode(texts)
        uses += np.bincount(ids, minlength=len(uses))
        by_domain[label] = _sizes(texts, len(ids))
        pieces = np.split(ids, np.cumsum(lengths)[:-1])
        decoded = tokenizer.decode_batch([piece.tolist() for piece in pieces], skip_special_tokens=False)
        failed += sum(one != other for one, other in zip(decoded, texts.to_pylist(), strict=True))
    given = _ids(tokenizer, whole)
    tokens = {number: content for number, content in _contents(tokenizer).items() if number not in given}
    unused = np.flatnonzero(uses == 0)
    return {
        "engine": encoder.engine,
        **_rates(by_domain),
        "unused_tokens": {"count": len(unused), "share": round(len(unused) / len(uses), 4)},
        "dead_tokens": [tokens[n].decode(errors="backslashreplace") for n in unused.tolist() if n in tokens][:MAX_DEAD],
        "round_trip": {"documents": len(sample), "failed": failed},
        "dirty_tokens": dirty_tokens(tokens, made.spared, dirty),
        **nature(encoder, list(tokens.values())),
    }


def compression(tokenizer_json: bytes, sample: pa.Table) -> dict[str, Any]:
    """``by_lang`` and ``by_domain`` of another tokenizer on the same documents."""
    encoder = Encoder(tokenizer_json)
    return _rates({label: _sizes(texts, len(encoder.encode(texts)[0])) for label, texts in _by_label(sample)})


def dirty_tokens(tokens: Mapping[int, bytes], spared: Set[str], config: DirtyTokens) -> list[dict[str, Any]]:
    """Tokens that look like leftovers of web pages rather than language, with the rule that says so.

    Args:
        tokens: their bytes by id.
        spared: texts of tokens that are not judged.
    """
    found = []
    for number, content in tokens.items():
        text = content.decode(errors="replace")
        if len(content) == 1 or text in spared:
            continue
        rule = malformed(content)
        if rule is None and not text.endswith("\ufffd"):  # the beginning of a character is a step to it
            rule = rule_of(text, config)
        if rule is not None:
            found.append({"id": number, "token": content.decode(errors="backslashreplace"), "rule": rule})
    return found


def _by_label(sample: pa.Table) -> list[tuple[str, pa.ChunkedArray]]:
    """The texts by ``lang/domain``."""
    labels = pc.binary_join_element_wise(sample["lang"], sample["domain"].fill_null("other"), "/")
    return [(label, sample["text"].filter(pc.equal(labels, label))) for label in sorted(set(labels.to_pylist()))]


def _sizes(texts: pa.ChunkedArray, tokens: int) -> dict[str, int]:
    return {
        "documents": len(texts),
        "bytes": pc.sum(pc.binary_length(texts)).as_py(),
        "characters": pc.sum(pc.utf8_length(texts)).as_py(),
        "words": sum(sum(1 for _ in _WORD.finditer(text.as_py())) for text in texts),
        "tokens": tokens,
    }


def _rates(by_domain: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Sizes with their ratios, by ``lang/domain`` and summed by language."""
    by_lang: dict[str, dict[str, int]] = {}
    for label, sizes in by_domain.items():
        own = by_lang.setdefault(label.split("/")[0], dict.fromkeys(sizes, 0))
        for name, size in sizes.items():
            own[name] += size
    return {
        name: {label: {**sizes, **_ratios(sizes)} for label, sizes in groups.items()}
        for name, groups in (("by_lang", by_lang), ("by_domain", by_domain))
    }


def _ratios(sizes: Mapping[str, int]) -> dict[str, float]:
    tokens = max(1, sizes["tokens"])
    per_token = {f"{name}_per_token": round(sizes[name] / tokens, 4) for name in ("bytes", "characters", "words")}
    return {**per_token, "fertility": round(sizes["tokens"] / max(1, sizes["words"]), 4)}


def _ids(tokenizer: Tokenizer, whole: tuple[str, ...]) -> set[int]:
    """Ids of the special tokens and of the strings that are one token each."""
    given = {tokenizer.token_to_id(token) for token in whole}
    return {number for number in given if number is not None} | {*tokenizer.get_added_tokens_decoder()}


def _contents(tokenizer: Tokenizer) -> dict[int, bytes]:
    """The bytes of each token, by id; of one that no bytes are written in, its text's."""
    values = {character: byte for byte, character in CHARACTERS.items()}
    found = {}
    for token, number in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]):
        in_bytes = {*token} <= values.keys()
        found[number] = bytes(values[character] for character in token) if in_bytes else token.encode()
    return found
