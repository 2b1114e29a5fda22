"""What leaves the trainer is the model that was trained."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, Qwen3ForCausalLM

from smelt.engine.make import work_on
from smelt.errors import StageError
from smelt.gates.run import run_gate
from smelt.lake import Lake
from smelt.recipe.export import ExportConfig
from smelt.recipe.gates import GatesConfig
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.model import ModelConfig, RopeScaling
from smelt.stage import Context, Shard
from tests.training.artifacts import MODEL, PHASES, commit, context
from training.checkpoints.load import generate, load_model
from training.export import huggingface
from training.model.processes import start_alone
from training.steps.loop import train


def trained(lake: Lake, home: Path, model: ModelConfig, *, held_out: bool = False) -> Context:
    """The context of an export of a model that was trained for some steps."""
    torch.set_num_threads(1)
    start_alone()
    given = context(lake, home, TrainConfig(model=model, phases=PHASES), held_out=held_out)
    train(given)
    records = list(given.records("checkpoints").values())
    named = {name: found.fingerprint for name, found in given.inputs.items()}
    config = given.config.model_dump(mode="json")
    manifest = commit(given.lake, given.artifact, records, config=config, inputs=named)
    inputs = {"train": manifest, "tokenizer": given.inputs["tokenizer"]}
    return replace(given, config=ExportConfig(), inputs=inputs, artifact=replace(given.artifact, stage="export"))


def fetched(given: Context, suffixes: Iterable[str], home: Path) -> Path:
    """The export's folder, on disk."""
    for suffix in suffixes:
        given.lake.download(given.artifact.key("parts", "hf", suffix), home / "hf" / suffix.lstrip("/"))
    return home / "hf"


def ids_of(tokenizer: Any, text: str) -> list[int]:
    """The ids of a text alone."""
    return tokenizer(text).input_ids


@pytest.mark.parametrize(
    ("tied", "qk_norm", "scaled"), [(True, False, False), (False, False, True), (True, True, True)]
)
def test_transformers_gives_the_same_logits(
    lake: Lake, tmp_path: Path, tied: bool, qk_norm: bool, scaled: bool
) -> None:
    scaling = RopeScaling(factor=4.0, original_max_position_embeddings=32) if scaled else None
    changes = {"tied_embeddings": tied, "qk_norm": qk_norm, "rope_scaling": scaling}
    given = trained(lake, tmp_path, MODEL.model_copy(update=changes))
    record = work_on(given, 0, Shard("hf"))
    folder = fetched(given, record.files, tmp_path)
    theirs = AutoModelForCausalLM.from_pretrained(folder).eval()
    assert type(theirs) is (Qwen3ForCausalLM if qk_norm else LlamaForCausalLM)
    ours = load_model(given.lake, given.inputs["train"])
    tokens = torch.randint(0, 300, (2, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(tokens).logits[..., :300]
    assert torch.allclose(ours(tokens), expected, atol=1e-4)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer("smelt 炼").input_ids
    assert len(ids) == len("smelt 炼".encode())
    assert (tokenizer.pad_token, tokenizer.pad_token_id) == ("<|padding|>", 257)
    assert theirs.config.pad_token_id == theirs.generation_config.pad_token_id == 257 < len(tokenizer)
    assert tokenizer(["ab", "c"], padding=True).input_ids == [ids_of(tokenizer, "ab"), [*ids_of(tokenizer, "c"), 257]]


def test_large_weights_are_several_files_with_an_index(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface, "MAX_FILE_BYTES", 100_000)
    given = trained(lake, tmp_path, MODEL)
    record = work_on(given, 0, Shard("hf"))
    names = sorted(suffix for suffix in record.files if suffix.endswith(".safetensors"))
    assert len(names) > 2 and names[0] == f"/model-00001-of-{len(names):05d}.safetensors"
    assert all(record.files[name].bytes < 110_000 for name in names)
    assert not list(given.scratch.iterdir()), "nothing is left on disk"
    manifest = commit(given.lake, given.artifact, [record])
    assert run_gate(given.lake, manifest, {}, GatesConfig()).success
    folder = fetched(given, record.files, tmp_path)
    theirs = LlamaForCausalLM.from_pretrained(folder).eval()
    tokens = torch.randint(0, 300, (2, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(tokens).logits[..., :300]
    assert torch.allclose(load_model(given.lake, given.inputs["train"])(tokens), expected, atol=1e-4)


def test_a_loaded_model_scores_and_generates(lake: Lake, tmp_path: Path) -> None:
    given = trained(lake, tmp_path, MODEL)
    model = load_model(given.lake, given.inputs["train"], "step-0000064")
    tokens = torch.randint(0, 40, (2, 33), generator=torch.Generator().manual_seed(0))
    logits = model(tokens[:, :-1])
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none")
    assert logits.shape == (2, 32, 300)
    assert torch.allclose(model.token_losses(tokens), losses, atol=1e-2)  # the padded vocabulary takes its share
    assert generate(model, [1, 2, 3], 5) == generate(model, [1, 2, 3], 5)
    drawn = generate(model, [1, 2, 3], 20, temperature=1.0, seed=7)
    assert (
        drawn
        == generate(model, [1, 2, 3], 20, temperature=1.0, seed=7)
        != generate(model, [1, 2, 3], 20, temperature=1.0)
    )


def test_the_mean_of_the_last_checkpoints_is_exported(lake: Lake, tmp_path: Path) -> None:
    given = trained(lake, tmp_path, MODEL)
    record = work_on(replace(given, config=ExportConfig(average=3)), 0, Shard("hf"))
    theirs = LlamaForCausalLM.from_pretrained(fetched(given, record.files, tmp_path)).eval()
    parts = given.inputs["train"].parts[-3:]
    norms = torch.stack(
        [load_model(lake, given.inputs["train"], part).model.decoder.final_layernorm.weight for part in parts]
    )
    assert norms.std(dim=0).max() > 0
    assert torch.allclose(theirs.model.norm.weight, norms.mean(dim=0), atol=1e-6)
    with pytest.raises(StageError, match=r"export.average: 9 checkpoints, and 4 of the phase have weights \(lower it"):
        work_on(replace(given, config=ExportConfig(average=9)), 0, Shard("hf"))
