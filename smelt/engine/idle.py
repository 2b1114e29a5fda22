"""Stages that a recipe leaves nothing to do: the plan commits their artifacts, and no job is started for them."""

import time

from smelt.engine.manifest import manifest_of
from smelt.gates.index import index_page
from smelt.gates.result import GateResult
from smelt.gates.suite import gate_root
from smelt.lake import Lake
from smelt.plan import Plan, Planned


def commit_idle(plan: Plan, lake: Lake) -> Plan:
    """The plan in which they are cached: artifacts as jobs would make them, without parts, and gates that ask nothing.

    Done twice it is as done once.
    """
    return plan.model_copy(update={"stages": tuple(_committed(planned, lake) for planned in plan.stages)})


def _committed(planned: Planned, lake: Lake) -> Planned:
    if planned.cached or not planned.idle:
        return planned
    planned.artifact.commit(lake, manifest_of(planned, [], {}, time.time(), 0.0))
    result = GateResult(
        success=True,
        stage=planned.kind,
        fingerprint=planned.fingerprint,
        suite=planned.suite,
        expectations=(),
        docs=gate_root(planned.kind, planned.fingerprint, planned.suite) + "index.html",
    )
    lake.put(result.docs, index_page(result, tables=[], own=[]).encode())
    lake.put(planned.gate_key, result.model_dump_json().encode())
    return planned.model_copy(update={"cached": True, "reason": "nothing to do"})
