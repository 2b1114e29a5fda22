"""Llama weights of a Hugging Face folder as the start of a training (continued pretraining)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from smelt.errors import StageError
from smelt.recipe.model import ModelConfig
from training.megatron import GPTModel, parallel_state

SIZES = {
    "hidden_size": "hidden_size",
    "intermediate_size": "ffn_hidden_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "num_key_value_heads": "num_query_groups",
    "tie_word_embeddings": "tied_embeddings",
    "rms_norm_eps": "norm_epsilon",
}
"""What must be equal, by its name there and here."""
PLAIN = {
    "self_attention.linear_proj": "self_attn.o_proj",
    "mlp.linear_fc2": "mlp.down_proj",
    "input_layernorm": "input_layernorm",
    "pre_mlp_layernorm": "post_attention_layernorm",
}
"""Modules of a layer whose weights are the same matrix there and here."""
SPLIT_INPUT = ("linear_proj.weight", "linear_fc2.weight")
SPLIT_OUTPUT = ("linear_qkv.weight", "word_embeddings.weight", "output_layer.weight")


@torch.no_grad()
def load_llama(model: GPTModel, folder: Path, config: ModelConfig) -> None:
    """Fill this process's share of ``model`` from a folder with ``config.json`` and safetensors.

    Rows of the padded vocabulary that the folder has none for get the mean of those it has.

    Raises:
        StageError: when the folder's model has another shape.
    """
    _require_shape(folder, config)
    read = _reader(folder)
    stage = parallel_state.get_pipeline_model_parallel_rank()
    layers_before = stage * (config.num_layers // parallel_state.get_pipeline_model_parallel_world_size())
    rank, size = (
        parallel_state.get_tensor_model_parallel_rank(),
        parallel_state.get_tensor_model_parallel_world_size(),
    )
    for name, parameter in model.named_parameters():
        if name.endswith("linear_fc1.weight"):  # each process has its part of the gate above its part of the value
            layer = f"model.layers.{_layer(name) + layers_before}.mlp."
            parts = [read(f"{layer}{half}_proj.weight").chunk(size)[rank] for half in ("gate", "up")]
            parameter.copy_(torch.cat(parts))
            continue
        whole = _whole(name, layers_before, read, config)
        if name.endswith(("word_embeddings.weight", "output_layer.weight")):
            missing = parameter.shape[0] * size - whole.shape[0]
            whole = torch.cat((whole, whole.float().mean(0, keepdim=True).to(whole.dtype).expand(missing, -1)))
        if name.endswith(SPLIT_INPUT):
            whole = whole.chunk(size, dim=1)[rank]
        elif name.endswith(SPLIT_OUTPUT):
            whole = whole.chunk(size)[rank]
        parameter.copy_(whole)


def _whole(name: str, layers_before: int, read: Callable[[str], Tensor], config: ModelConfig) -> Tensor:
    """The unsplit weight that Megatron knows by ``name``."""
    if name.endswith("word_embeddings.weight") or (name == "output_layer.weight" and config.tied_embeddings):
        return read("model.embed_tokens.weight")
    if name == "output_layer.weight":
        return read("lm_head.weight")
    if name == "decoder.final_layernorm.weight":
        return read("model.norm.weight")
    layer = f"model.layers.{_layer(name) + layers_before}."
    if name.endswith("linear_qkv.weight"):
        size = config.head_size
        query, key, value = (read(f"{layer}self_attn.{kind}_proj.weight") for kind in "qkv")
        groups = [part.view(config.num_query_groups, -1, size, config.hidden_size) for part in (query, key, value)]
        return torch.cat(groups, dim=1).flatten(0, 2)
    module = name.split(".", 3)[3].removesuffix(".weight")
    return read(f"{layer}{PLAIN[module]}.weight")


def _layer(name: str) -> int:
    return int(name.split(".")[2])


def _reader(folder: Path) -> Callable[[str], Tensor]:
    opened = [safe_open(path, framework="pt") for path in sorted(folder.glob("*.safetensors"))]
    places = {name: file for file in opened for name in file.keys()}  # noqa: SIM118  (it is no mapping)

    def read(name: str) -> Tensor:
        if name not in places:
            raise StageError(f"no weight {name}", where=str(folder), mend="give a folder of a LlamaForCausalLM")
        return places[name].get_tensor(name)

    return read


def _require_shape(folder: Path, config: ModelConfig) -> None:
    theirs: dict[str, Any] = json.loads((folder / "config.json").read_text())
    for there, here in SIZES.items():
        own = getattr(config, here)
        if there in theirs and theirs[there] != own:
            raise StageError(
                f"{there} is {theirs[there]}, the recipe's model.{here} is {own}",
                where=str(folder / "config.json"),
                mend=f"set model.{here} to {theirs[there]}",
            )
    if config.qk_norm:
        raise StageError("Llama has no qk_norm", where=str(folder), mend="set model.qk_norm to false")
