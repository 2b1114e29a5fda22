"""The one interface of all classifiers: trained from examples into files, and restored from them.

A model's files and its ``card.json`` lie in a part of the ``classifiers`` artifact. The card says what the
model is (kind, classes or range of numbers, config), what it was trained on and how good it is on texts
that it has not seen; it is all that is needed, beside the files, to run the model.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, PartRecord, held
from smelt.recipe.classifiers import ClassifierConfig, EncoderClassifier, FastTextClassifier
from smelt.recipe.select import nearest
from tasks.classifiers import encoder, fasttext
from tasks.classifiers.examples import Examples

CARD = "/card.json"
_LOADED: dict[tuple[str, str, str], "Loaded"] = {}


class Model(Protocol):
    """A trained classifier."""

    def predict(self, texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Probabilities (float32, N × classes), or numbers (float32, N × 1) from a model of numbers."""
        ...


@dataclass(frozen=True)
class Kind:
    """How a kind of classifier is trained, and restored.

    Attributes:
        train: from a config and examples to files by suffix; the same bytes for the same examples.
        restore: from a config, the card's classes and whether they are numbers, files and a lake to a model.
    """

    config: type[ClassifierConfig]
    train: Callable[[Any, Examples, Lake], dict[str, bytes]]
    restore: Callable[[Any, list[str], bool, Mapping[str, bytes], Lake], Model]


KINDS = {
    "fasttext": Kind(FastTextClassifier, fasttext.train, fasttext.restore),
    "encoder": Kind(EncoderClassifier, encoder.train, encoder.restore),
}


@dataclass(frozen=True)
class Loaded:
    """A model ready to run, with its card."""

    model: Model
    card: dict[str, Any]


def restore(card: Mapping[str, Any], files: Mapping[str, bytes], lake: Lake) -> Model:
    """The model that a card and files describe."""
    kind = KINDS[card["kind"]]
    return kind.restore(
        kind.config.model_validate(card["config"]), card["classes"], card["task"] == "number", files, lake
    )


def find(lake: Lake, artifact: Artifact, name: str) -> PartRecord:
    """The part that holds a model.

    Raises:
        StageError: when there is no such artifact or model, naming the nearest.
    """
    manifest = artifact.manifest(lake)
    if manifest is None:
        others = lake.folders("classifiers/")
        raise StageError(
            "no such artifact", where=f"classifiers/{artifact.fingerprint}", mend=nearest(artifact.fingerprint, others)
        )
    names = [part.name for part in manifest.parts]
    if name not in names:
        mend = nearest(name, names) if names else "it holds none"
        raise StageError(f"no model {name!r}", where=f"classifiers/{artifact.fingerprint}", mend=mend)
    return manifest.part(name)


def load(lake: Lake, artifact: Artifact, name: str) -> Loaded:
    """A model out of the lake; kept for the next call in this process.

    Raises:
        StageError: as ``find`` does.
    """
    key = (lake.url, artifact.fingerprint, name)
    if key not in _LOADED:
        part = find(lake, artifact, name)
        files = {suffix: held.read(lake, artifact, part, suffix) for suffix in part.files}
        card = json.loads(files.pop(CARD))
        _LOADED[key] = Loaded(restore(card, files, lake), card)
    return _LOADED[key]
