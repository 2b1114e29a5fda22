"""Token ids of a context and what follows it, encoded together: a token across the border belongs to the end."""

from typing import NamedTuple

from tokenizers import Tokenizer


class Sequence(NamedTuple):
    """Token ids, of which those from ``start`` on are scored; ``start`` is at least 1."""

    ids: tuple[int, ...]
    start: int


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """A text's ids, with nothing put around it."""
    return tokenizer.encode(text, add_special_tokens=False).ids


def decode(tokenizer: Tokenizer, ids: list[int], end: int) -> str:
    """The text of ids, up to the first ``end``."""
    return tokenizer.decode(ids[: ids.index(end)] if end in ids else ids, skip_special_tokens=False)


def together(tokenizer: Tokenizer, context: str, ending: str, *, end: int, longest: int) -> Sequence:
    """A context and its ending as one sequence.

    The text is encoded whole and cut where the context alone would end, its trailing white space counted to the
    ending, as lm-evaluation-harness does: an ending is scored in the tokens that the model would meet it in.

    Args:
        end: the end-of-document token, which every text comes after.
        longest: ids of a sequence at most; more are cut off at the left.
    """
    bare = context.rstrip()
    whole = [end, *encode(tokenizer, context + ending)]
    start = min(1 + len(encode(tokenizer, bare)), len(whole) - 1)
    cut = max(0, len(whole) - longest - 1)
    return Sequence(tuple(whole[cut:]), max(1, start - cut))
