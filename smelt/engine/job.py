"""The Ray job of a stage: make its artifact, then run its gate.

Entry point ``python -m smelt.engine.job --run RUN --stage STAGE``. The last line of a failed job is
``error: ...``, which is what the operator shows.
"""

import argparse
import logging
import sys
import traceback

import ray

from smelt.engine.make import make_artifact, make_context
from smelt.engine.progress import ProgressWriter
from smelt.engine.spread import over_ray
from smelt.errors import LakeError, SmeltError
from smelt.gates.actor import gate_in_actor, warm_gate
from smelt.lake import Lake
from smelt.run import load_run, progress_key

USER_ERROR = 3
"""Exit status for an error that a retry can't mend; the object store's troubles may pass."""


def main() -> int:
    """Exit status 0 when the artifact exists and its gate has a result; the gate task reads the verdict."""
    parser = argparse.ArgumentParser(prog="smelt.engine.job")
    parser.add_argument("--run", required=True)
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args()
    try:
        run_stage(arguments.run, arguments.stage)
    except SmeltError as error:
        print(f"error: {error}", flush=True)
        return 1 if isinstance(error, LakeError) else USER_ERROR
    except Exception as error:
        traceback.print_exc()
        print(f"error: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}", flush=True)
        return 1
    return 0


def run_stage(run_id: str, stage: str) -> None:
    """Make the artifact of one stage of a run, and its gate's result."""
    lake = Lake.connect()
    run = load_run(lake, run_id)
    planned = run.planned(stage)
    print(f"{stage}: artifact {lake.path(planned.artifact.root)} ({planned.reason})", flush=True)
    ray.init(
        address=lake.settings.ray_address,
        namespace="smelt",
        log_to_driver=True,
        logging_level=logging.WARNING,
        configure_logging=True,
    )
    warm_gate()
    report = ProgressWriter(lake, progress_key(run_id, stage), stage)
    context = make_context(run.recipe, planned, lake, report)
    manifest = make_artifact(planned, context, over_ray)
    print(f"{stage}: {manifest.rows:,} rows, {manifest.bytes:,} bytes, digest {manifest.digest[:12]}", flush=True)
    result = gate_in_actor(lake, manifest, context.inputs, run.recipe.gates)
    passed = sum(item.success for item in result.expectations)
    verdict = "passed" if result.success else "FAILED"
    print(f"{stage}: gate {verdict}: {passed} of {len(result.expectations)} expectations hold", flush=True)


if __name__ == "__main__":
    sys.exit(main())
