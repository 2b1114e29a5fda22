"""How well personal data is found: precision and recall by kind, on texts in which it is marked.

A labelled text marks what is personal as ``[[kind|value]]``; a text without marks is there to find nothing in.
What counts is what a reader of the cleaned text could still see: a marked value is *found* when the text no longer
holds it (a placeholder stands for it, or its line went as boilerplate), else *missed*; a placeholder more than there
are values found is *false*.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from smelt.errors import RecipeError
from smelt.recipe.clean import PLACEHOLDERS, CleanConfig, PiiConfig
from smelt.recipe.reading import attached
from tasks.clean.edits.edit import edit

_MARK = re.compile(r"\[\[(\w+)\|(.*?)\]\]", re.DOTALL)


def judge(config: CleanConfig) -> dict[str, dict[str, int]]:
    """Counts by kind, of the kinds that are switched on: ``found``, ``missed`` and ``false``.

    Raises:
        RecipeError: when the labelled file is missing, is not what ``digest`` says, or marks an unknown kind.
    """
    marked = list(labelled(config.pii))
    texts = pa.array([plain(text) for text, _ in marked], pa.large_string())
    cleaned, _ = edit(texts, np.array([is_code for _, is_code in marked], np.bool_), config)
    kinds = [kind for kind, wanted in config.pii.switches.items() if wanted]
    return counted([text for text, _ in marked], cleaned.to_pylist(), kinds)


def counted(marked: Sequence[str], cleaned: Sequence[str], kinds: Iterable[str]) -> dict[str, dict[str, int]]:
    """Counts by kind of what is left of marked texts in the cleaned ones."""
    figures = {kind: Counter(found=0, missed=0, false=0) for kind in kinds}
    for text, after in zip(marked, cleaned, strict=True):
        marks = _MARK.findall(text)
        for kind, counts in figures.items():
            values = [value for name, value in marks if name == kind]
            placeholders = after.count(PLACEHOLDERS[kind]) - text.count(PLACEHOLDERS[kind])
            found = sum(value not in after for value in values)
            counts.update(found=found, missed=len(values) - found, false=max(0, placeholders - found))
    return {kind: dict(counts) for kind, counts in figures.items()}


def plain(marked: str) -> str:
    """A marked text without its marks."""
    return _MARK.sub(lambda mark: mark[2], marked)


def labelled(config: PiiConfig) -> Iterable[tuple[str, bool]]:
    """Marked texts, and whether each is code.

    Raises:
        RecipeError: when the file is missing, is not what ``digest`` says, or marks an unknown kind.
    """
    for where, item in attached.json_lines(config.labels, where="clean.pii.labels", digest=config.digest):
        for kind, _ in _MARK.findall(item["text"]):
            if kind not in PLACEHOLDERS:
                raise RecipeError(f"no kind {kind!r}", where=where, mend=f"one of {', '.join(PLACEHOLDERS)}")
        yield item["text"], item.get("lang") == "code"
