"""How stages hang together in a DAG: each is a group of `run` and `gate`, and waits for the gates of its inputs.

And as a picture in text, for a DAG's page.
"""

from collections.abc import Iterable, Mapping, Sequence

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule

from operators.jobs.gate import QualityGateOperator
from operators.jobs.stage import RayStageOperator
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
    stages = list(stages)
    last = stages[-1].name
    for stage in stages:
        with TaskGroup(stage.name, parent_group=(phases or {}).get(stage.phase or 0)):
            run = RayStageOperator(
                task_id="run", stage=stage.name, last=last, trigger_rule=TriggerRule.NONE_FAILED, pool=pool_of(stage)
            )
            gates[stage.name] = QualityGateOperator(task_id="gate", stage=stage.name)
        run >> gates[stage.name]
        (plan if not stage.inputs else [gates[name] for name in direct_inputs(stage)]) >> run
    return gates


def follows(stages: Iterable[StageSpec]) -> dict[str, Sequence[str]]:
    """What each stage waits for, by name; ``plan`` comes first."""
    return {"plan": (), **{stage.name: direct_inputs(stage) or ("plan",) for stage in stages}}


def picture(follows: Mapping[str, Sequence[str]]) -> str:
    """Lines such as ``a + b ─ c ─ d``: c waits for a and b, and d for c alone.

    Markdown, as a list: Airflow's pages join the lines of a block of code.
    """
    followers = {name: [other for other, above in follows.items() if name in above] for name in follows}
    lines, drawn = [], set[str]()
    for name, above in follows.items():
        if name in drawn:
            continue
        chain = [" + ".join(above), name] if above else [name]
        while len(after := followers[chain[-1]]) == 1 and len(follows[after[0]]) == 1:
            chain += after
        drawn.update(chain)
        lines.append(f"* `{' ─ '.join(chain)}`")
    return "\n".join(lines)
