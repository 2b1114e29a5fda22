"""Classifiers of kind ``fasttext``: trained on one thread with a fixed seed, so that the bytes are the same.

The library is floret, the fork of fastText that spaCy's makers keep: its supervised models are fastText's.
The ``fasttext`` module that language identification brings can predict but not train, and the two
packages that can train under that name would overwrite it.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import floret
import numpy as np
import pyarrow as pa

from smelt.lake import Lake
from smelt.recipe.classifiers import FastTextClassifier
from tasks.classifiers.examples import Examples
from tasks.classifiers.words import words

MODEL = "/model.bin"
_LABEL = "__label__"


def train(config: FastTextClassifier, examples: Examples, lake: Lake) -> dict[str, bytes]:
    """A model of the examples' classes; numbers are learnt as classes of whole numbers."""
    lines = words(pa.array(examples.texts, pa.large_string()), config.max_chars)
    with tempfile.TemporaryDirectory() as folder:
        sample, model = Path(folder, "examples.txt"), Path(folder, "model.bin")
        with sample.open("wb") as file:
            for target, line in zip(examples.targets.tolist(), lines, strict=True):
                file.write(f"{_LABEL}{target}".encode() + line)
        trained = floret.train_supervised(
            str(sample),
            dim=config.dim,
            epoch=config.epochs,
            lr=config.learning_rate,
            wordNgrams=config.word_ngrams,
            bucket=config.buckets if config.word_ngrams > 1 else 1,
            thread=1,
            seed=0,
            verbose=0,
        )
        trained.save_model(str(model))
        return {MODEL: model.read_bytes()}


def restore(
    config: FastTextClassifier, classes: list[str], numeric: bool, files: Mapping[str, bytes], lake: Lake
) -> "FastTextModel":
    """The model of a file that ``train`` made."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(files[MODEL])
        file.flush()
        return FastTextModel(floret.load_model(file.name), classes, numeric, config.max_chars)


class FastTextModel:
    """A fastText model over words as ``tasks.classifiers.words`` makes them.

    Each text is one call of the C++ function: its many-lines form is no faster, and under numpy 2 its
    probabilities come back wrong.
    """

    def __init__(self, model: Any, classes: list[str], numeric: bool, num_chars: int) -> None:
        self._predict = model.f.predict
        self._number = {f"{_LABEL}{place}": place for place in range(len(classes))}
        self._values = np.array([float(name) for name in classes], np.float32) if numeric else None
        self._num_chars = num_chars

    def predict(self, texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """See ``Model.predict``; a number is the mean of the classes, weighted by their probabilities."""
        found = np.zeros((len(texts), len(self._number)), np.float32)
        for row, line in enumerate(words(texts, self._num_chars)):
            for probability, label in self._predict(line, -1, 0.0, "replace"):
                found[row, self._number[label]] = probability
        found = np.minimum(found, 1.0)
        return found if self._values is None else (found @ self._values)[:, None]
