"""What is said of a phase beside its slices: the names of labels and groups, and how much of each group is read."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from smelt.supply.repetition import effective


def names(labels: Sequence[tuple[str, str]], groups: Iterable[str]) -> bytes:
    """Names by number, as JSON: ``labels`` (``lang`` and ``domain`` of each) and ``groups``."""
    named = [{"lang": lang, "domain": domain} for lang, domain in labels]
    return json.dumps({"labels": named, "groups": list(groups)}, ensure_ascii=False).encode()


def figures(asked: dict[str, float], got: dict[str, int], used: np.ndarray) -> dict[str, Any]:
    """Of each group, the share that was ``asked`` and the tokens that are ``got``; how much of it the phase reads as a
    multiple of the group (``epochs``); and of its documents, in all phases up to this one, the tokens that were read
    at all (``unique``) and the new tokens that everything read of them is worth (``effective``).

    Args:
        used: int64, groups x U; the tokens of each group's documents by how often these are used at the phase's end.
    """
    often = np.arange(used.shape[1])
    found: dict[str, Any] = {"asked": asked, "got": got, "epochs": {}, "unique": {}, "effective": {}}
    for name, tokens in zip(asked, used, strict=True):
        found["epochs"][name] = round(got[name] / max(1, int(tokens.sum())), 4)
        found["unique"][name] = int(tokens[1:].sum())
        found["effective"][name] = round(effective(tokens, often))
    return found
