"""``smelt evaluate``: a checkpoint, its export and a model with another tokenizer, asked alike."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from evaluation.byhand import evaluate
from evaluation.folder import FolderModel
from smelt.engine.make import work_on
from smelt.lake import Lake
from smelt.stage import Context, Shard
from tests.cli.running import run
from tests.comparing.test_difference import written
from tests.training.artifacts import LABELS, MODEL, commit
from tests.training.export.test_export import fetched, trained
from training.checkpoints.load import load_model

CAPPED = {"evaluate.max_tokens_per_label": 300, "evaluate.generation.max_tokens": 4}


@pytest.fixture(scope="module")
def made(s3_settings, tmp_path_factory) -> tuple[Context, Path]:
    """A training, its export in the lake, and the same folder on disk."""
    home = tmp_path_factory.mktemp("judged")
    given = trained(Lake(s3_settings, url="s3://smelt/judged"), home, MODEL, held_out=True)
    record = work_on(given, 0, Shard("hf"))
    commit(given.lake, given.artifact, [record], inputs={"train": given.inputs["train"].fingerprint})
    return given, fetched(given, record.files, home)


def told(given: Context, *arguments: str) -> CompletedProcess[str]:
    """What the command says."""
    environment = {**given.lake.settings.environment(), "SMELT_LAKE": given.lake.url}
    return run("evaluate", *arguments, environment=environment)


def test_a_checkpoint_and_its_export_are_judged_alike(made: tuple[Context, Path]) -> None:
    given, _ = made
    lake, train = given.lake, f"train/{given.inputs['train'].fingerprint}"
    own = evaluate(lake, train, CAPPED)
    export = evaluate(lake, f"export/{given.artifact.fingerprint[:8]}", CAPPED)
    assert (own["step"], own["sequence_length"], own["document_mask"]) == (64, 64, False)
    assert set(own["heldout"]["by_label"]) == set(LABELS)
    assert export["heldout"]["loss"] == pytest.approx(own["heldout"]["loss"], abs=2e-3)
    assert export["heldout"]["bytes"] == own["heldout"]["bytes"]
    assert evaluate(lake, train, CAPPED, checkpoint="16")["heldout"]["loss"] > own["heldout"]["loss"]


def test_the_command_prints_tables_and_writes_json(made: tuple[Context, Path], tmp_path: Path) -> None:
    given, _ = made
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps({"prompt": "a", "answer": "b", "choices": ["b", "c"]}) + "\n")
    settings = [f"--set={key}={value}" for key, value in CAPPED.items()]
    asked = f"--set=evaluate.benchmarks=[{{name: two, path: {questions}, forms: [completion, unseen]}}]"
    train = f"train/{given.inputs['train'].fingerprint}"
    answer = told(given, train, *settings, asked, "--json", str(tmp_path / "out.json"))
    assert answer.returncode == 0, answer.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    for words in ("step-0000064", "step 64", "zh/prose", f"{found['heldout']['loss']:.4f}", "completion", "memory"):
        assert words in answer.stdout
    assert found["benchmarks"]["two"]["completion"]["items"] == 1
    assert f"{found['benchmarks']['two']['unseen']['unseen']['memory']:+.4f}" in answer.stdout


def test_a_model_with_another_tokenizer_reads_the_same_text(made: tuple[Context, Path], tmp_path: Path) -> None:
    given, folder = made
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for file in folder.iterdir():
        (theirs / file.name).write_bytes(file.read_bytes())
    alphabet = sorted(ByteLevel.alphabet(), reverse=True)
    built = Tokenizer(BPE(vocab={"<end>": 0} | {char: i + 1 for i, char in enumerate(alphabet)}, merges=[]))
    built.pre_tokenizer, built.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    (theirs / "tokenizer.json").write_text(built.to_str())
    written(given.lake, tmp_path, "own", {"train-1": given.inputs["train"], "tokenizer": given.inputs["tokenizer"]})
    own = evaluate(given.lake, "own", CAPPED)
    found = evaluate(given.lake, str(theirs), CAPPED, like="own")
    assert own["checkpoint"] == "step-0000064", "a run's last"
    assert found["heldout"]["documents"] == own["heldout"]["documents"]
    assert found["heldout"]["loss"] > own["heldout"]["loss"] + 1, "its letters are others"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nothing-like-it"], "error: nothing-like-it: no run, no artifact and no model's folder ("),
        (["train/zzz"], "error: train/zzz: no such artifact (`smelt artifacts` lists them)"),
        (["train/", "--set", "model.preset=1b"], "error: --set model.preset: says nothing of how a model is judged"),
        (["FOLDER"], "nothing to judge it on (write --like RUN, or --set evaluate.texts.mine.path=…)"),
        (["FOLDER", "--like", "none"], "error: --like none: no such run ("),
        (["TRAIN", "--checkpoint", "5"], "error: --checkpoint 5: no such checkpoint with weights (there are step-"),
        (["WRONG", "--set", "evaluate.benchmarks=[{name: q, path: recipes/benchmarks/questions.jsonl}]"], "model_type"),
    ],
)
def test_what_cannot_be_judged_is_one_line(
    made: tuple[Context, Path], tmp_path: Path, arguments: list[str], line: str
) -> None:
    given, folder = made
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    named = {"FOLDER": str(folder), "WRONG": str(tmp_path), "TRAIN": f"train/{given.inputs['train'].fingerprint}"}
    answer = told(given, *(named.get(argument, argument) for argument in arguments))
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1
    assert line in answer.stderr


def test_a_folder_keeps_attention_within_documents_as_a_checkpoint_does(made: tuple[Context, Path]) -> None:
    given, folder = made
    ours, theirs = load_model(given.lake, given.inputs["train"]), FolderModel(folder, "export")
    tokens = torch.randint(1, 40, (2, 33), generator=torch.Generator().manual_seed(0))
    documents = torch.tensor([[0] * 10 + [1] * 23, [0] * 33])
    for of in (None, documents):
        assert torch.allclose(theirs.token_losses(tokens, of), ours.token_losses(tokens, of).cpu(), atol=1e-2)
    apart = theirs.token_losses(tokens, documents) - theirs.token_losses(tokens)
    assert float(apart[0, 10:].abs().max()) > 0.05 and float(apart[1].abs().max()) < 1e-4
