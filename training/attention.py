"""Causal attention: flash-attn where it imports and CUDA is there, else torch's scaled_dot_product_attention.

Megatron's own local core attention stores the scores of all pairs of positions; this one never does.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor

from training.megatron import AttnMaskType, MegatronModule, ProcessGroupCollection, TransformerConfig

try:
    from flash_attn import flash_attn_func
except ImportError:
    flash_attn_func = None


class CausalAttention(MegatronModule):
    """Core attention as Megatron's layer specs want it: heads in, heads out, no weights."""

    def __init__(
        self,
        config: TransformerConfig,
        layer_number: int,
        attn_mask_type: AttnMaskType,
        attention_type: str,
        attention_dropout: float | None = None,
        softmax_scale: float | None = None,
        cp_comm_type: str | None = None,
        pg_collection: ProcessGroupCollection | None = None,
    ) -> None:
        super().__init__(config=config)
        self.softmax_scale = softmax_scale or 1.0 / math.sqrt(config.kv_channels)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,
        attn_mask_type: AttnMaskType | None = None,
        attention_bias: Tensor | None = None,
        packed_seq_params: Any = None,
    ) -> Tensor:
        """Attend.

        Args:
            query: [s, b, heads, head size]
            key, value: [s, b, groups, head size], not repeated
            attention_mask: must be None; causality is implied.

        Returns:
            [s, b, heads * head size]
        """
        length, batch = query.shape[:2]
        if flash_attn_func is not None and query.is_cuda and query.dtype == torch.bfloat16:
            out = flash_attn_func(
                query.transpose(0, 1),
                key.transpose(0, 1),
                value.transpose(0, 1),
                softmax_scale=self.softmax_scale,
                causal=True,
            )
            return out.transpose(0, 1).reshape(length, batch, -1)
        out = F.scaled_dot_product_attention(
            query.permute(1, 2, 0, 3),
            key.permute(1, 2, 0, 3),
            value.permute(1, 2, 0, 3),
            is_causal=True,
            scale=self.softmax_scale,
            enable_gqa=query.shape[2] != key.shape[2],
        )
        return out.permute(2, 0, 1, 3).reshape(length, batch, -1)

    def sharded_state_dict(self, prefix: str = "", sharded_offsets: tuple = (), metadata: dict | None = None) -> dict:
        """Nothing to checkpoint."""
        return {}
