"""Probes: how likely a model finds what it should know, each by itself, so that one sees it arrive and go.

A continuation is encoded together with what it follows, as benchmarks' answers are; a sentence that is preferred
stands alone, after an end-of-document token.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from evaluation.benchmarks.encoding import together
from evaluation.benchmarks.reader import Reads, Told
from evaluation.perplexity import DIGITS
from smelt.recipe.probes import Probe

Answer = dict[str, Any]
"""A probe and what a checkpoint says to it: ``words``, ``kind``, ``group``, ``tags``, ``note``, and its figures."""


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


def alarms(before: Sequence[Sequence[Answer]], now: Sequence[Answer], *, max_fall: float) -> list[dict[str, Any]]:
    """Preferences that have just reversed, and probabilities that have just fallen.

    Args:
        before: the answers of earlier checkpoints, oldest first.
        now: those of the one that is looked at.
        max_fall: by how much a probability may lie below its highest of earlier checkpoints.

    Returns:
        ``words``, ``kind``, ``was`` and ``now``: the margin at the checkpoint before and here, or the highest
        probability and that here. What stays so is told once.
    """
    found = []
    earlier = [{answer["words"]: answer for answer in answers} for answers in before]
    for answer in now:
        known = [answers[answer["words"]] for answers in earlier if answer["words"] in answers]
        if not known:
            continue
        if answer["kind"] == "prefer":
            was, here = known[-1]["margin"], answer["margin"]
            told = was > 0 >= here
        else:
            values = [one["prob"] for one in known]
            was, here = max(values), answer["prob"]
            told = was - here > max_fall and not (len(values) > 1 and max(values[:-1]) - values[-1] > max_fall)
        if told:
            found.append({"words": answer["words"], "kind": answer["kind"], "was": was, "now": here})
    return found


def decades(answer: Mapping[str, Any]) -> float:
    """The one figure that a probe is drawn by, in powers of ten: of its probability, its place, or the margin."""
    if answer["kind"] == "prefer":
        return float(answer["margin"]) / math.log(10)
    return -math.log10(answer["rank"]) if answer["kind"] == "rank" else math.log10(max(answer["prob"], 1e-12))


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
