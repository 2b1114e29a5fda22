"""What the model writes: sample texts to read, and benchmark questions answered freely."""

from collections.abc import Callable, Sequence
from typing import Any

from tokenizers import Tokenizer

from evaluation.perplexity import DIGITS
from smelt.recipe.evaluate import Generation

ANSWER_TOKENS = 16
"""Tokens in which an answer must begin and end."""

Write = Callable[[list[int], int, float], list[int]]
"""Goes on from token ids: (ids, number of tokens, temperature) to the new ids."""


def sample_texts(write: Write, tokenizer: Tokenizer, config: Generation, *, end: int) -> list[dict[str, str]]:
    """Each prompt and what the model writes after it, up to the end of the document.

    Args:
        end: the end-of-document token; generation starts after one, as every document does.
    """
    return [
        {"prompt": prompt, "text": _continue(write, tokenizer, prompt, config.max_tokens, config.temperature, end)}
        for prompt in config.prompts
    ]


def judge_answers(write: Write, tokenizer: Tokenizer, items: Sequence[dict[str, Any]], *, end: int) -> dict[str, Any]:
    """Share of questions whose likeliest continuation begins with the answer (white space apart)."""
    right = sum(
        _continue(write, tokenizer, item["prompt"], ANSWER_TOKENS, 0.0, end).strip().startswith(item["answer"].strip())
        for item in items
    )
    return {"items": len(items), "accuracy": round(right / max(1, len(items)), DIGITS)}


def _continue(write: Write, tokenizer: Tokenizer, prompt: str, num_tokens: int, temperature: float, end: int) -> str:
    ids = [end, *tokenizer.encode(prompt, add_special_tokens=False).ids]
    new = write(ids, num_tokens, temperature)
    if end in new:
        new = new[: new.index(end)]
    return tokenizer.decode(new, skip_special_tokens=False)
