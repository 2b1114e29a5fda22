"""One model judged by hand (``smelt evaluate``): a run's checkpoint, an artifact, or a Hugging Face folder.

The functions are those of the stage, in this process. The held-out text is that of a run; for a model with another
tokenizer it is decoded and encoded again, so that bits per byte may be compared.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from evaluation import judging
from evaluation.benchmarks.judge import judge as ask
from evaluation.folder import FolderModel, retold
from evaluation.judging import Subject
from smelt.artifacts import existing
from smelt.errors import StageError
from smelt.lake import Artifact, Lake, Manifest, PartRecord, held
from smelt.phases import has_weights, trainings
from smelt.recipe.evaluate import EvaluateConfig, with_digests
from smelt.recipe.reading import attached
from smelt.recipe.reading.load import evaluation_with
from smelt.recipe.training.start import FILES
from smelt.run import Run, find_run
from training.blocks.heldout import Stream, choose
from training.blocks.plan import read_vocabulary
from training.checkpoints.load import load_model

WHERE = "smelt evaluate"
SHORT = 4096
"""Tokens of the windows for a model from elsewhere that is judged like no run, where it has as many."""


@dataclass(frozen=True)
class Text:
    """A training's held-out text.

    Attributes:
        tokens, tokenizer: the artifacts.
        length, document_mask: as it was trained last.
    """

    tokens: Manifest
    tokenizer: Manifest
    length: int
    document_mask: bool


def evaluate(
    lake: Lake, what: str, overrides: dict[str, Any], *, checkpoint: str = "", like: str = ""
) -> dict[str, Any]:
    """All figures of one model, as ``evaluation.json`` has them.

    Args:
        what: id of a run, ``train/…`` or ``export/…`` with the beginning of a fingerprint, or a model's folder.
        overrides: values by dotted path, of ``evaluate`` alone.
        checkpoint: name or step of one; by default the last.
        like: id of the run that says what is asked and on which text; by default the run itself.

    Raises:
        SmeltError: in one line, for what is not there or can't be judged.
    """
    run = _run(lake, like) if like else find_run(lake, what)
    base = EvaluateConfig() if run is None else run.recipe.evaluate
    config = with_digests(evaluation_with(base, overrides))
    stage, _, fingerprint = what.partition("/")
    if fingerprint and stage in ("train", "export"):
        manifest = _artifact(lake, what)
        train = manifest if stage == "train" else Artifact("train", manifest.inputs["train"]).manifest(lake)
        text = None if train is None else text_of(lake, train)
        if stage == "train":
            return _checkpoint(lake, manifest, _text(text, what), config, checkpoint)
        with tempfile.TemporaryDirectory(prefix="smelt-export-") as home:
            return _folder(_exported(lake, manifest, Path(home)), what, config, lake, text)
    if run is not None and not like:
        return _checkpoint(lake, *_trained(lake, run), config, checkpoint)
    folder = _model_folder(lake, what)
    if checkpoint:
        raise StageError("a folder has no checkpoints", where=what, mend="leave --checkpoint out")
    return _folder(folder, what, config, lake, None if run is None else _trained(lake, run)[1])


def text_of(lake: Lake, train: Manifest) -> Text | None:
    """The held-out text of a training; None where it is no longer in the lake."""
    blocks = Artifact("blocks", train.inputs.get("blocks", "")).manifest(lake)
    tokens = None if blocks is None else Artifact("tokens", blocks.inputs.get("tokens", "")).manifest(lake)
    tokenizer = Artifact("tokenizer", train.inputs.get("tokenizer", "")).manifest(lake)
    if tokens is None or tokenizer is None:
        return None
    last = train.config["phases"][-1]["sequence_length"]
    return Text(tokens, tokenizer, last, bool(train.config["training"]["document_mask"]))


def _checkpoint(lake: Lake, train: Manifest, text: Text, config: EvaluateConfig, wanted: str) -> dict[str, Any]:
    phase, record = _record(lake, train, wanted)
    model = load_model(lake, phase, record)
    tokenizer, end = _tokenizer(lake, text.tokenizer), read_vocabulary(lake, text.tokenizer).end_of_document
    masked = bool(phase.config["training"]["document_mask"])
    subject = judging.checkpoint_subject(model, tokenizer, end, config, document_mask=masked)
    streams = choose(lake, text.tokens, cap=config.max_tokens_per_label, end_of_document=end)
    return judging.about(model, record.name) | _judged(subject, config, streams)


def _folder(folder: Path, what: str, config: EvaluateConfig, lake: Lake, text: Text | None) -> dict[str, Any]:
    if text is None and not (config.probes or config.benchmarks or config.texts):
        mend = "write --like RUN, or --set evaluate.texts.mine.path=…"
        raise StageError("nothing to judge it on", where=what, mend=mend)
    model = FolderModel(folder, what)
    length = config.sequence_length or min(model.longest, SHORT if text is None else text.length)
    masked = text is not None and text.document_mask
    subject = Subject(model, lambda: model.reader, model.tokenizer, model.end, model.stop, length, masked)
    streams = [] if text is None else _retold(lake, text, model, config)
    return {"checkpoint": what, "step": None, "tokens": None, "phase": None} | _judged(subject, config, streams)


def _judged(subject: Subject, config: EvaluateConfig, streams: list[Stream]) -> dict[str, Any]:
    found = judging.judge(subject, config, streams) | {"unigram": None, "probes": {}, "benchmarks": {}}
    if config.probes or config.benchmarks:
        reader = subject.reader()
        found["probes"] = judging.probes(reader, subject.tokenizer, config, end=subject.end)
        found["benchmarks"] = ask(reader, subject.tokenizer, config.benchmarks, end=subject.end)
    return found


def _retold(lake: Lake, text: Text, model: FolderModel, config: EvaluateConfig) -> list[Stream]:
    """The text in the model's tokens; those of an export are the training's own."""
    end = read_vocabulary(lake, text.tokenizer).end_of_document
    own = _tokenizer(lake, text.tokenizer)
    streams = choose(lake, text.tokens, cap=config.max_tokens_per_label, end_of_document=end)
    if own.get_vocab() == model.tokenizer.get_vocab():
        return streams
    return retold(streams, own, model)


def _record(lake: Lake, train: Manifest, wanted: str) -> tuple[Manifest, PartRecord]:
    """The checkpoint of that name or step, whatever its phase."""
    kept = [(phase, part) for phase in trainings(lake, train) for part in phase.parts if has_weights(part)]
    if not wanted:
        return kept[-1]
    name = f"step-{int(wanted):07d}" if wanted.isdecimal() else wanted
    for phase, part in kept:
        if part.name == name:
            return phase, part
    there = ", ".join(part.name for _, part in kept)
    raise StageError("no such checkpoint with weights", where=f"--checkpoint {wanted}", mend=f"there are {there}")


def _trained(lake: Lake, run: Run) -> tuple[Manifest, Text]:
    """The last phase of a run that is trained, and the run's text."""
    planned = [one for one in run.plan.stages if one.kind == "train"]
    for one in reversed(planned):
        if (found := one.artifact.manifest(lake)) is not None:
            return found, _text(text_of(lake, found), run.id)
    raise StageError("none of its phases is trained yet", where=run.id, mend="judge it when train-1 has ended")


def _text(found: Text | None, where: str) -> Text:
    if found is None:
        raise StageError("its held-out text is no longer in the lake", where=where, mend="run its recipe again")
    return found


def _artifact(lake: Lake, what: str) -> Manifest:
    found = list(existing(lake, what))
    if len(found) == 1:
        return found[0]
    line = "no such artifact" if not found else f"{len(found)} artifacts begin so"
    raise StageError(line, where=what, mend="`smelt artifacts` lists them")


def _run(lake: Lake, name: str) -> Run:
    if (found := find_run(lake, name)) is None:
        raise StageError("no such run", where=f"--like {name}", mend="`smelt artifacts --runs` lists them")
    return found


def _exported(lake: Lake, manifest: Manifest, home: Path) -> Path:
    (record,) = manifest.parts
    for suffix in record.files:
        held.fetch(lake, manifest.artifact, record, suffix, home / suffix.lstrip("/"))
    return home


def _model_folder(lake: Lake, what: str) -> Path:
    if what.startswith("s3://"):
        cache = lake.settings.cache / "weights"
        return attached.folder(what, where=WHERE, cache=cache, only=(*FILES, "tokenizer.json"))
    if not (Path(what) / "config.json").is_file():
        mend = "`smelt artifacts` and `smelt artifacts --runs` list what there is; a model's folder has a config.json"
        raise StageError("no run, no artifact and no model's folder", where=what, mend=mend)
    return Path(what).resolve()


def _tokenizer(lake: Lake, manifest: Manifest) -> Tokenizer:
    return Tokenizer.from_str(held.read(lake, manifest, "tokenizer", "/tokenizer.json").decode())
