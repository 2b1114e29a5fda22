"""Training a byte-level BPE (Sennrich et al. 2016; Radford et al. 2019) with Hugging Face's tokenizers.

Every text is a sequence of bytes, so nothing is ever unknown. Before merging, text is split by Qwen2's
pattern: words with the space before them, punctuation, line ends, and *each digit alone*, so that numbers
are always cut the same way and arithmetic can be learned.
"""

import json
import re
from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from smelt.recipe.tokenizer import TokenizerConfig

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's; in exactly this form gigatoken has compiled code for it."""


def train(texts: Iterable[str], config: TokenizerConfig) -> bytes:
    """The ``tokenizer.json`` of a BPE trained on the texts; the same bytes for the same texts.

    The special tokens come first (end of document is id 0), then the strings that are one token each, then the 256
    bytes, then what is merged, in the order of merging.
    """
    assert config.train is not None, "only a tokenizer with `train` is trained"
    whole = config.whole_tokens()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.train.vocab_size,
        min_frequency=config.train.min_frequency,
        special_tokens=[*config.special_tokens, *whole],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=config.train.max_token_bytes,
        show_progress=False,
    )
    tokenizer.train_from_iterator((piece for text in texts for piece in between(text, whole)), trainer)
    described = json.loads(tokenizer.to_str())
    for token in described["added_tokens"]:
        token["special"] = token["content"] not in whole
    return json.dumps(described, ensure_ascii=False, indent=1).encode()


def finder(whole: Sequence[str]) -> re.Pattern[str]:
    """Finds the strings that are one token each, as tokenizers does: the first, and of several there the longest."""
    return re.compile("|".join(re.escape(token) for token in sorted(whole, key=len, reverse=True)))


def between(text: str, whole: Sequence[str]) -> list[str]:
    """What of a text is not one of the strings that are one token each."""
    return finder(whole).split(text)
