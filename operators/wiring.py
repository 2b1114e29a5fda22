"""How stages hang together in a DAG: each is a group of `run` and `gate`, and waits for the gates of its inputs."""

from collections.abc import Iterable, Mapping

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule

from operators.gate import QualityGateOperator
from operators.stage import RayStageOperator
from smelt.pool import pool_of
from smelt.recipe.graph import StageSpec, direct_inputs


def wire(
    stages: Iterable[StageSpec], plan: BaseOperator, phases: Mapping[int, TaskGroup] | None = None
) -> dict[str, QualityGateOperator]:
    """Make the stages' tasks in the DAG that is being defined; their gates, by stage name.

    Args:
        stages: from top to bottom; those they read are among them.
        plan: what a stage without inputs waits for.
        phases: the group of each phase's stages, by the phase's place.
    """
    gates: dict[str, QualityGateOperator] = {}
    for stage in stages:
        with TaskGroup(stage.name, parent_group=(phases or {}).get(stage.phase or 0)):
            run = RayStageOperator(
                task_id="run", stage=stage.name, trigger_rule=TriggerRule.NONE_FAILED, pool=pool_of(stage)
            )
            gates[stage.name] = QualityGateOperator(task_id="gate", stage=stage.name)
        run >> gates[stage.name]
        (plan if not stage.inputs else [gates[name] for name in direct_inputs(stage)]) >> run
    return gates
