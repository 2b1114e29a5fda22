"""How good a classifier is on texts that it has not seen.

All figures are rounded to four digits, so that a card says no more than a few hundred texts can tell.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

PRECISION, ACCURACY = 0.9, 0.95
"""What suggested thresholds aim at."""


def of_classes(probabilities: np.ndarray, targets: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Figures of a model of classes.

    Args:
        probabilities: N × C.
        targets: index of each text's true class (N).

    Returns:
        ``texts``, ``accuracy``, ``macro_f1``, ``by_class`` (precision, recall, f1, auc against the rest, texts),
        ``confusion`` (true class to predicted class to texts), ``auc`` (of the last class where there are two, else the
        mean over classes) and ``thresholds``.
    """
    found = probabilities.argmax(1)
    by_class = {name: _of_class(found == i, targets == i, probabilities[:, i]) for i, name in enumerate(classes)}
    aucs = [figures["auc"] for figures in by_class.values()]
    thresholds = (
        {classes[1]: _thresholds(probabilities[:, 1], targets == 1)}
        if len(classes) == 2
        else _confidence(probabilities.max(1), found == targets)
    )
    return {
        "texts": len(targets),
        "accuracy": _round((found == targets).mean()),
        "macro_f1": _round(np.mean([figures["f1"] for figures in by_class.values()])),
        "auc": _round(aucs[-1] if len(classes) == 2 else np.mean(aucs)),
        "by_class": by_class,
        "confusion": _confusion(found, targets, classes),
        "thresholds": thresholds,
    }


def of_numbers(values: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Figures of a model of numbers.

    Args:
        values, labels: predicted and true number of each text (N).
        classes: the whole numbers that labels round to.

    Returns:
        ``texts``, ``mean_absolute_error``, ``correlation`` (Pearson's); of the rounded values ``accuracy``,
        ``by_class`` and ``confusion``; for telling the upper half of the range from the lower ``auc``, ``middle``
        and ``thresholds``.
    """
    steps = np.array([float(name) for name in classes])
    found = np.abs(values[:, None] - steps).argmin(1)
    targets = np.abs(labels[:, None] - steps).argmin(1)
    middle = float(steps[0] + steps[-1]) / 2
    high = labels >= middle
    varied = len(values) > 1 and values.std() > 0 and labels.std() > 0
    return {
        "texts": len(labels),
        "mean_absolute_error": _round(np.abs(values - labels).mean()),
        "correlation": _round(np.corrcoef(values, labels)[0, 1]) if varied else 0.0,
        "accuracy": _round((found == targets).mean()),
        "auc": auc(values, high),
        "middle": middle,
        "by_class": {
            name: _of_class(found == i, targets == i, -np.abs(values - steps[i])) for i, name in enumerate(classes)
        },
        "confusion": _confusion(found, targets, classes),
        "thresholds": {f"at least {middle:g}": _thresholds(values, high)},
    }


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive text scores above a negative one, ties by half; 0.5 of nothing."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    num_positive = int(positive.sum())
    pairs = num_positive * (len(positive) - num_positive)
    if not pairs:
        return 0.5
    return _round((ranks[positive].sum() - num_positive * (num_positive + 1) / 2) / pairs)


def _of_class(found: np.ndarray, true: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    return {**_precision_recall(found, true), "auc": auc(scores, true), "texts": int(true.sum())}


def _precision_recall(found: np.ndarray, true: np.ndarray) -> dict[str, float]:
    hits = int((found & true).sum())
    precision, recall = hits / max(1, int(found.sum())), hits / max(1, int(true.sum()))
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return {"precision": _round(precision), "recall": _round(recall), "f1": _round(f1)}


def _thresholds(scores: np.ndarray, positive: np.ndarray) -> dict[str, dict[str, float]]:
    """The threshold with the best F1, and the lowest one with a precision of 0.9 where there is one."""
    tried = [
        {"threshold": _round(limit), **_precision_recall(scores >= limit, positive)} for limit in np.unique(scores)
    ]
    found = {"best_f1": max(tried, key=lambda item: item["f1"])}
    precise = [item for item in tried if item["precision"] >= PRECISION]
    return {**found, "precision_0.9": precise[0]} if precise else found


def _confidence(scores: np.ndarray, right: np.ndarray) -> dict[str, dict[str, float]]:
    """The lowest confidence from which on 95 % of the answers are right, and the share of texts it answers."""
    for limit in np.unique(scores):
        sure = scores >= limit
        if right[sure].mean() >= ACCURACY:
            figures = {
                "min_confidence": _round(limit),
                "answered": _round(sure.mean()),
                "accuracy": _round(right[sure].mean()),
            }
            return {"accuracy_0.95": figures}
    return {}


def _confusion(found: np.ndarray, targets: np.ndarray, classes: Sequence[str]) -> dict[str, dict[str, int]]:
    table = {}
    for i, name in enumerate(classes):
        counts = np.bincount(found[targets == i], minlength=len(classes))
        table[name] = {classes[j]: int(count) for j, count in enumerate(counts) if count}
    return table


def _round(value: Any) -> float:
    return round(float(value), 4)
