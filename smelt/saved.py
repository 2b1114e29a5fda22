"""Checkpoints that were saved while their training goes on, and wait to be judged.

The job of a training leaves a *watch* in the lake while it is at it, so that whoever looks for checkpoints has few
places to look at. He claims each that he sees by a mark beside it: it *waits*, and until it is judged the training
leaves its weights where they are. Where nobody looks, nothing waits, and weights are tidied away as the recipe says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from smelt.errors import MissingError, StageError
from smelt.lake import Artifact, Lake
from smelt.lake.artifact import MANIFEST, RECORD
from smelt.phases import has_weights
from smelt.plan import Planned
from smelt.recipe.graph import JUDGEMENTS
from smelt.run import Run, ended_key, find_run

WATCHED, WAITING, CHECKPOINTS = "watched/", "waiting", "checkpoints"


@dataclass(frozen=True)
class Saved:
    """A checkpoint that waits to be judged for a run.

    Attributes:
        stage: of its training, such as ``train-2``; ``phase`` is the recipe's name for it.
        name: of its part.
    """

    run: str
    stage: str
    phase: str
    name: str
    step: int


def watch(lake: Lake, run_id: str, stage: str) -> None:
    """Say that a run's training is under way."""
    lake.put(_watch_key(run_id, stage), b"")


def unwatch(lake: Lake, run_id: str, stage: str) -> None:
    """Say that it no longer is."""
    lake.delete([_watch_key(run_id, stage)])


def seen(lake: Lake) -> list[Saved]:
    """Checkpoints of trainings under way that nobody has seen before; from now on they wait."""
    return [one for run, stage in _under_way(lake) for one in _claimed(lake, run, stage)]


def waiting(lake: Lake, run_id: str) -> list[Saved]:
    """The checkpoints that wait to be judged for a run, in the order in which they were saved."""
    if (run := find_run(lake, run_id)) is None:
        return []
    evaluate = run.planned("evaluate")
    if _exists(lake, evaluate):
        return []
    return [
        _saved(run, planned, name)
        for planned in run.plan.stages
        if planned.kind == "train"
        for name, whom in sorted(_marks(lake, planned.artifact))
        if whom == evaluate.fingerprint
    ]


def waiting_names(lake: Lake, train: Artifact) -> set[str]:
    """The checkpoints of a training that wait for anybody who is still there: not for a run that has ended, and not for
    an evaluation that has them, whose mark was left behind."""
    return {
        name
        for name, whom in _marks(lake, train)
        if not _has(lake, Artifact("evaluate", whom), name) and not _left(lake, _mark_key(train, name, whom))
    }


def judged(lake: Lake, train: Artifact, name: str, evaluate: Artifact) -> None:
    """Say that a checkpoint waits no longer for this evaluation."""
    lake.delete([_mark_key(train, name, evaluate.fingerprint)])


def _under_way(lake: Lake) -> Iterator[tuple[Run, str]]:
    for item in lake.objects(WATCHED):
        run_id, _, stage = item.key.removeprefix(WATCHED).partition("/")
        try:
            run = find_run(lake, run_id)
        except StageError:
            run = None
        if run is None or lake.exists(ended_key(run_id)) or _exists(lake, run.planned(stage)):
            unwatch(lake, run_id, stage)  # the evaluation of all is what comes next, if anything
        else:
            yield run, stage


def _claimed(lake: Lake, run: Run, stage: str) -> Iterator[Saved]:
    planned, evaluate = run.planned(stage), run.planned("evaluate").artifact
    train = planned.artifact
    there = _names(lake, f"{train.root}{CHECKPOINTS}/") - _names(lake, f"{evaluate.root}{JUDGEMENTS}/")
    marked = {name for name, whom in _marks(lake, train) if whom == evaluate.fingerprint}
    for name in sorted(there):
        key = _mark_key(train, name, evaluate.fingerprint)
        if name in marked:
            if not _left(lake, key):
                continue
            lake.delete([key])  # by another run of the same, which has ended before it was judged
        if has_weights(train.record(lake, CHECKPOINTS, name)) and lake.put_new(key, run.id.encode()):
            yield _saved(run, planned, name)


def _left(lake: Lake, key: str) -> bool:
    """Whether a mark is of a run that has ended, or gone by now."""
    try:
        run_id = lake.get(key).decode()
    except MissingError:
        return True
    return bool(run_id) and lake.exists(ended_key(run_id))


def _has(lake: Lake, evaluate: Artifact, name: str) -> bool:
    """Whether an evaluation is made, or has its part on a checkpoint."""
    return lake.exists(evaluate.root + MANIFEST) or lake.exists(evaluate.key(JUDGEMENTS, name, RECORD))


def _exists(lake: Lake, planned: Planned) -> bool:
    return lake.exists(planned.artifact.root + MANIFEST)


def _names(lake: Lake, folder: str) -> set[str]:
    keys = [item.key.removeprefix(folder) for item in lake.objects(folder)]
    return {key.removesuffix(RECORD) for key in keys if key.endswith(RECORD)}


def _marks(lake: Lake, train: Artifact) -> set[tuple[str, str]]:
    """Name of a checkpoint, and fingerprint of the evaluation that it waits for."""
    folder = f"{train.root}{WAITING}/"
    marks = [item.key.removeprefix(folder).partition("/") for item in lake.objects(folder)]
    return {(name, whom) for name, _, whom in marks}


def _saved(run: Run, planned: Planned, name: str) -> Saved:
    return Saved(run.id, planned.stage, planned.config["phases"][-1]["name"], name, int(name.removeprefix("step-")))


def _watch_key(run_id: str, stage: str) -> str:
    return f"{WATCHED}{run_id}/{stage}"


def _mark_key(train: Artifact, name: str, whom: str) -> str:
    """Key of the object that holds the id of the run for which a checkpoint waits for an evaluation."""
    return f"{train.root}{WAITING}/{name}/{whom}"
