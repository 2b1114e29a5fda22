"""Links on a task: to its Ray job, its artifact, its gate's Data Docs and the run's report.

A link is an address of the plugin's own (``plugin``), which looks up where it leads when it is
followed. So it can be shown for every task at any time, skipped ones included, and showing it asks
neither the lake nor Ray.
"""

from typing import Any, ClassVar
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from operators.addresses import page
from operators.gate import QualityGateOperator
from operators.plan import PlanOperator
from operators.stage import RayStageOperator


class _StageLink(BaseOperatorLink):
    """A link to ``<run>/<stage>/<kind>``."""

    kind = ""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address of the page that leads there."""
        return page(f"runs/{quote(ti_key.run_id, safe='')}/{ti_key.task_id.partition('.')[0]}/{self.kind}")


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
    operators: ClassVar[list[type]] = [PlanOperator, RayStageOperator, QualityGateOperator]


LINKS = [RayJobLink(), ArtifactLink(), DataDocsLink(), ReportLink()]
