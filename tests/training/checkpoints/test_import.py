"""Training that goes on from a Hugging Face Llama: its weights, under any layout, and what is said of wrong ones."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from smelt.engine.make import work_on
from smelt.errors import RecipeError, StageError
from smelt.identity import digest
from smelt.lake import Lake
from smelt.recipe import Recipe, load_recipe
from smelt.recipe.export import ExportConfig
from smelt.recipe.graph import spec
from smelt.recipe.training.config import ParallelConfig, TrainConfig, TrainingConfig
from smelt.recipe.training.model import ModelConfig, RopeScaling
from smelt.recipe.training.start import StartFrom
from smelt.stage import Shard
from tests.training.artifacts import MODEL, PHASES, again, commit, context, metrics, tokenizer
from tests.training.checkpoints.test_reshard import LAYOUTS, same_losses
from tests.training.pair import Pair
from training.blocks.data import Block
from training.checkpoints.importing import load_llama
from training.checkpoints.load import load_model
from training.model.model import Llama, build_model
from training.model.processes import start_alone
from training.steps.loop import train

PHASE = PHASES[0].model_copy(update={"tokens": 16 * 256})
ROWS = 320
KNOWN = 301
"""Tokens that the random Llama knows: fewer than the model's rows, and no multiple of two."""


@pytest.fixture(autouse=True)
def alone() -> None:
    """One process, one thread."""
    torch.set_num_threads(1)
    start_alone()


def random_llama(folder: Path, *, tied: bool, qk_norm: bool = False, **sizes) -> PreTrainedModel:
    """A Llama (or with QK-norm a Qwen3) of transformers' own, saved in several files."""
    torch.manual_seed(3)
    shape = {"hidden_size": 64, "intermediate_size": MODEL.ffn_hidden_size, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    kind, config = (Qwen3ForCausalLM, Qwen3Config) if qk_norm else (LlamaForCausalLM, LlamaConfig)
    settings = {"vocab_size": KNOWN, "rms_norm_eps": 1e-5, "tie_word_embeddings": tied, "head_dim": 16}
    model = kind(config(**{**shape, **heads, **settings, **sizes})).eval()
    for weight in model.parameters():
        if weight.ndim == 1:
            weight.data.uniform_(0.5, 1.5)  # norms that are all one would hide an exchange
    model.save_pretrained(folder, max_shard_size="200KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    return model


def imported(folder: Path, model: ModelConfig) -> Llama:
    """The model of a folder in this process."""
    StartFrom(path=str(folder)).insist_on(model, rows=ROWS)
    built = build_model(
        model, vocab_size=ROWS, max_sequence_length=64, rope_base=model.rope_base, precision="fp32", seed=1
    )
    load_llama(built, folder)
    return built.eval()


def imported_plain(folder: Path) -> Llama:
    """The weights of a folder in a model without scaling, whatever the folder says."""
    built = build_model(MODEL, vocab_size=ROWS, max_sequence_length=128, rope_base=1e4, precision="fp32", seed=1)
    load_llama(built, folder)
    return built.eval()


def starting(folder: Path | str, model: ModelConfig = MODEL, **training) -> TrainConfig:
    """A short training that starts from the folder."""
    start = StartFrom(path=str(folder)).with_digest()
    return TrainConfig(model=model, phases=(PHASE,), training=TrainingConfig(start_from=start, **training))


@pytest.mark.parametrize(("tied", "qk_norm"), [(True, False), (False, False), (False, True)])
def test_a_llama_of_transformers_gives_its_logits(tmp_path: Path, tied: bool, qk_norm: bool) -> None:
    theirs = random_llama(tmp_path / "hf", tied=tied, qk_norm=qk_norm)
    ours = imported(tmp_path / "hf", MODEL.model_copy(update={"tied_embeddings": tied, "qk_norm": qk_norm}))
    tokens = torch.randint(0, KNOWN, (2, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits, expected = ours(tokens, None, None)[..., :KNOWN], theirs(tokens).logits
    assert torch.allclose(logits, expected, atol=1e-5, rtol=0)
    drawn = build_model(MODEL, vocab_size=ROWS, max_sequence_length=64, rope_base=1e4, precision="fp32", seed=1)
    name = "embedding.word_embeddings.weight"
    assert torch.equal(ours.state_dict()[name][KNOWN:], drawn.state_dict()[name][KNOWN:])


def test_a_llama_with_a_scaled_context_gives_its_logits(tmp_path: Path) -> None:
    scaling = RopeScaling(factor=8.0, original_max_position_embeddings=32)
    rope = {"rope_type": "llama3", "rope_theta": 10_000.0, **scaling.model_dump()}
    theirs = random_llama(tmp_path / "hf", tied=True, rope_parameters=rope, max_position_embeddings=256)
    with pytest.raises(
        RecipeError, match=r"is not model.rope_scaling null \(set model.rope_scaling: \{\"factor\": 8.0"
    ):
        StartFrom(path=str(tmp_path / "hf")).insist_on(MODEL, rows=ROWS)
    ours = imported(tmp_path / "hf", MODEL.model_copy(update={"rope_scaling": scaling}))
    tokens = torch.randint(0, KNOWN, (2, 128), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits, expected = ours(tokens, None, None)[..., :KNOWN], theirs(tokens).logits
        plain = imported_plain(tmp_path / "hf")(tokens, None, None)[..., :KNOWN]
    assert torch.allclose(logits, expected, atol=1e-5, rtol=0)
    assert not torch.allclose(plain, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("tied", "qk_norm"), [(True, False), (False, False), (True, True)])
def test_what_was_exported_comes_back_bit_by_bit(
    lake: Lake, tmp_path: Path, tied: bool, qk_norm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in lake.settings.environment().items():
        monkeypatch.setenv(name, value)
    model = MODEL.model_copy(update={"tied_embeddings": tied, "qk_norm": qk_norm})
    given = context(lake, tmp_path, TrainConfig(model=model, phases=(PHASE,)))
    train(given)
    manifest = commit(given.lake, given.artifact, list(given.records("checkpoints").values()))
    inputs = {"train": manifest, "tokenizer": given.inputs["tokenizer"]}
    artifact = replace(given.artifact, stage="export")
    record = work_on(replace(given, config=ExportConfig(), inputs=inputs, artifact=artifact), 0, Shard("hf"))
    folder = tmp_path / "hf"
    for suffix in record.files:
        lake.download(artifact.key("parts", "hf", suffix), folder / suffix.lstrip("/"))
    trained = load_model(given.lake, manifest)
    back = imported(folder, model)
    tokens = torch.randint(0, 300, (2, 64), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(back(tokens, None, None), trained.model(tokens, None, None))

    # out of the lake, as a run takes it
    following = again(given, config=starting(lake.path(artifact.key("parts", "hf", "")), model))
    train(following)
    blocks = given.inputs["blocks"].artifact
    for suffix in (".bin", ".segments.parquet"):
        lake.download(blocks.key("parts", "0-00000", suffix), tmp_path / f"block{suffix}")
    batch = Block(tmp_path / "block.bin", tmp_path / "block.segments.parquet", 2).batch(0, 8, 32)
    with torch.no_grad():
        logits = AutoModelForCausalLM.from_pretrained(folder)(batch.tokens).logits
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten())
    assert metrics(following)[0]["loss"] == pytest.approx(float(expected), abs=1e-5)
    assert float(expected) < metrics(given)[0]["loss"] - 0.5  # it goes on, where the other began


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("layout", ["tensor", "pipeline"])
def test_every_layout_starts_from_the_same(lake: Lake, tmp_path: Path, pair: Pair, layout: str, tied: bool) -> None:
    random_llama(tmp_path / "hf", tied=tied)
    model = MODEL.model_copy(update={"tied_embeddings": tied})
    one = context(lake, tmp_path, starting(tmp_path / "hf", model))
    train(one)
    two = again(one, config=starting(tmp_path / "hf", model, parallel=ParallelConfig(**LAYOUTS[layout])))
    losses = pair.train(two, tmp_path)
    same_losses(losses, metrics(one))
    assert losses[0]["loss"] == pytest.approx(metrics(one)[0]["loss"], abs=1e-5)


def test_bf16_starts_from_it_too_and_other_files_are_refused(lake: Lake, tmp_path: Path) -> None:
    random_llama(tmp_path / "hf", tied=True)
    config = starting(tmp_path / "hf")
    one, half = context(lake, tmp_path, config), starting(tmp_path / "hf", precision="bf16")
    train(one)
    two = again(one, config=half)
    train(two)
    assert metrics(two)[0]["loss"] == pytest.approx(metrics(one)[0]["loss"], abs=1e-2)
    (tmp_path / "hf" / "config.json").write_text("{}")
    train(one)  # it has a checkpoint to go on from, and asks for the weights no more
    with pytest.raises(RecipeError, match=r"the weights' digest is .*…, not .*… \(bring back the files that the run"):
        train(again(one))


def test_a_missing_or_a_broken_file_is_one_line(tmp_path: Path) -> None:
    random_llama(tmp_path / "hf", tied=True)
    last = sorted((tmp_path / "hf").glob("*.safetensors"))[-1]
    last.write_text("version https://git-lfs.github.com/spec/v1")
    built = build_model(MODEL, vocab_size=ROWS, max_sequence_length=64, rope_base=1e4, precision="fp32", seed=1)
    with pytest.raises(StageError, match=rf"{last.name}: no safetensors: .* \(bring the file anew\)"):
        load_llama(built, tmp_path / "hf")
    last.unlink()
    with pytest.raises(StageError, match=r"no weight model\..* \(give the folder of a LlamaForCausalLM\)"):
        load_llama(built, tmp_path / "hf")


RECIPE = """
name: small
sources: [{name: notes, kind: files, paths: ["notes/*.txt"]}]
tokenizer: {path: TOKENIZER, pad_vocab_to: 64}
model: {num_layers: 2, hidden_size: 64, num_heads: 4, num_query_groups: 2, ffn_hidden_size: FFN}
phases: [{name: main, tokens: 10_000, sequence_length: 32, global_batch_size: 8}]
training: {start_from: START}
"""


@pytest.fixture
def recipe_file(lake: Lake, tmp_path: Path) -> Path:
    """A recipe that starts from ``hf`` beside it, which is still to be made."""
    found = tokenizer(lake)
    for file in (tmp_path / "tokenizer.json", tmp_path / "hf" / "tokenizer.json"):
        lake.download(found.artifact.key("parts", "tokenizer", "/tokenizer.json"), file)
    names = {"TOKENIZER": tmp_path / "tokenizer.json", "START": tmp_path / "hf", "FFN": MODEL.ffn_hidden_size}
    text = RECIPE
    for name, value in names.items():
        text = text.replace(name, str(value))
    (tmp_path / "small.yaml").write_text(text)
    return tmp_path / "small.yaml"


def fingerprint(recipe: Recipe) -> str:
    """What the train stage's config adds to its fingerprint."""
    return digest(spec("train-1").config(recipe))


def test_the_fingerprint_is_of_what_the_weights_are(recipe_file: Path, tmp_path: Path) -> None:
    random_llama(tmp_path / "hf", tied=True)
    here = load_recipe(recipe_file)
    before = fingerprint(here)
    planned = here.with_start()
    assert fingerprint(Recipe.model_validate_json(planned.model_dump_json())) == before  # as a run keeps it
    (tmp_path / "hf" / "README.md").write_text("nothing that is loaded")
    shutil.copytree(tmp_path / "hf", tmp_path / "moved")
    moved = load_recipe(recipe_file, {"training.start_from": {"path": str(tmp_path / "moved")}})
    assert fingerprint(moved) == before
    with sorted((tmp_path / "hf").glob("*.safetensors"))[0].open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x07")
    assert fingerprint(here) != before
    assert fingerprint(planned) == before  # whose loading then refuses the file
    assert here.with_start().train_config(2).training.start_from is None  # the second phase goes on from the first
    assert "start_from" not in TrainConfig().model_dump()["training"]  # who doesn't use it keeps the fingerprint


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"model.hidden_size": 128, "model.rope_base": 5e5, "model.qk_norm": True},
            r"training\.start_from: .*/config\.json: hidden_size 64 is not model\.hidden_size 128; rope_theta 10000\.0 "
            r"is not model\.rope_base 500000\.0; the weights have no QK-norm, model\.qk_norm is true "
            r"\(set model\.hidden_size: 64, model\.rope_base: 10000\.0, model\.qk_norm: false\)",
        ),
        (
            {"model.tied_embeddings": False, "model.norm_epsilon": 1e-6},
            r"rms_norm_eps 1e-05 is not model\.norm_epsilon 1e-06; tie_word_embeddings True is not .* False \(set",
        ),
        (
            {"model.num_layers": 3, "model.num_heads": 8, "model.num_query_groups": 4, "model.ffn_hidden_size": 96},
            r"intermediate_size \d+ is not model\.ffn_hidden_size 96; num_hidden_layers 2 .* 3; num_attention_heads 4 "
            r".* 8; num_key_value_heads 2 is not model\.num_query_groups 4",
        ),
        (
            {"tokenizer.pad_vocab_to": 1, "model.vocab_multiple_of": 1},
            r"vocab_size 301 is more than the model's 258 rows \(set model\.vocab_multiple_of: 301\)",
        ),
    ],
)
def test_other_sizes_are_one_line_with_both_values(recipe_file: Path, tmp_path: Path, changed: dict, line: str) -> None:
    random_llama(tmp_path / "hf", tied=True)
    with pytest.raises(RecipeError, match=line) as raised:
        load_recipe(recipe_file, changed).with_start()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"rope_scaling": {"rope_type": "yarn", "factor": 8.0}, "rope_parameters": None}, "rope_type is 'yarn', "),
        (
            {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}, "rope_parameters": None},
            "rope_type is 'llama3 without high_freq_factor, low_freq_factor, original_max_position_embeddings', ",
        ),
        ({"model_type": "qwen2"}, r"model_type is 'qwen2', .* \(take the weights of a plain LlamaForCausalLM or Qwen3"),
        ({"model_type": "qwen3", "use_sliding_window": True}, "use_sliding_window is True, which the model here can't"),
        (
            {"model_type": "qwen3", "head_dim": None},
            r"the weights have a QK-norm, .* false \(set model\.qk_norm: true\)",
        ),
        ({"attention_bias": True}, "attention_bias is True, which the model here can't have"),
        ({"head_dim": 32}, "head_dim 32 is not hidden_size / num_attention_heads"),
    ],
)
def test_what_no_recipe_can_have_is_one_line(recipe_file: Path, tmp_path: Path, settings: dict, line: str) -> None:
    random_llama(tmp_path / "hf", tied=True)
    file = tmp_path / "hf" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))
    with pytest.raises(RecipeError, match=line):
        load_recipe(recipe_file).with_start()


def test_another_tokenizer_than_the_weights_own_is_refused(recipe_file: Path, tmp_path: Path) -> None:
    random_llama(tmp_path / "hf", tied=True)
    own = tmp_path / "hf" / "tokenizer.json"
    described = json.loads(own.read_text())
    assert load_recipe(recipe_file).with_start().vocab_size == 258
    vocabulary = described["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    own.write_text(json.dumps(described))
    line = r"tokenizer\.path: .* not those that the weights know: 2 have other ids, 'a' for one \(set tokenizer\.path: "
    with pytest.raises(RecipeError, match=line + r".*/hf/tokenizer\.json"):
        load_recipe(recipe_file).with_start()
    own.unlink()
    with pytest.raises(RecipeError, match=r"training\.start_from: .*/hf/tokenizer\.json: no such file"):
        load_recipe(recipe_file).with_start()


@pytest.mark.parametrize("tied", [True, False])
def test_rows_of_new_tokens_begin_as_the_mean_of_their_pieces(tmp_path: Path, tied: bool) -> None:
    theirs = random_llama(tmp_path / "hf", tied=tied)
    model = MODEL.model_copy(update={"tied_embeddings": tied})
    built = build_model(model, vocab_size=ROWS, max_sequence_length=64, rope_base=1e4, precision="fp32", seed=1)
    drawn = built.state_dict()["embedding.word_embeddings.weight"].clone()
    load_llama(built, tmp_path / "hf", {KNOWN: [5, 6, 7], KNOWN + 1: [9]})
    names = {"embedding.word_embeddings.weight": theirs.get_input_embeddings()}
    names |= {} if tied else {"output_layer.weight": theirs.get_output_embeddings()}
    for name, rows in names.items():
        ours, known = built.state_dict()[name], rows.weight.detach()
        assert torch.equal(ours[:KNOWN], known)
        assert torch.allclose(ours[KNOWN], known[5:8].mean(dim=0)) and torch.equal(ours[KNOWN + 1], known[9])
    assert torch.equal(built.state_dict()["embedding.word_embeddings.weight"][KNOWN + 2 :], drawn[KNOWN + 2 :])


def test_files_that_are_not_there_are_one_line(recipe_file: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"training\.start_from: .*/hf/config\.json: no such file"):
        load_recipe(recipe_file).with_start()
    random_llama(tmp_path / "hf", tied=True)
    last = sorted((tmp_path / "hf").glob("*.safetensors"))[-1]
    last.unlink()
    with pytest.raises(RecipeError, match=f"there is no {last.name} .*save_pretrained"):
        load_recipe(recipe_file).with_start()
    with pytest.raises(RecipeError, match=r"its weights know no new tokenizer \(set tokenizer\.path: .*/hf/tokenizer"):
        load_recipe(recipe_file, {"tokenizer": {"train": {"vocab_size": 300}, "path": None}})
