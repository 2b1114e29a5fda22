"""The model as a Hugging Face Llama, or with QK-norm as a Qwen3, which is one with it: names, shapes, configuration.

Megatron keeps queries, keys and values of a layer in one matrix, group by group ([q ... q, k, v] for each group of
query heads), and the gate above the value of SwiGLU; Hugging Face keeps each apart.
"""

from typing import Any

import torch
from torch import Tensor

from smelt.recipe.model import ModelConfig
from training.checkpoint import Description


def hf_weights(state: dict[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """Megatron's state dict (one process's, unsplit) under Llama's names, which are Qwen3's too."""
    heads, groups, head_size = config.num_heads, config.num_query_groups, config.head_size
    embedding = state["embedding.word_embeddings.weight"]
    weights = {"model.embed_tokens.weight": embedding, "model.norm.weight": state["decoder.final_layernorm.weight"]}
    if not config.tied_embeddings:
        weights["lm_head.weight"] = state["output_layer.weight"]
    for layer in range(config.num_layers):
        ours, theirs = f"decoder.layers.{layer}.", f"model.layers.{layer}."
        qkv = state[f"{ours}self_attention.linear_qkv.weight"].view(groups, heads // groups + 2, head_size, -1)
        gate, up = state[f"{ours}mlp.linear_fc1.weight"].chunk(2)
        weights |= {
            f"{theirs}self_attn.q_proj.weight": qkv[:, :-2].reshape(heads * head_size, -1),
            f"{theirs}self_attn.k_proj.weight": qkv[:, -2].reshape(groups * head_size, -1),
            f"{theirs}self_attn.v_proj.weight": qkv[:, -1].reshape(groups * head_size, -1),
            f"{theirs}self_attn.o_proj.weight": state[f"{ours}self_attention.linear_proj.weight"],
            f"{theirs}mlp.gate_proj.weight": gate,
            f"{theirs}mlp.up_proj.weight": up,
            f"{theirs}mlp.down_proj.weight": state[f"{ours}mlp.linear_fc2.weight"],
            f"{theirs}input_layernorm.weight": state[f"{ours}input_layernorm.weight"],
            f"{theirs}post_attention_layernorm.weight": state[f"{ours}pre_mlp_layernorm.weight"],
        }
        if config.qk_norm:
            for kind in "qk":
                norm = state[f"{ours}self_attention.{kind}_layernorm.weight"]
                weights[f"{theirs}self_attn.{kind}_norm.weight"] = norm
    return {name: weight.contiguous() for name, weight in weights.items()}


def hf_config(description: Description, *, end: dict[str, int], dtype: torch.dtype) -> dict[str, Any]:
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
        "max_position_embeddings": description.sequence_length,
        "rope_theta": description.rope_base,
        "rope_parameters": {"rope_type": "default", "rope_theta": description.rope_base},
        "tie_word_embeddings": config.tied_embeddings,
        "attention_bias": False,
        **end,
        "torch_dtype": str(dtype).removeprefix("torch."),
    }


def hf_tokenizer_config(description: Description, *, end_token: str) -> dict[str, Any]:
    """``tokenizer_config.json`` beside a ``tokenizer.json``."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": end_token,
        "eos_token": end_token,
        "model_max_length": description.sequence_length,
        "clean_up_tokenization_spaces": False,
    }
