"""Probes: does the model find the right answer likelier than the wrong ones?

Unlike a benchmark answered in free text, a probe tells small and young models apart. The score of an
answer is its log-probability after the prompt, over its bytes: answers of unlike length compare, and so
do languages (the ``acc_norm`` of lm-evaluation-harness). Prompt and answer are encoded together.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from evaluation.benchmarks.encoding import together
from evaluation.benchmarks.reader import Reads
from evaluation.perplexity import DIGITS


def judge_probes(reader: Reads, tokenizer: Tokenizer, items: Sequence[dict[str, Any]], *, end: int) -> dict[str, Any]:
    """Accuracy and margin over multiple-choice items.

    Args:
        end: the end-of-document token, which every prompt comes after.

    Returns:
        ``items``; ``accuracy``; ``chance`` (accuracy of guessing); ``margin``: by how much the right answer beats the
        best wrong one, in nats per byte, on average; below 0 where it loses.
    """
    told = reader.score(
        [
            [together(tokenizer, item["prompt"], choice, end=end, longest=reader.longest) for choice in item["choices"]]
            for item in items
        ]
    )
    margins = []
    for item, own in zip(items, told, strict=True):
        pairs = zip(item["choices"], own, strict=True)
        rated = {choice: -float(answer.losses.sum()) / len(choice.encode()) for choice, answer in pairs}
        right = rated.pop(item["answer"])
        margins.append(right - max(rated.values()))
    return {
        "items": len(items),
        "accuracy": round(float(np.mean([margin > 0 for margin in margins])), DIGITS),
        "chance": round(float(np.mean([1 / len(item["choices"]) for item in items])), DIGITS),
        "margin": round(float(np.mean(margins)), DIGITS),
    }
