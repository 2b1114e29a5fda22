"""Where the links of a run lead: to a task's Ray job, artifact, Data Docs, report or curves."""

from urllib.parse import quote

from operators.pages.found import RunHead
from operators.pages.jobs import newest_job
from smelt.errors import StageError
from smelt.lake import Lake
from smelt.plan import Planned
from smelt.run import progress_key

GONE = "it isn't made yet, or was collected"


def lead_to(lake: Lake, run: RunHead, stage: str, kind: str) -> str:
    """Address of what a link leads to; one below the pages has no scheme.

    Raises:
        StageError: when it isn't there, or there is no such link.
    """
    if kind in ("job", "tensorboard"):
        return (_job if kind == "job" else _board)(lake, run, run.plan.planned(stage))
    key = ""
    if kind == "report":
        key = run.plan.planned("report").artifact.key("parts", "report", "/report.html")
    elif kind == "artifact":
        key = run.plan.planned(stage).artifact.root + "manifest.json"
    elif kind == "docs":
        key = (lake.find_json(run.plan.planned(stage).gate_key) or {"docs": ""})["docs"]
    if not key or not lake.exists(key):
        raise StageError(f"there is no {kind}", where=f"{run.id}: {stage}", mend=GONE)
    return f"lake/{quote(key)}"


def _board(lake: Lake, run: RunHead, planned: Planned) -> str:
    """TensorBoard with the training's curves alone."""
    where = f"{run.id}: {planned.stage}"
    if planned.kind != "train":
        raise StageError("has no curves", where=where, mend="a training has")
    if lake.settings.tensorboard is None:
        raise StageError("no TensorBoard is served", where="SMELT_TENSORBOARD", mend="set it to TensorBoard's address")
    if planned.artifact.manifest(lake) is None and not lake.exists(progress_key(run.id, planned.stage)):
        raise StageError("there are no curves", where=where, mend="its training hasn't begun")
    return f"{lake.settings.tensorboard.rstrip('/')}/?runFilter={planned.fingerprint}#timeseries"


def _job(lake: Lake, run: RunHead, planned: Planned) -> str:
    """The newest job that made the stage's artifact, in Ray's dashboard; jobs of its gate have names of their own."""
    name = f"{planned.stage}-{planned.fingerprint}"
    if (newest := newest_job(lake, name)) is None:
        raise StageError("Ray knows no such job", where=name, mend="nothing had to be done, or its head is a new one")
    return f"{(lake.settings.ray_dashboard or lake.settings.ray_api).rstrip('/')}/#/jobs/{newest}"
