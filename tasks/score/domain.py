"""Domain: the source's hint, else what the format says, else a classifier's word where it is sure.

A wrong domain costs more than none, since rules and mixtures go by it: where nobody is sure it is ``other``.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from smelt.recipe.score import ModelScore
from tasks.classifiers.model import Loaded

OTHER = "other"
_BY_FORMAT = {"code": "code", "man": "docs", "markdown": "docs"}


def domains(
    table: pa.Table, langs: Sequence[str], item: ModelScore | None, loaded: Loaded | None
) -> tuple[list[str], list[float | None]]:
    """Domain and confidence (0 to 1) of each document; no confidence where nothing says anything.

    Args:
        table: ``text``, ``format`` and the hint ``domain``.
        item, loaded: the recipe's model of domains, where it has one.
    """
    found: list[str | None] = [
        hint or ("code" if lang == "code" else _BY_FORMAT.get(kind))
        for hint, kind, lang in zip(table["domain"].to_pylist(), table["format"].to_pylist(), langs, strict=True)
    ]
    scores: list[float | None] = [None if domain is None else 1.0 for domain in found]
    rows = [row for row, domain in enumerate(found) if domain is None]
    if item is not None and loaded is not None and rows:
        predicted = loaded.model.predict(table["text"].take(pa.array(rows)))
        best = predicted.argmax(1)
        for row, place, confidence in zip(rows, best.tolist(), predicted.max(1).astype(np.float64), strict=True):
            found[row] = loaded.card["classes"][place] if confidence >= item.min_confidence else OTHER
            scores[row] = float(confidence)
    return [domain or OTHER for domain in found], scores
