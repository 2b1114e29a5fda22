"""The ``train`` stage: all phases, from blocks to checkpoints."""

from smelt.lake import PartRecord
from smelt.stage import Context, Stage
from training.plan import plan_blocks, read_vocabulary


def run(context: Context) -> list[PartRecord]:
    """Train, or go on training; the artifact's parts are the checkpoints.

    Raises:
        StageError: when the blocks don't hold what the phases ask for, before any process is started.
    """
    vocabulary = read_vocabulary(context.lake, context.inputs["tokenizer"])
    last = plan_blocks(context.config, context.inputs["blocks"], vocabulary)[-1].end
    records = context.records("checkpoints")
    if f"step-{last:07d}" not in records:
        from training.launch import launch  # with torch and Ray Train, which take seconds to import

        launch(context)
        records = context.records("checkpoints")
    return list(records.values())


STAGE = Stage("train", run=run)
