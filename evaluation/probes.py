"""Probes: how likely a model finds what it should know, each by itself, so that one sees it arrive and go.

A continuation is encoded together with what it follows, as benchmarks' answers are; a sentence that is preferred
stands alone, after an end-of-document token.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from evaluation.benchmarks.encoding import together
from evaluation.benchmarks.told import Reads, Told
from evaluation.perplexity import DIGITS
from evaluation.probed import Answer
from smelt.recipe.probes import Probe


def judge_probes(reader: Reads, tokenizer: Tokenizer, probes: Sequence[tuple[str, Probe]], *, end: int) -> list[Answer]:
    """What a model says to each probe.

    Args:
        probes: each with its group.
        end: the end-of-document token, which every text comes after.

    Returns:
        Of ``prob`` and ``rank``: ``prob`` of the whole continuation, ``rank`` of its first token, its ``perplexity``.
        Of ``prefer``: both sentences' ``perplexities`` and ``margin``, the second's loss over the first's in nats per
        token; above 0 where the first is preferred.
    """
    asked = [[(context, ending) for context, ending in _texts(probe)] for _, probe in probes]
    told = reader.score(
        [
            [together(tokenizer, context, ending, end=end, longest=reader.longest)]
            for texts in asked
            for context, ending in texts
        ]
    )
    answers = iter(told)
    found = []
    for (group, probe), texts in zip(probes, asked, strict=True):
        own = [next(answers)[0] for _ in texts]
        said = {"words": probe.words, "kind": probe.kind, "group": group, "tags": list(probe.tags), "note": probe.note}
        found.append(said | (_preferred(*own) if probe.prefer is not None else _continued(own[0])))
    return found


def _texts(probe: Probe) -> list[tuple[str, str]]:
    if probe.prefer is not None:
        return [("", sentence) for sentence in probe.prefer]
    assert probe.continuation is not None
    return [(probe.continuation.after, probe.continuation.of)]


def _continued(told: Told) -> dict[str, Any]:
    return {
        "prob": float(f"{math.exp(-float(told.losses.sum())):.4g}"),
        "rank": told.rank,
        "perplexity": _perplexity(told),
    }


def _preferred(first: Told, second: Told) -> dict[str, Any]:
    margin = float(np.mean(second.losses) - np.mean(first.losses))
    return {"perplexities": [_perplexity(first), _perplexity(second)], "margin": round(margin, DIGITS)}


def _perplexity(told: Told) -> float:
    return float(f"{math.exp(min(50.0, float(np.mean(told.losses)))):.5g}")
