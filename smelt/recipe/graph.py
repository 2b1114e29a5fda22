"""The pipeline, from top to bottom: each stage's name, version, config, inputs and implementation.

Raise a version when the *meaning* of a stage's output changes; a faster or tidier implementation with
the same output keeps it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smelt.recipe import Recipe


@dataclass(frozen=True)
class StageSpec:
    """A stage as planning sees it.

    Attributes:
        name: the stage's name, which is also its folder in the lake.
        version: raised when the meaning of the output changes.
        inputs: the stages whose artifacts it reads.
        implementation: ``module:attribute`` of its ``smelt.stage.Stage``, imported only in Ray jobs.
        config: takes from the recipe what decides the stage's result, and nothing else.
        reads_files: whether it reads raw files, whose listing digest then is an input too.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    implementation: str
    config: Callable[["Recipe"], Any]
    reads_files: bool = False


STAGES: tuple[StageSpec, ...] = (
    StageSpec("fetch", 1, (), "tasks.fetch:STAGE", lambda r: r.fetch_config()),
    StageSpec("ingest", 2, ("fetch",), "tasks.ingest.stage:STAGE", lambda r: r.ingest_config(), reads_files=True),
    StageSpec("clean", 2, ("ingest",), "tasks.clean:STAGE", lambda r: r.clean.with_digests()),
    StageSpec("classifiers", 1, ("clean",), "tasks.classifiers:STAGE", lambda r: r.classifiers_config()),
    StageSpec("score", 2, ("clean", "classifiers"), "tasks.score:STAGE", lambda r: r.score),
    StageSpec("select", 2, ("clean", "score"), "tasks.select:STAGE", lambda r: r.select),
    StageSpec("dedup", 1, ("clean", "score", "select"), "tasks.dedup:STAGE", lambda r: r.dedup),
    StageSpec(
        "decontaminate",
        1,
        ("clean", "score", "select", "dedup"),
        "tasks.decontaminate:STAGE",
        lambda r: r.decontaminate_config(),
    ),
    StageSpec(
        "tokenizer",
        1,
        ("clean", "score", "select", "dedup", "decontaminate"),
        "tasks.tokenizer:STAGE",
        lambda r: r.tokenizer_config(),
    ),
    StageSpec(
        "tokens",
        1,
        ("clean", "score", "select", "dedup", "decontaminate", "tokenizer"),
        "tasks.tokens:STAGE",
        lambda r: r.tokens,
    ),
    StageSpec("blocks", 1, ("tokens",), "tasks.blocks:STAGE", lambda r: r.blocks_config()),
    StageSpec("train", 2, ("blocks", "tokenizer"), "training.stage:STAGE", lambda r: r.with_start().train_config()),
    StageSpec("export", 1, ("train", "tokenizer"), "training.export.stage:STAGE", lambda r: r.export),
    StageSpec("evaluate", 1, ("train", "tokens", "tokenizer"), "evaluation.stage:STAGE", lambda r: r.evaluate_config()),
    StageSpec(
        "report",
        1,
        (
            "fetch",
            "ingest",
            "clean",
            "classifiers",
            "score",
            "select",
            "dedup",
            "decontaminate",
            "tokenizer",
            "tokens",
            "blocks",
            "train",
            "export",
            "evaluate",
        ),
        "evaluation.report.stage:STAGE",
        lambda r: r.report_config(),
    ),
)


def spec(name: str) -> StageSpec:
    """The spec of the stage of that name."""
    return next(stage for stage in STAGES if stage.name == name)


def direct_inputs(stage: StageSpec) -> list[str]:
    """The inputs that are not also inputs, however far up, of another input: what to wait for."""
    return [name for name in stage.inputs if not any(name in _above(other) for other in stage.inputs)]


def _above(name: str) -> set[str]:
    inputs = spec(name).inputs
    return set(inputs).union(*(_above(item) for item in inputs))
