"""Links on a task: to its Ray job, artifact, curves and gate's Data Docs, and to the run's page and report.

A link is an address of the plugin's own (``plugin``), which looks up where it leads when it is followed. It is offered
where it leads somewhere by now, which the API server asks the lake, and Ray of a job; and where the lake can't be
asked. Airflow gives a link to the very classes that it names, not to those below them.
"""

from typing import Any, ClassVar
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from operators.addresses import page
from operators.day import DayPlanOperator
from operators.event import EventPlanOperator
from operators.jobs.gate import QualityGateOperator
from operators.jobs.stage import RayStageOperator
from operators.partition import PartitionPlanOperator
from operators.plan import PlanOperator
from operators.publish import PublishOperator
from smelt.recipe.graph import kind_of

TASKS: list[type] = [
    PlanOperator,
    PartitionPlanOperator,
    EventPlanOperator,
    DayPlanOperator,
    RayStageOperator,
    QualityGateOperator,
    PublishOperator,
]


class _StageLink(BaseOperatorLink):
    """A link to ``<run>/<stage>/<kind>``."""

    kind = ""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address of the page that leads there; empty, which shows no link, where there is nothing."""
        stage = ti_key.task_id.partition(".")[0]
        return page(f"runs/{quote(ti_key.run_id, safe='')}/{stage}/{self.kind}") if self._leads(ti_key, stage) else ""

    def _leads(self, ti_key: Any, stage: str) -> bool:
        """Whether there is something by now; a lake that can't be asked is no reason to hide what may be there."""
        from operators.pages import access
        from operators.pages.found import run_head
        from operators.pages.leads import lead_to
        from smelt.errors import LakeOutageError, SmeltError
        from smelt.run import safe_run_id

        try:
            lake = access.connect()
        except SmeltError:
            return True
        try:
            lead_to(lake, run_head(lake, safe_run_id(ti_key.run_id)), stage, self.kind)
        except SmeltError as error:
            return isinstance(error, LakeOutageError)
        return True


class RayJobLink(_StageLink):
    """The job's page in Ray's dashboard."""

    name = "Ray job"
    kind = "job"
    operators: ClassVar[list[type]] = [RayStageOperator]


class ArtifactLink(_StageLink):
    """The artifact's manifest."""

    name = "Artifact"
    kind = "artifact"
    operators: ClassVar[list[type]] = [RayStageOperator, QualityGateOperator]


class DataDocsLink(_StageLink):
    """The Data Docs page of the gate's result."""

    name = "Data Docs"
    kind = "docs"
    operators: ClassVar[list[type]] = [QualityGateOperator]


class ReportLink(_StageLink):
    """The run's report."""

    name = "Report"
    kind = "report"
    operators: ClassVar[list[type]] = TASKS


class TensorBoardLink(_StageLink):
    """The curves of a training; no other stage has any."""

    name = "TensorBoard"
    kind = "tensorboard"
    operators: ClassVar[list[type]] = [RayStageOperator]

    def _leads(self, ti_key: Any, stage: str) -> bool:
        return kind_of(stage) == "train" and super()._leads(ti_key, stage)


class RunLink(BaseOperatorLink):
    """The run in Smelt's pages."""

    name = "Smelt"
    operators: ClassVar[list[type]] = TASKS

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address of the run's page."""
        return page(f"runs/{quote(ti_key.run_id, safe='')}")


LINKS = [RunLink(), RayJobLink(), ArtifactLink(), TensorBoardLink(), DataDocsLink(), ReportLink()]
