"""Stopping a run behind the next checkpoint of its training, and going on from there.

The request is an object beside the run (``runs/<run id>/stop.json``). The trainer looks for it whenever it has saved a
checkpoint, and leaves; the task that follows the training is skipped then, and so is what comes behind it, so that the
run ends without a failure. The request stands until the stage that has stopped is tried again: that takes it back.
"""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from smelt.errors import RecipeError, SmeltError
from smelt.lake import Lake
from smelt.run import Run

STOPPED = 4
"""Exit status of the job of a training that has stopped because somebody asked for it."""


class StoppedError(SmeltError):
    """A training has left because somebody asked for it: no failure, and nothing is lost."""


class Request(BaseModel):
    """That a run is to stop.

    Attributes:
        when: ISO 8601 time at which it was asked.
        stage: the stage that has stopped; "" while none has.
        attempt: which try of that stage's task it was; a later one goes on.
    """

    model_config = ConfigDict(frozen=True)
    when: str
    stage: str = ""
    attempt: int = 0


def request_of(lake: Lake, run_id: str) -> Request | None:
    """The request that stands for a run."""
    found = lake.find_json(request_key(run_id)) if run_id else None
    return None if found is None else Request.model_validate(found)


def ask(lake: Lake, run: Run) -> str:
    """Ask a run to stop behind the next checkpoint; the training that will, or that comes next.

    Raises:
        RecipeError: when nothing is left to train.
    """
    trainings = (planned for planned in run.plan.stages if planned.kind == "train")
    left = [planned for planned in trainings if planned.artifact.manifest(lake) is None]
    if not left:
        raise RecipeError("nothing is left to train", where=run.id, mend="a run is stopped while it trains, or before")
    if request_of(lake, run.id) is None:
        lake.put_json(request_key(run.id), Request(when=datetime.now(UTC).isoformat(timespec="seconds")).model_dump())
    return left[0].stage


def note(lake: Lake, run_id: str, stage: str, attempt: int) -> None:
    """Write down which try of which stage has stopped, where it is the first; what comes behind has not begun."""
    if (request := request_of(lake, run_id)) is not None and not request.stage:
        lake.put_json(request_key(run_id), request.model_copy(update={"stage": stage, "attempt": attempt}).model_dump())


def take_back(lake: Lake, run_id: str) -> None:
    """Let the run go on where it is tried again."""
    lake.delete([request_key(run_id)])


def request_key(run_id: str) -> str:
    """Where a run's request lies."""
    return f"runs/{run_id}/stop.json"
