"""A checkpoint judged while its training goes on; the run's ``evaluate`` finds it done.

What it says is drawn into TensorBoard too, as ``judged`` beside its training's curves.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evaluation import judgement
from evaluation.judgement import Checkpoint
from evaluation.stage import named
from smelt.boards.curves import FOLDER, curves_name
from smelt.engine.make import Mapper
from smelt.phases import has_weights
from smelt.plan import Planned
from smelt.recipe.graph import JUDGEMENTS
from smelt.saved import CHECKPOINTS
from smelt.stage import Context


def judge(context: Context, train: Planned, name: str, mapper: Mapper) -> None:
    """Make the judgement of a checkpoint, and the part of the evaluation that names it.

    One whose weights are gone can't be judged, and is left out.

    Args:
        context: of the run's evaluation, without its training.
        train: the training that has saved it.
    """
    record = train.artifact.record(context.lake, CHECKPOINTS, name)
    checkpoint = Checkpoint(train.artifact, record, bool(train.config["training"]["document_mask"]))
    if not has_weights(record) and judgement.find(context, checkpoint) is None:
        return
    made = judgement.made(context, checkpoint, mapper)
    part = named(made.fingerprint)
    context.artifact.write_part(context.lake, JUDGEMENTS, name, files=part.files, rows=part.rows, stats=part.stats)
    _show(context, train, judgement.read(context.lake, made))


def figures(said: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """What of a judgement is drawn, by name."""
    for label, one in {"all": said["heldout"], **said["heldout"]["by_label"]}.items():
        yield f"judged_loss/{label}", one["loss"]
        yield f"judged_bits_per_byte/{label}", one["bits_per_byte"]
    for name, one in said["texts"].items():
        yield f"judged_texts/{name}", one["loss"]
    for benchmark, forms in said["benchmarks"].items():
        for form, score in forms.items():
            yield f"judged_accuracy/{benchmark} {form}", score["accuracy"]
            yield f"judged_gold_bits_per_byte/{benchmark} {form}", score["bits_per_byte"]
            if "unseen" in score:
                yield f"judged_memory/{benchmark} {form}", score["unseen"]["memory"]
    for name, answers in said["probes"].items():
        for answer in answers:
            figure = "margin" if answer["kind"] == "prefer" else "prob"
            yield f"judged_probes/{name} {answer['words']}", answer[figure]


def _show(context: Context, train: Planned, said: Mapping[str, Any]) -> None:
    """Put the figures where TensorBoard reads: on this machine's disk, and in the lake for one elsewhere."""
    from torch.utils.tensorboard import SummaryWriter  # a second to import

    name = f"{curves_name(context.run, train.config['phases'][-1]['name'], train.fingerprint)}/judged"
    with tempfile.TemporaryDirectory(prefix="smelt-judged-") as home:
        with SummaryWriter(home) as board:
            for tag, value in figures(said):
                board.add_scalar(tag, value, said["step"])
        local = context.lake.settings.home / "tensorboard" / name
        local.mkdir(parents=True, exist_ok=True)
        for file in Path(home).iterdir():
            content = file.read_bytes()
            (local / file.name).write_bytes(content)
            context.lake.put(f"{train.artifact.root}{FOLDER}{name}/{file.name}", content)
