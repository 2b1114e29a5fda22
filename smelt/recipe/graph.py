"""The pipeline, from top to bottom: each stage's name, version, config, inputs and implementation.

``blocks`` and ``train`` are made once a phase: ``blocks-1``, ``train-1``, ``blocks-2`` … by the phase's place in the
recipe, since a recipe may name its phases as it likes and the DAG's tasks have to have names before there is a recipe.
Their *kind* is what they have in common: the folder in the lake, the gate and the implementation. Every other stage is
the only one of its kind.

Raise a version when the *meaning* of a stage's output changes; a faster or tidier implementation with
the same output keeps it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smelt.recipe import Recipe

MAX_PHASES = 8
"""Phases a recipe may have: as many have a place in the DAG."""


def kind_of(name: str) -> str:
    """The kind of the stage of that name: ``train`` of ``train-2``."""
    return name.partition("-")[0]


@dataclass(frozen=True)
class StageSpec:
    """A stage as planning sees it.

    Attributes:
        name: the stage's name.
        version: raised when the meaning of the output changes.
        inputs: the stages whose artifacts it reads. It is given one of each kind, the last: a phase's training leads
            to those of the phases before it.
        implementation: ``module:attribute`` of its ``smelt.stage.Stage``, imported only in Ray jobs.
        config: takes from the recipe what decides the stage's result, and nothing else.
        reads_files: whether it reads raw files, whose listing digest then is an input too.
        idle: whether a config, as a plan has it, leaves it nothing to do; None where none can.
        phase: place of its phase in the recipe, from 1; None for a stage that no phase has to itself.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    implementation: str
    config: Callable[["Recipe"], Any]
    reads_files: bool = False
    idle: Callable[[dict[str, Any]], bool] | None = None
    phase: int | None = None

    @property
    def kind(self) -> str:
        """The folder of its artifacts in the lake, and the name of its gate."""
        return kind_of(self.name)


_DATA: tuple[StageSpec, ...] = (
    StageSpec(
        "fetch", 1, (), "tasks.fetch:STAGE", lambda r: r.fetch_config(), idle=lambda config: not config["sources"]
    ),
    StageSpec("ingest", 10, ("fetch",), "tasks.ingest.stage:STAGE", lambda r: r.ingest_config(), reads_files=True),
    StageSpec("clean", 5, ("ingest",), "tasks.clean:STAGE", lambda r: r.clean.with_digests()),
    StageSpec(
        "classifiers",
        1,
        ("clean",),
        "tasks.classifiers:STAGE",
        lambda r: r.classifiers_config(),
        idle=lambda config: not config["models"],
    ),
    StageSpec("score", 4, ("clean", "classifiers"), "tasks.score:STAGE", lambda r: r.score),
    StageSpec("select", 4, ("clean", "score"), "tasks.select:STAGE", lambda r: r.select),
    StageSpec("dedup", 6, ("ingest", "clean", "score", "select"), "tasks.dedup:STAGE", lambda r: r.dedup_config()),
    StageSpec(
        "decontaminate",
        4,
        ("clean", "score", "select", "dedup"),
        "tasks.decontaminate:STAGE",
        lambda r: r.decontaminate_config(),
    ),
    StageSpec(
        "tokenizer",
        2,
        ("clean", "score", "select", "dedup", "decontaminate"),
        "tasks.tokenizer:STAGE",
        lambda r: r.tokenizer_config(),
    ),
    StageSpec(
        "tokens",
        3,
        ("clean", "score", "select", "dedup", "decontaminate", "tokenizer"),
        "tasks.tokens:STAGE",
        lambda r: r.tokens,
    ),
)


def stages(num_phases: int) -> tuple[StageSpec, ...]:
    """The stages of a recipe of so many phases, from top to bottom."""
    places = range(1, num_phases + 1)
    blocks, trained = [f"blocks-{place}" for place in places], [f"train-{place}" for place in places]
    return (
        *_DATA,
        *(spec for place in places for spec in _of_phase(place)),
        StageSpec("export", 2, (*trained, "tokenizer"), "training.export.stage:STAGE", lambda r: r.export),
        StageSpec(
            "evaluate",
            6,
            (*trained, "tokens", "tokenizer"),
            "evaluation.stage:STAGE",
            lambda r: r.evaluate_config(),
        ),
        StageSpec(
            "report",
            3,
            (*(spec.name for spec in _DATA), *blocks, *trained, "export", "evaluate"),
            "evaluation.report.stage:STAGE",
            lambda r: r.report_config(),
        ),
    )


def _of_phase(place: int) -> tuple[StageSpec, StageSpec]:
    """The stages of the phase at that place. Its blocks need tokens and columns alone, so they wait for no training."""
    before = (f"train-{place - 1}",) if place > 1 else ()
    return (
        StageSpec(
            f"blocks-{place}",
            3,
            ("clean", "score", "dedup", "tokens"),
            "tasks.blocks:STAGE",
            lambda r: r.blocks_config(place),
            phase=place,
        ),
        StageSpec(
            f"train-{place}",
            2,
            (*before, f"blocks-{place}", "tokenizer"),
            "training.stage:STAGE",
            lambda r: (r.with_start() if place == 1 else r).train_config(place),
            phase=place,
        ),
    )


STAGES = stages(MAX_PHASES)
"""Every stage that a recipe can have."""
KINDS = tuple(dict.fromkeys(stage.kind for stage in STAGES))
"""Every kind of stage, from top to bottom."""
JUDGEMENT, IMPLEMENTATION_OF_JUDGEMENT = "judgement", "evaluation.judgement:STAGE"
"""Kind of what one checkpoint's evaluation is, and what makes it: an artifact that ``evaluate`` gathers, and no stage,
since a plan can't know which checkpoints there will be."""
EARLY = "evaluation.early:judge"
"""What judges a checkpoint while its training goes on."""
USED = "used"
"""Folder of a judgement's artifact: an empty object for each evaluation that has it, by fingerprint."""
JUDGEMENTS = "judgements"
"""Round of ``evaluate`` whose parts name the judgements of its checkpoints."""
ARTIFACTS = (*KINDS, JUDGEMENT)
"""Every kind of artifact that has parts, and may be verified and collected."""


def spec(name: str) -> StageSpec:
    """The spec of the stage of that name."""
    return next(stage for stage in STAGES if stage.name == name)


def direct_inputs(stage: StageSpec) -> list[str]:
    """The inputs that are not also inputs, however far up, of another input: what to wait for.

    Inputs of one kind don't stand for each other: a recipe of fewer phases has only the first of them. Nor does what a
    recipe may leave nothing to do stand for what it comes from, since nobody waits for that then.
    """
    return [
        name
        for name in stage.inputs
        if not any(
            name in _above(other)
            for other in stage.inputs
            if kind_of(other) != kind_of(name) and spec(other).idle is None
        )
    ]


def _above(name: str) -> set[str]:
    inputs = spec(name).inputs
    return set(inputs).union(*(_above(item) for item in inputs))
