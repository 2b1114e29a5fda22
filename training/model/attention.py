"""Causal attention: flash-attn where it imports and CUDA is there, else torch's scaled_dot_product_attention.

Megatron's own local core attention stores the scores of all pairs of positions. flash-attn never does;
scaled_dot_product_attention picks a kernel of its own, and those that take a mask, or grouped queries, may store them
(on a GPU, both together do). Whether a sample's documents see each other is said by ``Documents`` in the place of
Megatron's attention mask: flash-attn is told where they begin (cu_seqlens), and scaled_dot_product_attention gets a
block-diagonal causal mask. Rotary embeddings are relative, so positions need not begin anew with a document.
"""

import importlib
import inspect
import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor

from training.model.megatron import AttnMaskType, MegatronModule, ProcessGroupCollection, TransformerConfig


class Flash(NamedTuple):
    """A flash-attn that imports: its name, and its functions for whole and for packed sequences."""

    name: str
    whole: Callable[..., Any]
    packed: Callable[..., Any]


def find_flash() -> Flash | None:
    """The newest flash-attn that imports: 4 (CuTe, Blackwell and Hopper), 3 (Hopper), 2 (Ampere and later)."""
    for name, module in (("4", "flash_attn.cute"), ("3", "flash_attn_interface"), ("2", "flash_attn")):
        try:
            found = importlib.import_module(module)
            return Flash(name, repeatable(found.flash_attn_func), repeatable(found.flash_attn_varlen_func))
        except (ImportError, AttributeError):
            continue
    return None


def repeatable(attend: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with gradients summed in a fixed order where it offers that: a resumed run repeats its bits."""
    offered = "deterministic" in inspect.signature(attend).parameters
    return partial(attend, deterministic=True) if offered else attend


FLASH = find_flash() if torch.cuda.is_available() else None


class Documents:
    """Which document each position of a micro batch is of; stands where Megatron passes an attention mask.

    Made once a micro batch; what the layers need of it is worked out by the first of them.
    """

    def __init__(self, documents: Tensor, starts: Tensor) -> None:
        """Takes what a batch says of them.

        Args:
            documents: [b, s]
            starts: where documents begin in the batch laid end to end, int32, the batch's length at the end.
        """
        self._documents, self.starts = documents, starts

    @cached_property
    def visible(self) -> Tensor:
        """[b, 1, s, s]: whether a position (third) sees another: of its document and not behind it."""
        same = self._documents[:, :, None] == self._documents[:, None, :]
        return same.tril()[:, None]


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
        attention_mask: Documents | None,
        attn_mask_type: AttnMaskType | None = None,
        attention_bias: Tensor | None = None,
        packed_seq_params: Any = None,
    ) -> Tensor:
        """Attend.

        Args:
            query: [s, b, heads, head size]
            key, value: [s, b, groups, head size], not repeated
            attention_mask: the documents, or None where attention may cross them; causality is implied.

        Returns:
            [s, b, heads * head size]
        """
        length, batch = query.shape[:2]
        if FLASH is not None and query.is_cuda and query.dtype == torch.bfloat16:
            return self._flash(FLASH, query, key, value, attention_mask)
        out = F.scaled_dot_product_attention(
            query.permute(1, 2, 0, 3),
            key.permute(1, 2, 0, 3),
            value.permute(1, 2, 0, 3),
            attn_mask=None if attention_mask is None else attention_mask.visible,
            is_causal=attention_mask is None,
            scale=self.softmax_scale,
            enable_gqa=query.shape[2] != key.shape[2],
        )
        return out.permute(2, 0, 1, 3).reshape(length, batch, -1)

    def _flash(self, flash: Flash, query: Tensor, key: Tensor, value: Tensor, documents: Documents | None) -> Tensor:
        length, batch = query.shape[:2]
        rows = [part.transpose(0, 1) for part in (query, key, value)]  # [b, s, heads, head size]
        if documents is None:
            out = flash.whole(*rows, softmax_scale=self.softmax_scale, causal=True)
        else:
            out = flash.packed(
                *(part.flatten(0, 1) for part in rows),
                cu_seqlens_q=documents.starts,
                cu_seqlens_k=documents.starts,
                max_seqlen_q=length,
                max_seqlen_k=length,
                softmax_scale=self.softmax_scale,
                causal=True,
            )
        if isinstance(out, tuple):  # flash-attn 3 and 4 give the log-sum-exp too
            out = out[0]
        return out.reshape(batch, length, -1).transpose(0, 1).contiguous()

    def sharded_state_dict(self, prefix: str = "", sharded_offsets: tuple = (), metadata: dict | None = None) -> dict:
        """Nothing to checkpoint."""
        return {}
