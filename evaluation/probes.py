"""Probes: does the model find the right answer likelier than the wrong ones?

Unlike a benchmark answered in free text, a probe tells small and young models apart. The score of an
answer is its log-probability after the prompt, over its bytes: answers of unlike length compare, and so
do languages (the ``acc_norm`` of lm-evaluation-harness).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from evaluation.likelihood import Model, token_losses
from evaluation.perplexity import DIGITS


def judge_probes(model: Model, tokenizer: Tokenizer, items: Sequence[dict[str, Any]], *, end: int) -> dict[str, Any]:
    """Accuracy and margin over multiple-choice items.

    Args:
        end: the end-of-document token, which every prompt comes after.

    Returns:
        ``items``; ``accuracy``; ``chance`` (accuracy of guessing); ``margin``: by how much the right answer beats the
        best wrong one, in nats per byte, on average; below 0 where it loses.
    """
    starts = [[end, *_encode(tokenizer, item["prompt"])] for item in items]
    answers = [_encode(tokenizer, choice) for item in items for choice in item["choices"]]
    owners = [index for index, item in enumerate(items) for _ in item["choices"]]
    sequences = [np.array(starts[owner] + answer) for owner, answer in zip(owners, answers, strict=True)]
    losses = token_losses(model, sequences)
    scores = [-float(loss[-len(answer) :].sum()) for loss, answer in zip(losses, answers, strict=True)]
    margins, position = [], 0
    for item in items:
        own = scores[position : position + len(item["choices"])]
        position += len(own)
        rated = {choice: score / len(choice.encode()) for choice, score in zip(item["choices"], own, strict=True)}
        right = rated.pop(item["answer"])
        margins.append(right - max(rated.values()))
    return {
        "items": len(items),
        "accuracy": round(float(np.mean([margin > 0 for margin in margins])), DIGITS),
        "chance": round(float(np.mean([1 / len(item["choices"]) for item in items])), DIGITS),
        "margin": round(float(np.mean(margins)), DIGITS),
    }


def _encode(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids
