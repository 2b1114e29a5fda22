"""Weights of a Hugging Face Llama or Qwen3 put into this process's share of the model; ``training.export`` goes back.

Each process reads only the rows and columns that are its own: of its pipeline stage's layers, and of each matrix what
its tensor-parallel rank holds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
import torch.distributed as dist
from safetensors import SafetensorError, safe_open
from torch import Tensor

from smelt.errors import StageError
from smelt.recipe.training.start import WHERE, StartFrom
from training.model.megatron import parallel_state
from training.model.model import Llama
from training.model.processes import local_rank

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def fetch_start(start: StartFrom, cache: Path) -> Path:
    """The folder on local disk, verified; every process calls it, one a machine does the work.

    Args:
        cache: where objects are fetched to; they stay there for the next time.
    """
    if local_rank() == 0:
        start.fetch(cache / "weights")
    dist.barrier()
    return start.folder(cache / "weights")


@torch.no_grad()
def load_llama(model: Llama, folder: Path, pieces: Mapping[int, Sequence[int]] = MappingProxyType({})) -> None:
    """Fill ``model`` in its own number format.

    Args:
        folder: ``config.json`` agrees with the model (``StartFrom.insist_on``); rows of the vocabulary that it has
            none for stay as they are.
        pieces: tokens that the weights have never met, by id, with what they are made of: their rows become the mean
            of those rows.

    Raises:
        StageError: when a weight is missing.
    """
    weights = _Weights(folder)
    if model.pre_process:
        _fill_rows(model.embedding.word_embeddings.weight, weights, EMBEDDING, pieces)
    for layer in model.decoder.layers:
        theirs, attention, mlp = f"model.layers.{layer.layer_number - 1}.", layer.self_attention, layer.mlp
        groups = attention.linear_qkv.weight.shape[0] // model.config.kv_channels
        groups //= model.config.num_attention_heads // model.config.num_query_groups + 2
        heads = [weights.part(f"{theirs}self_attn.{kind}_proj.weight", 0) for kind in "qkv"]
        # Megatron keeps them group by group: the group's queries, its key, its value
        qkv = torch.cat([part.unflatten(0, (groups, -1)) for part in heads], dim=1)
        attention.linear_qkv.weight.copy_(qkv.flatten(0, 1))
        if model.config.qk_layernorm:
            attention.q_layernorm.weight.copy_(weights.whole(f"{theirs}self_attn.q_norm.weight"))
            attention.k_layernorm.weight.copy_(weights.whole(f"{theirs}self_attn.k_norm.weight"))
        attention.linear_proj.weight.copy_(weights.part(f"{theirs}self_attn.o_proj.weight", 1))
        gate_up = [weights.part(f"{theirs}mlp.{kind}_proj.weight", 0) for kind in ("gate", "up")]
        mlp.linear_fc1.weight.copy_(torch.cat(gate_up))
        mlp.linear_fc2.weight.copy_(weights.part(f"{theirs}mlp.down_proj.weight", 1))
        layer.input_layernorm.weight.copy_(weights.whole(f"{theirs}input_layernorm.weight"))
        layer.pre_mlp_layernorm.weight.copy_(weights.whole(f"{theirs}post_attention_layernorm.weight"))
    if model.post_process:
        model.decoder.final_layernorm.weight.copy_(weights.whole("model.norm.weight"))
        if model.output_layer.weight is not None:  # tied, and in one stage with the embedding, it has none of its own
            name = EMBEDDING if model.share_embeddings_and_output_weights else HEAD
            _fill_rows(model.output_layer.weight, weights, name, pieces)


def _fill_rows(parameter: Tensor, weights: "_Weights", name: str, pieces: Mapping[int, Sequence[int]]) -> None:
    """Fill this process's rows of the padded vocabulary, as far as there are such or they follow from others."""
    first = parameter.shape[0] * parallel_state.get_tensor_model_parallel_rank()
    rows = weights.rows(name, first, first + parameter.shape[0])
    parameter[: rows.shape[0]].copy_(rows)
    for token, own in pieces.items():
        if first <= token < first + parameter.shape[0]:
            found = torch.cat([weights.rows(name, piece, piece + 1) for piece in own])
            parameter[token - first].copy_(found.float().mean(dim=0))


class _Weights:
    """The tensors of a folder's safetensors, whichever of the files each lies in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = [_open(path) for path in sorted(folder.glob("*.safetensors"))]
        self._files = {name: file for file in files for name in file.keys()}  # noqa: SIM118  (it is no mapping)

    def whole(self, name: str) -> Tensor:
        """All of a tensor."""
        return self._slice(name)[:]

    def rows(self, name: str, first: int, end: int) -> Tensor:
        """Rows of a matrix, as far as it has them."""
        found = self._slice(name)
        known = found.get_shape()[0]
        return found[min(first, known) : min(end, known)]

    def part(self, name: str, dim: int) -> Tensor:
        """This process's rows (``dim`` 0) or columns (1) of a matrix that is split over the tensor-parallel ranks."""
        found = self._slice(name)
        size = found.get_shape()[dim] // parallel_state.get_tensor_model_parallel_world_size()
        first = size * parallel_state.get_tensor_model_parallel_rank()
        own = slice(first, first + size)
        return found[own] if dim == 0 else found[:, own]

    def _slice(self, name: str) -> Any:
        if name not in self._files:
            raise StageError(
                f"no weight {name}", where=f"{WHERE}: {self._folder}", mend="give the folder of a LlamaForCausalLM"
            )
        return self._files[name].get_slice(name)


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:  # a pointer of Git LFS, for one
        raise StageError(f"no safetensors: {error}", where=f"{WHERE}: {path}", mend="bring the file anew") from None
