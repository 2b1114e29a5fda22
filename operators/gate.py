"""The operator of a gate: the data-quality verdict on a stage's artifact.

The stage's own job runs the gate while its driver is still warm, so there is nearly always a result
to read; where there is none (the suite has changed since), a job makes it.
"""

from typing import ClassVar

from operators.stage import RayStageOperator


class QualityGateOperator(RayStageOperator):
    """Passes when the stage's artifact meets its suite; fails with the expectation that it does not meet."""

    ui_color = "#c5e1d4"
    trigger_path: ClassVar[str] = "operators.triggers.GateTrigger"
