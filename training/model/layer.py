"""A transformer layer of Megatron's, the same modules and weights, whose forward goes through our ``kernels``."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from smelt.recipe.training.model import RopeScaling
from training.model.attention import Documents
from training.model.kernels import Kernels
from training.model.megatron import RotaryEmbedding, TransformerConfig, TransformerLayer, get_fp8_context


class Norm(nn.Module):
    """RMSNorm as Megatron's specs want it."""

    def __init__(
        self, config: TransformerConfig, hidden_size: int, eps: float = 1e-5, *, kernels: Kernels, **_: Any
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size, dtype=config.params_dtype))
        self.epsilon, self.kernels = eps, kernels

    def forward(self, x: Tensor) -> Tensor:
        """Normalize the last dimension."""
        return self.kernels.norm(x, self.weight, self.epsilon)


class Turns(RotaryEmbedding):
    """The rotary embedding as what its users need: cosines and sines, [2, s, 1, 1, head size] fp32."""

    def __init__(self, *, scaling: RopeScaling | None, **named: Any) -> None:
        super().__init__(**named)
        if scaling is not None:
            self.inv_freq: Tensor = self._apply_scaling(self.inv_freq, **scaling.model_dump())

    def forward(self, max_seq_len: int, *args: Any, **named: Any) -> Tensor:
        """Those of the first ``max_seq_len`` positions."""
        angles = super().forward(max_seq_len, *args, **named)
        return torch.stack((angles.cos(), angles.sin()))


class FusedLayer(TransformerLayer):
    """Llama's layer: Megatron's linear layers (and their tensor parallelism) with our kernels in between."""

    def __init__(
        self,
        config: TransformerConfig,
        submodules: Any,
        layer_number: int = 1,
        *,
        kernels: Kernels,
        recomputes: bool,
        **named: Any,
    ) -> None:
        """Makes the layer.

        Args:
            recomputes: whether only the layer's input is kept for the backward, and what is in between made again.
        """
        super().__init__(config, submodules, layer_number=layer_number, **named)
        self.kernels, self.recomputes = kernels, recomputes

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Documents | None = None,
        *,
        rotary_pos_emb: Tensor,
        **_: Any,
    ) -> tuple[Tensor, None]:
        """[s, b, h] to [s, b, h], and no context, which only cross-attention has.

        Args:
            rotary_pos_emb: what ``Turns`` gives.
        """
        if not (self.recomputes and self.training):
            return self._compute(hidden_states, attention_mask, rotary_pos_emb), None

        def formats() -> tuple[AbstractContextManager, AbstractContextManager]:
            return nullcontext(), get_fp8_context(self.config, self.layer_number - 1)  # as Megatron's block enters it

        given = (hidden_states, attention_mask, rotary_pos_emb)
        return checkpoint(
            self._compute, *given, use_reentrant=False, preserve_rng_state=False, context_fn=formats
        ), None

    def _compute(self, hidden_states: Tensor, attention_mask: Documents | None, rotary_pos_emb: Tensor) -> Tensor:
        run, epsilon = self.kernels, self.config.layernorm_epsilon
        attention, mlp = self.self_attention, self.mlp
        qkv, _ = attention.linear_qkv(self.input_layernorm(hidden_states))
        norms = (attention.q_layernorm.weight, attention.k_layernorm.weight) if self.config.qk_layernorm else None
        # a CPU's flash attention is a third slower in bf16 than in fp32
        dtype = qkv.dtype if qkv.is_cuda else torch.float32
        groups = attention.num_query_groups_per_partition
        query, key, value = run.heads(qkv, rotary_pos_emb, norms, epsilon, groups, dtype)
        mixed, _ = attention.linear_proj(attention.core_attention(query, key, value, attention_mask).to(qkv.dtype))
        hidden_states, normed = run.add_norm(mixed, hidden_states, self.pre_mlp_layernorm.weight, epsilon)
        inner, _ = mlp.linear_fc1(normed)
        out, _ = mlp.linear_fc2(run.swiglu(inner))
        return hidden_states + out
