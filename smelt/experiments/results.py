"""What an experiment's cells have come to, read from the lake: a cell is done when its evaluation is there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from smelt.checkout import CHECKOUT
from smelt.errors import StageError
from smelt.experiments.plan import Cell, ExperimentPlan
from smelt.lake import Lake, Manifest, held
from smelt.plan import Plan
from smelt.run import preview
from smelt.settings import Settings


@dataclass(frozen=True)
class Point:
    """The figures of one cell's last checkpoint.

    Attributes:
        cell: its name.
        values: what was varied.
        setting: see ``Cell.setting``.
        parameters, tokens, flops: of its training.
        loss: held-out, nats per token, over all text.
        bits_per_byte: the same by bytes.
        by_label: bits per byte of each label of the held-out text.
        shares: of the tokens trained on, by group of the mixture.
        available: tokens of each group that there are.
        unique: tokens trained on that differ, as groups' sizes tell.
        benchmarks: by ``name:form``, ``accuracy``, ``bits_per_byte``, ``chance`` and ``items``.
        artifact: fingerprint of the evaluation.
    """

    cell: str
    title: str
    values: Mapping[str, Any]
    setting: str
    held_out: bool
    parameters: int
    tokens: int
    flops: float
    loss: float
    bits_per_byte: float
    by_label: dict[str, float]
    shares: dict[str, float]
    available: dict[str, float]
    unique: float
    benchmarks: dict[str, dict[str, float]]
    artifact: str

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def cell_plan(plan: ExperimentPlan, cell: Cell, settings: Settings) -> Plan:
    """What a run of the cell would do."""
    return preview(CHECKOUT / plan.experiment.recipe, cell.overrides, settings)[1]


def point(lake: Lake, cell: Cell, planned: Plan) -> Point | None:
    """The cell's figures; None while it has no evaluation, or one whose gate has not passed."""
    stage = planned.planned("evaluate")
    if not stage.cached or (evaluate := stage.artifact.manifest(lake)) is None:
        return None
    return read_point(lake, cell, evaluate, [item.artifact.manifest(lake) for item in _of_kind(planned, "blocks")])


def read_point(lake: Lake, cell: Cell, evaluate: Manifest, blocks: list[Manifest | None]) -> Point:
    """The figures of an evaluation's last checkpoint, and of the blocks of all phases that it was trained on.

    Raises:
        StageError: when the blocks are no longer in the lake.
    """
    found = held.read_json(lake, evaluate, evaluate.parts[-1], "/evaluation.json")
    heldout = found["heldout"]
    got: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for manifest in blocks:
        if manifest is None:
            raise StageError("its blocks are missing", where=f"cell {cell.name}", mend="run the cell again")
        for phase in manifest.stats["mixture"].values():
            for group, tokens in phase["got"].items():
                got[group] = got.get(group, 0) + tokens
                if epochs := phase["epochs"].get(group):
                    sizes[group] = tokens / epochs
    total = sum(got.values()) or 1.0
    return Point(
        **cell.described,
        loss=heldout["loss"],
        bits_per_byte=heldout["bits_per_byte"],
        by_label={label: figures["bits_per_byte"] for label, figures in heldout["by_label"].items()},
        shares={group: tokens / total for group, tokens in got.items()},
        available=sizes,
        unique=sum(min(tokens, sizes.get(group, tokens)) for group, tokens in got.items()),
        benchmarks={
            f"{name}:{form}": {key: score[key] for key in ("accuracy", "bits_per_byte", "chance", "items")}
            for name, forms in found["benchmarks"].items()
            for form, score in forms.items()
        },
        artifact=evaluate.fingerprint,
    )


def _of_kind(planned: Plan, kind: str) -> list[Any]:
    return [item for item in planned.stages if item.kind == kind]
