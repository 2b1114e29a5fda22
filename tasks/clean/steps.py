"""Reference steps: datatrove's ``PipelineStep`` blocks, named in a recipe and run over the documents.

A step is handed documents one after the other and may change, pass on or drop them. What it drops is
not lost: the row stays, as it was before the step, with the step's name and reason.
"""

import importlib
from collections.abc import Iterator
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from smelt.errors import StageError
from smelt.recipe.clean import StepConfig


def build(config: StepConfig) -> PipelineStep:
    """The step that a config describes.

    Raises:
        StageError: when it can't be imported, is no step, or refuses its arguments.
    """
    module, _, name = config.step.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise StageError(str(error), where=f"clean.steps: {config.step}", mend="check the import path") from error
    if not (isinstance(kind, type) and issubclass(kind, PipelineStep)):
        raise StageError("is no datatrove PipelineStep", where=f"clean.steps: {config.step}")
    try:
        return kind(**config.args)
    except TypeError as error:
        raise StageError(str(error), where=f"clean.steps: {config.step}", mend="check its args") from error


def run(
    configs: tuple[StepConfig, ...], texts: list[str], metadata: list[dict[str, Any]]
) -> tuple[list[str], list[str | None]]:
    """Run steps in order.

    Returns:
        The texts after the steps, and for each document the reason it was dropped for, or None.
    """
    reasons: list[str | None] = [None] * len(texts)
    texts = list(texts)
    for config in configs:
        step = build(config)
        rejects = _Rejects()
        if hasattr(step, "exclusion_writer"):
            step.exclusion_writer = rejects
        alive = [row for row, reason in enumerate(reasons) if reason is None]
        given = (Document(text=texts[row], id=str(row), metadata=dict(metadata[row])) for row in alive)
        passed = {int(document.id): document.text for document in _run(step, given, config)}
        name = config.step.rpartition(".")[2]
        for row in alive:
            if row in passed:
                texts[row] = passed[row]
            else:
                why = rejects.reasons.get(row)
                reasons[row] = f"{name}:{why}" if why else name
    return texts, reasons


def _run(step: PipelineStep, documents: Iterator[Document], config: StepConfig) -> Iterator[Document]:
    try:
        yield from step.run(documents, rank=0, world_size=1) or ()
    except ImportError as error:
        raise StageError(str(error), where=f"clean.steps: {config.step}", mend="install what the step needs") from error


class _Rejects:
    """Takes the place of a datatrove writer and notes why each document was dropped."""

    def __init__(self) -> None:
        self.reasons: dict[int, str | None] = {}

    def __enter__(self) -> "_Rejects":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def write(self, document: Document, rank: int = 0, **_: Any) -> None:
        self.reasons[int(document.id)] = document.metadata.get("filter_reason")
