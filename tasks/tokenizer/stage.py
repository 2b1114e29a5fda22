"""The tokenizer: trained on a sample of what was kept, or taken from a file, and measured either way."""

import json
from collections import Counter
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

from smelt.errors import StageError
from smelt.recipe.tokenizer import TokenizerConfig, TrainTokenizer
from smelt.stage import Context, Part, Round, Shard, Stage
from tasks.tokenizer import sample
from tasks.tokenizer.judge import judge
from tasks.tokenizer.train import finder, train

SHARD = "tokenizer"


def work(context: Context, shard: Shard) -> Part:
    """Make the tokenizer and its figures."""
    config: TokenizerConfig = context.config
    trained_on, measured_on = sample.draw(context, config.train or TrainTokenizer())
    drawn = pa.concat_tables([trained_on, measured_on])
    if len(measured_on) == 0:  # so small a corpus has nothing to hold out
        measured_on = trained_on
    if config.train is None:
        content = config.read()
        trained_on = trained_on.slice(0, 0)
    else:
        content = train((text.as_py() for text in trained_on["text"]), config)
    figures = describe(content, config)
    figures["sample"] = {
        "asked": dict(config.train.weights) if config.train else {},
        "bytes": sample.bytes_by_language(trained_on),
    }
    whole = config.whole_tokens()
    figures["added_tokens"] = uses(drawn["text"], whole)
    figures |= judge(content, measured_on, whole=(*config.special_tokens, *whole))
    stats = {name: value for name, value in figures.items() if name != "dirty_tokens"}
    stats["num_dirty_tokens"] = len(figures["dirty_tokens"])
    files: dict[str, Any] = {
        "/tokenizer.json": content,
        "/figures.json": json.dumps(figures, ensure_ascii=False, indent=1).encode(),
    }
    return Part(files, rows=figures["vocab_size"], stats={"tokenizer": stats})


def uses(texts: pa.ChunkedArray, whole: tuple[str, ...]) -> dict[str, int]:
    """How often each string that is one token stands in the texts."""
    found = Counter(token for text in texts for token in finder(whole).findall(text.as_py()))
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
    reserved = {token: tokenizer.token_to_id(token) for token in config.reserved_tokens} if config.train else {}
    asked = max(size, config.train.vocab_size) if config.train else size  # the model's shape follows from the recipe
    padded = -(-asked // config.pad_vocab_to) * config.pad_vocab_to
    return {"vocab_size": size, "padded_vocab_size": padded, **specials, "reserved_tokens": reserved}


STAGE = Stage(SHARD, rounds=(Round("parts", lambda context: [Shard(SHARD)], work),))
