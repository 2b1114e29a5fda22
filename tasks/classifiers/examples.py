"""What a classifier learns from: texts with labels, out of files and out of trusted sources.

Which texts are held out is decided by their hash, class by class: the same text is always on the same
side of the line, whatever file it came in, and every class is on both sides.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.errors import StageError
from smelt.recipe.classifiers import NEGATIVE, POSITIVE, ClassifierConfig
from smelt.recipe.reading import attached
from smelt.stage import Context
from tasks.classifiers.draw import documents_of, drawn
from tasks.documents import batches
from tasks.sampling import draws, share_out


@dataclass
class Examples:
    """Labelled texts in order of their hash.

    Attributes:
        labels: class names, or numbers: one or the other.
        origins: how many texts each label file and each source gave.
    """

    texts: list[str]
    labels: list[str] | list[float]
    origins: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def numeric(self) -> bool:
        """Whether labels are numbers."""
        return bool(self.labels) and not isinstance(self.labels[0], str)

    @property
    def classes(self) -> list[str]:
        """The labels as names, sorted; numbers are rounded to whole ones."""
        if self.numeric:
            return [str(number) for number in sorted({round(float(label)) for label in self.labels})]
        return sorted({str(label) for label in self.labels})

    @property
    def targets(self) -> np.ndarray:
        """For each text the index of its class (int64, N)."""
        names = [str(round(float(label))) if self.numeric else str(label) for label in self.labels]
        number = {name: place for place, name in enumerate(self.classes)}
        return np.array([number[name] for name in names], np.int64)

    def take(self, rows: np.ndarray) -> "Examples":
        """Some of the examples."""
        return Examples([self.texts[row] for row in rows], [self.labels[row] for row in rows])


def gather(config: ClassifierConfig, context: Context) -> Examples:
    """All that a classifier has to learn from: the beginnings of texts; of equal ones the first counts.

    Raises:
        RecipeError: for a label file that is missing, changed or broken.
        StageError: for labels of two kinds or of one class, and for ids and sources that are not in the corpus.
    """
    found: dict[str, tuple[str, str | float]] = {}
    origins: dict[str, int] = {}
    rows = [*_from_files(config, context), *_from_sources(config, context)]
    for origin, whole, label in rows:
        text = whole[: config.max_chars]
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        if key not in found and text.strip():
            found[key] = (text, label)
            origins[origin] = origins.get(origin, 0) + 1
    keys = sorted(found)
    labels = [found[key][1] for key in keys]
    kinds = {isinstance(label, str) for label in labels}
    if len(kinds) > 1:
        raise StageError("some labels are numbers and some are words", where=config.where, mend="keep to one of both")
    if len(set(labels)) < 2:
        raise StageError(
            f"{len(set(labels))} class{'es' * (not labels)} in {len(labels)} texts",
            where=config.where,
            mend="a classifier needs two: add labels",
        )
    return Examples([found[key][0] for key in keys], labels, dict(sorted(origins.items())))  # type: ignore[arg-type]


def needs_corpus(config: ClassifierConfig) -> bool:
    """Whether documents of the corpus are needed: for weak labels, and for labels by id."""
    return config.weak is not None or any(not isinstance(item.get("text"), str) for _, _, item in _lines(config))


def split(examples: Examples, held_out_share: float) -> tuple[Examples, Examples]:
    """Examples to train on and examples to measure on: of each class the texts whose hash is drawn lowest."""
    ids = pa.array([hashlib.sha256(text.encode()).hexdigest()[:16] for text in examples.texts])
    order, targets = draws(ids, "held-out"), examples.targets
    held = np.zeros(len(examples), np.bool_)
    for number in range(len(examples.classes)):
        rows = np.flatnonzero(targets == number)
        count = min(math.ceil(held_out_share * len(rows)), len(rows) - 1)
        held[rows[np.argsort(order[rows], kind="stable")[:count]]] = True
    return examples.take(np.flatnonzero(~held)), examples.take(np.flatnonzero(held))


def _lines(config: ClassifierConfig) -> list[tuple[str, str, dict[str, Any]]]:
    """File, place and content of each line of the label files."""
    digests = config.digests or ("",) * len(config.labels)
    return [
        (path, place, item)
        for path, digest in zip(config.labels, digests, strict=True)
        for place, item in attached.json_lines(path, where=config.where, digest=digest)
    ]


def _from_files(config: ClassifierConfig, context: Context) -> list[tuple[str, str, str | float]]:
    rows: list[tuple[str, str, str | None, str | float]] = []
    wanted: dict[str, str] = {}
    for path, place, item in _lines(config):
        label, name, text = item.get("label"), item.get("id"), item.get("text")
        if not _is_label(label):
            raise StageError("has no label", where=place, mend="add `label`: a word or a number")
        if not isinstance(text, str):
            if not isinstance(name, str):
                raise StageError("has neither text nor id", where=place, mend="add `text`, or a document's `id`")
            wanted[name], text = place, None
        rows.append((path, str(name), text, label))
    texts = _texts_of(wanted, context) if wanted else {}
    return [(path, texts[name] if text is None else text, label) for path, name, text, label in rows]


def _is_label(label: Any) -> TypeGuard[str | float]:
    if isinstance(label, str):
        return bool(label)
    return isinstance(label, int | float) and not isinstance(label, bool) and math.isfinite(label)


def _texts_of(wanted: Mapping[str, str], context: Context) -> dict[str, str]:
    """Text by document id.

    Args:
        wanted: id to the place that asks for it.
    """
    clean = context.inputs["clean"]
    ids, found = pa.array(list(wanted)), dict[str, str]()
    for part in clean.parts:
        for table in batches(context.lake, {"clean": clean}, part.name, ["id", "text"]):
            own = table.filter(pc.is_in(table["id"], value_set=ids))
            found.update(zip(own["id"].to_pylist(), own["text"].to_pylist(), strict=True))
    for name, place in wanted.items():
        if name not in found:
            raise StageError(f"no document {name!r}", where=place, mend="give `text`, or an id of this recipe's corpus")
    return found


def _from_sources(config: ClassifierConfig, context: Context) -> list[tuple[str, str, str]]:
    weak, rows = config.weak, list[tuple[str, str, str]]()
    if weak is None:
        return rows
    clean = {"clean": context.inputs["clean"]}
    there = documents_of(clean["clean"])
    for label, sources in ((POSITIVE, weak.positive), (NEGATIVE, weak.negative)):
        if not any(there.get(source) for source in sources):
            raise StageError(
                f"no document of {', '.join(sources)} is left",
                where=f"{config.where}.weak.{label}",
                mend="name other sources",
            )
        wanted = share_out(weak.per_class, dict.fromkeys(sources, 1.0), there)
        table = drawn(
            context.lake, clean, wanted, ["source", "text"], purpose="weak labels", max_chars=config.max_chars
        )
        rows += [(source, text, label) for source, text in zip(*table.to_pydict().values(), strict=True)]
    return rows
