"""The model as a Hugging Face Llama, or with QK-norm as a Qwen3, which is one with it: names, shapes, configuration.

Megatron keeps queries, keys and values of a layer in one matrix, group by group ([q ... q, k, v] for each group of
query heads), and the gate above the value of SwiGLU; Hugging Face keeps each apart.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from smelt.recipe.training.model import ModelConfig
from training.checkpoints.checkpoint import Description

MAX_FILE_BYTES = 5 * 10**9
"""Bytes of weights in a file, as ``save_pretrained`` has it."""


def hf_weights(state: dict[str, Tensor], config: ModelConfig) -> Iterator[tuple[str, Tensor]]:
    """Megatron's state dict (one process's, unsplit) under the names of Llama and Qwen3, one after the other."""
    heads, groups, head_size = config.num_heads, config.num_query_groups, config.head_size
    yield "model.embed_tokens.weight", state["embedding.word_embeddings.weight"]
    for layer in range(config.num_layers):
        ours, theirs = f"decoder.layers.{layer}.", f"model.layers.{layer}."
        qkv = state[f"{ours}self_attention.linear_qkv.weight"].view(groups, heads // groups + 2, head_size, -1)
        yield f"{theirs}self_attn.q_proj.weight", qkv[:, :-2].reshape(heads * head_size, -1)
        yield f"{theirs}self_attn.k_proj.weight", qkv[:, -2].reshape(groups * head_size, -1)
        yield f"{theirs}self_attn.v_proj.weight", qkv[:, -1].reshape(groups * head_size, -1)
        yield f"{theirs}self_attn.o_proj.weight", state[f"{ours}self_attention.linear_proj.weight"]
        if config.qk_norm:
            yield f"{theirs}self_attn.q_norm.weight", state[f"{ours}self_attention.q_layernorm.weight"]
            yield f"{theirs}self_attn.k_norm.weight", state[f"{ours}self_attention.k_layernorm.weight"]
        gate, up = state[f"{ours}mlp.linear_fc1.weight"].chunk(2)
        yield f"{theirs}mlp.gate_proj.weight", gate
        yield f"{theirs}mlp.up_proj.weight", up
        yield f"{theirs}mlp.down_proj.weight", state[f"{ours}mlp.linear_fc2.weight"]
        yield f"{theirs}input_layernorm.weight", state[f"{ours}input_layernorm.weight"]
        yield f"{theirs}post_attention_layernorm.weight", state[f"{ours}pre_mlp_layernorm.weight"]
    yield "model.norm.weight", state["decoder.final_layernorm.weight"]
    if not config.tied_embeddings:
        yield "lm_head.weight", state["output_layer.weight"]


def write_weights(weights: Iterable[tuple[str, Tensor]], folder: Path, dtype: torch.dtype) -> dict[str, bytes | Path]:
    """Write weights to files of ``MAX_FILE_BYTES`` at most; of what is converted no more than one file is in memory.

    Returns:
        The files by suffix: one, or several with the index that says what lies where.
    """
    written: list[tuple[Path, list[str]]] = []
    held: dict[str, Tensor] = {}
    total = 0

    def write() -> None:
        path = folder / f"weights-{len(written)}.safetensors"
        save_file(held, path, {"format": "pt"})
        written.append((path, list(held)))
        held.clear()

    for name, weight in weights:
        converted = weight.to("cpu", dtype).contiguous()
        if held and sum(one.nbytes for one in held.values()) + converted.nbytes > MAX_FILE_BYTES:
            write()
        held[name] = converted
        total += converted.nbytes
    write()
    if len(written) == 1:
        return {"/model.safetensors": written[0][0]}
    names = [f"model-{number:05d}-of-{len(written):05d}.safetensors" for number in range(1, len(written) + 1)]
    places = {weight: name for name, (_, inside) in zip(names, written, strict=True) for weight in inside}
    index = {"metadata": {"total_size": total}, "weight_map": places}
    files = {f"/{name}": path for name, (path, _) in zip(names, written, strict=True)}
    return {**files, "/model.safetensors.index.json": json.dumps(index, indent=2, sort_keys=True).encode()}


def hf_config(description: Description, *, roles: dict[str, int], dtype: torch.dtype) -> dict[str, Any]:
    """``config.json`` of a LlamaForCausalLM; with QK-norm of a Qwen3ForCausalLM, which is the same with these norms."""
    config = description.config
    kind: dict[str, Any] = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "mlp_bias": False}
    if config.qk_norm:
        kind = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "use_sliding_window": False}
    return {
        **kind,
        "vocab_size": description.padded_vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.ffn_hidden_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_query_groups,
        "head_dim": config.head_size,
        "hidden_act": "silu",
        "rms_norm_eps": config.norm_epsilon,
        "initializer_range": config.init_std,
        "max_position_embeddings": max(description.sequence_length, config.known_length),
        "rope_theta": description.rope_base,
        **_rope(description),
        "tie_word_embeddings": config.tied_embeddings,
        "attention_bias": False,
        **roles,
        "torch_dtype": str(dtype).removeprefix("torch."),
    }


def _rope(description: Description) -> dict[str, Any]:
    """The rotary embedding, as transformers 5 reads it; scaled, also as earlier ones and other engines do."""
    scaling = description.config.rope_scaling
    if scaling is None:
        return {"rope_parameters": {"rope_type": "default", "rope_theta": description.rope_base}}
    scaled = {"rope_type": "llama3", **scaling.model_dump()}
    return {"rope_parameters": scaled | {"rope_theta": description.rope_base}, "rope_scaling": scaled}


def hf_tokenizer_config(description: Description, *, end: str, padding: str) -> dict[str, Any]:
    """``tokenizer_config.json`` beside a ``tokenizer.json``."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": end,
        "eos_token": end,
        "pad_token": padding,
        "model_max_length": description.sequence_length,
        "clean_up_tokenization_spaces": False,
    }
