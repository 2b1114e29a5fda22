"""What the model writes: sample texts to read, and benchmark questions answered freely."""

from collections.abc import Callable, Sequence
from typing import Any

from tokenizers import Tokenizer

from evaluation.perplexity import DIGITS
from smelt.recipe.evaluate import Generation

ANSWER_TOKENS = 16
"""Tokens in which an answer must begin and end."""

Write = Callable[[list[int], int, float, int], list[int]]
"""Goes on from token ids: (ids, number of tokens, temperature, number of the draw) to the new ids."""


def sample_texts(write: Write, tokenizer: Tokenizer, config: Generation, *, end: int) -> list[dict[str, str]]:
    """Each prompt and what the model writes after it, up to the end of the document.

    Args:
        end: the end-of-document token; generation starts after one, as every document does.
    """
    found = []
    for draw, prompt in enumerate(config.prompts):
        ids = _ids(tokenizer, prompt, end)
        text = _text(tokenizer, write(ids, config.max_tokens, config.temperature, draw), end)
        found.append({"prompt": prompt, "text": text})
    return found


def judge_answers(write: Write, tokenizer: Tokenizer, items: Sequence[dict[str, Any]], *, end: int) -> dict[str, Any]:
    """Share of questions whose likeliest continuation begins with the answer (white space apart)."""
    right = 0
    for item in items:
        new = write(_ids(tokenizer, item["prompt"], end), ANSWER_TOKENS, 0.0, 0)
        right += _text(tokenizer, new, end).strip().startswith(item["answer"].strip())
    return {"items": len(items), "accuracy": round(right / max(1, len(items)), DIGITS)}


def _ids(tokenizer: Tokenizer, prompt: str, end: int) -> list[int]:
    return [end, *tokenizer.encode(prompt, add_special_tokens=False).ids]


def _text(tokenizer: Tokenizer, ids: list[int], end: int) -> str:
    return tokenizer.decode(ids[: ids.index(end)] if end in ids else ids, skip_special_tokens=False)
