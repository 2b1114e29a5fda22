"""The ``train`` stage: a phase, from blocks to checkpoints, on what the phases before it gave."""

from smelt.lake import PartRecord
from smelt.stage import Context, Stage
from smelt.steering.stopping import StoppedError, request_of
from training.blocks.plan import BlockPlan, course, plan_blocks, read_vocabulary
from training.spikes.events import read_events


def run(context: Context) -> list[PartRecord]:
    """Train, or go on training; the artifact's parts are the checkpoints.

    Raises:
        StageError: when the blocks don't hold what the phases ask for, before any process is started.
        StoppedError: when somebody asked the run to stop, and it has.
    """
    vocabulary = read_vocabulary(context.lake, context.inputs["tokenizer"])
    plans = plan_blocks(context.config, context.inputs["blocks"], vocabulary)
    if not _finished(context, plans):
        from training.checkpoints.trunk import take_over  # with torch, which takes seconds to import

        take_over(context, plans, vocabulary)
    while not _finished(context, plans):  # workers that are told to leave save where they are, and launch returns
        from training.launch import launch  # with Ray Train, likewise

        launch(context)
        if not _finished(context, plans) and (request := request_of(context.lake, context.run)) is not None:
            last = max(context.records("checkpoints"), default="its start")
            raise StoppedError(
                f"stopped behind {last}, as was asked at {request.when}",
                where=context.run,
                mend=f"`smelt resume {context.run}` goes on",
            )
    return list(context.records("checkpoints").values())


def _finished(context: Context, plans: list[BlockPlan]) -> bool:
    last = course(plans, read_events(context))[-1].end
    return f"step-{last:07d}" in context.records("checkpoints")


STAGE = Stage("train", run=run)
