"""The tokenizer: trained on a sample of what was kept, or taken from a file, and measured either way."""

import json
from collections import Counter
from functools import partial
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

from smelt.errors import StageError
from smelt.recipe.tokenizer import TokenizerConfig, TrainTokenizer
from smelt.stage import Context, Part, Round, Shard, Stage, small
from tasks.tokenizer import counting
from tasks.tokenizer.extend import extended
from tasks.tokenizer.judge import compression, judge
from tasks.tokenizer.train import learn
from tasks.tokenizer.words import finder

SHARD = "tokenizer"
LISTS = (
    "pieces",
    "dirty_tokens",
    "dead_tokens",
    "longest_tokens",
    "longest_chinese_tokens",
    "removed_examples",
    "beside",
)
"""Of the card, what the manifest has no need of."""


def work(context: Context, shard: Shard) -> Part:
    """Make the tokenizer of the sample's words, its figures, and the card that says what it is worth."""
    config: TokenizerConfig = context.config
    measured_on = counting.measured(context)
    if len(measured_on) == 0:  # so small a corpus has nothing to hold out
        measured_on = counting.trained_on(context)
    if config.train is None:
        made = extended(config)
    else:
        made = learn(counting.words_of(context), config, partial(counting.cite, context))
    figures = describe(made.tokenizer_json, config) | {"pieces": made.pieces}
    figures["sample"] = {
        "asked": dict(config.train.weights) if config.train else {},
        "bytes": counting.trained_bytes(context),
    }
    whole_tokens = config.whole_tokens()
    figures["added_tokens"] = counting.uses(context) if config.train else uses(measured_on["text"], whole_tokens)
    figures["removed_tokens"] = made.removed
    whole = (*config.special_tokens, *whole_tokens)
    card = figures | judge(made, measured_on, whole=whole, dirty=(config.train or TrainTokenizer()).dirty)
    card["beside"] = {name: compression(other.read(name), measured_on) for name, other in config.compare.items()}
    card["removed_examples"] = made.examples
    stats = {name: value for name, value in card.items() if name not in LISTS}
    stats["num_dirty_tokens"] = len(card["dirty_tokens"])
    files: dict[str, Any] = {
        "/tokenizer.json": made.tokenizer_json,
        "/figures.json": json.dumps(figures, ensure_ascii=False, indent=1).encode(),
        "/card.json": json.dumps(card, ensure_ascii=False, indent=1).encode(),
    }
    return Part(files, rows=figures["vocab_size"], stats={"tokenizer": stats})


def uses(texts: pa.ChunkedArray, whole: tuple[str, ...]) -> dict[str, int]:
    """How often each string that is one token stands in the texts."""
    borders = finder(whole)
    found = Counter(token for text in texts for token in borders.findall(text.as_py()))
    return {token: found[token] for token in whole}


def describe(content: bytes, config: TokenizerConfig) -> dict[str, Any]:
    """What whoever builds a model needs to know: the vocabulary's size and the ids of the special tokens.

    Raises:
        StageError: when the file is no tokenizer, or lacks one of the recipe's tokens.
    """
    try:
        tokenizer = Tokenizer.from_str(content.decode())
    except Exception as error:  # tokenizers raises plain Exceptions
        raise StageError(f"no tokenizer: {error}", where=f"tokenizer.path: {config.path}") from None
    size = max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1
    specials = {}
    for role in ("end_of_document", "padding"):
        token = getattr(config, role)
        number = tokenizer.token_to_id(token)
        if number is None:
            raise StageError(
                f"there is no token {token!r}", where=f"tokenizer.{role}", mend="name one that the tokenizer has"
            )
        specials[role] = {"token": token, "id": number}
    ids = {token: tokenizer.token_to_id(token) for token in config.reserved_tokens}
    reserved = {token: number for token, number in ids.items() if number is not None}
    asked = max(size, config.train.vocab_size) if config.train else size  # the model's shape follows from the recipe
    padded = -(-asked // config.pad_vocab_to) * config.pad_vocab_to
    return {"vocab_size": size, "padded_vocab_size": padded, **specials, "reserved_tokens": reserved}


STAGE = Stage(
    SHARD,
    rounds=(
        Round("words", counting.part_shards, counting.count_part, in_driver=small),
        Round("ranges", counting.range_shards, counting.add_range, in_driver=small),
        Round("parts", lambda context: [Shard(SHARD)], work, in_driver=small),
    ),
)
