"""The model: Megatron-core's GPTModel in llama shape, built here and nowhere else."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor

from smelt.identity import digest
from smelt.recipe.training.model import ModelConfig, RopeScaling
from training.model import fp8
from training.model.attention import CausalAttention
from training.model.cpu import cuda_stays_here
from training.model.kernels import PLAIN, Kernels
from training.model.layer import FusedLayer, Norm, Turns
from training.model.loss import LinearCrossEntropy
from training.model.megatron import (
    GPTModel,
    ModuleSpec,
    TransformerBlockSubmodules,
    TransformerConfig,
    get_gpt_layer_local_spec,
    parallel_state,
)

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp8": torch.bfloat16}
"""Of weights and activations by precision; with fp8, matrix multiplications alone are narrower."""


@dataclass(frozen=True)
class Loss:
    """A micro batch's loss: ``mean`` (differentiable, z-loss included) and each token's own, [b, s] fp32; a token that
    is left out has none, and counts in the mean."""

    mean: Tensor
    tokens: Tensor


def build_model(
    config: ModelConfig,
    *,
    vocab_size: int,
    max_sequence_length: int,
    rope_base: float,
    precision: str,
    z_loss: float = 0.0,
    seed: int,
    kernels: Kernels = PLAIN,
    recomputes: bool = False,
) -> "Llama":
    """This process's share of the model, on its device, with weights drawn from ``seed``.

    Args:
        vocab_size: padded vocabulary (``ModelConfig.padded_vocab_size``).
        precision: ``fp32``, ``bf16`` or ``fp8``.
        kernels: what lies between matrix multiplications; for a long training, compiled.
        recomputes: whether each layer's activations are made again in the backward instead of kept.
    """
    torch.manual_seed(seed)  # of the embedding; each layer has a seed of its own
    model = Llama(
        config=transformer_config(config, precision),
        transformer_layer_spec=_submodules(config, seed, precision, {"kernels": kernels, "recomputes": recomputes}),
        vocab_size=vocab_size,
        max_sequence_length=max_sequence_length,
        pre_process=parallel_state.is_pipeline_first_stage(),
        post_process=parallel_state.is_pipeline_last_stage(),
        position_embedding_type="rope",
        rotary_base=rope_base,  # annotated int, but computed with as it is
        scaling=config.rope_scaling,
        share_embeddings_and_output_weights=config.tied_embeddings,
        z_loss=z_loss,
        kernels=kernels,
    )
    return model.cuda() if torch.cuda.is_available() else model


def transformer_config(config: ModelConfig, precision: str) -> TransformerConfig:
    """Megatron's configuration for the model and the process groups that exist."""
    dtype = DTYPES[precision]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own deprecated defaults
        return TransformerConfig(
            num_layers=config.num_layers,
            hidden_size=config.hidden_size,
            ffn_hidden_size=config.ffn_hidden_size,
            num_attention_heads=config.num_heads,
            num_query_groups=config.num_query_groups,
            kv_channels=config.head_size,
            normalization="RMSNorm",
            layernorm_epsilon=config.norm_epsilon,
            qk_layernorm=config.qk_norm,
            gated_linear_unit=True,
            activation_func=F.silu,
            add_bias_linear=False,
            hidden_dropout=0.0,
            attention_dropout=0.0,
            init_method_std=config.init_std * math.sqrt(config.hidden_rate),
            embedding_init_method_std=config.init_std,
            use_cpu_initialization=True,  # the same weights on any device and under any tensor-parallel size
            params_dtype=dtype,
            pipeline_dtype=dtype,
            bf16=dtype == torch.bfloat16,
            **(fp8.FORMAT if precision == "fp8" else {}),
            tensor_model_parallel_size=parallel_state.get_tensor_model_parallel_world_size(),
            pipeline_model_parallel_size=parallel_state.get_pipeline_model_parallel_world_size(),
            gradient_accumulation_fusion=False,  # these four are Apex's and Transformer Engine's kernels
            masked_softmax_fusion=False,
            persist_layer_norm=False,
            apply_rope_fusion=False,
            bias_dropout_fusion=False,  # compiles with torch.compile, which wants a C++ compiler
        )


def _submodules(config: ModelConfig, seed: int, precision: str, layers: dict[str, Any]) -> TransformerBlockSubmodules:
    """The parts of the model; ``layers`` is what ``FusedLayer`` is given."""
    spec = get_gpt_layer_local_spec(normalization="RMSNorm", qk_layernorm=config.qk_norm)
    norm = ModuleSpec(module=Norm, params={"kernels": layers["kernels"]})
    layer, attention = spec.submodules, spec.submodules.self_attention.submodules
    spec.module, spec.params = _seeded_layer(seed), layers
    layer.input_layernorm = layer.pre_mlp_layernorm = norm
    if config.qk_norm:
        attention.q_layernorm = attention.k_layernorm = norm
    attention.core_attention = CausalAttention
    if precision == "fp8":
        column, row = fp8.linear_layers()
        mlp = layer.mlp.submodules
        attention.linear_qkv = mlp.linear_fc1 = column
        attention.linear_proj = mlp.linear_fc2 = row
    num_layers = config.num_layers // parallel_state.get_pipeline_model_parallel_world_size()
    return TransformerBlockSubmodules(layer_specs=[spec] * num_layers, layer_norm=norm)


def _seeded_layer(seed: int) -> type[FusedLayer]:
    """Layers whose weights depend on the seed and on which layer of the model it is, not on who builds it."""

    class SeededLayer(FusedLayer):
        def __init__(self, config: TransformerConfig, submodules: Any, layer_number: int = 1, **named: Any) -> None:
            stage = parallel_state.get_pipeline_model_parallel_rank()
            before = stage * (config.num_layers // config.pipeline_model_parallel_size)
            torch.manual_seed(int(digest([seed, before + layer_number]), 16) % 2**63)
            super().__init__(config, submodules, layer_number=layer_number, **named)

    return SeededLayer


class Llama(GPTModel):
    """GPTModel whose loss never holds all logits; ``forward`` with labels returns a ``Loss``."""

    def __init__(self, *, z_loss: float, kernels: Kernels, scaling: RopeScaling | None, **named: Any) -> None:
        super().__init__(**named)
        self.z_loss, self.kernels, self.scaling = z_loss, kernels, scaling
        self.set_rope_base(named["rotary_base"])

    def setup_embeddings_and_output_layer(self) -> None:
        """Tie the embedding of the first pipeline stage to the output layer of the last."""
        with cuda_stays_here():
            super().setup_embeddings_and_output_layer()

    def set_rope_base(self, base: float) -> None:
        """Change the rotary embedding's base (at a phase border); it has no weights."""
        self.rotary_pos_emb = Turns(
            kv_channels=self.config.kv_channels,
            rotary_percent=1.0,
            rotary_base=base,
            scaling=self.scaling,
            use_cpu_initialization=self.config.use_cpu_initialization,
            cp_group=self.pg_collection.cp,
        )

    def _postprocess(
        self, hidden_states: Tensor, *, labels: Tensor | None = None, loss_mask: Tensor | None = None, **named: Any
    ) -> Any:
        if not self.post_process or labels is None:
            return super()._postprocess(hidden_states=hidden_states, labels=labels, loss_mask=loss_mask, **named)
        weight = self.shared_embedding_or_output_weight() if self.share_embeddings_and_output_weights else None
        by_position = labels.transpose(0, 1)
        if weight is None:
            weight = self.output_layer.weight
        if not torch.is_grad_enabled():
            weight = weight.detach()  # the loss takes its gradient at once, for whoever may want one
        mean, losses = LinearCrossEntropy.apply(
            hidden_states.flatten(0, 1),
            weight,
            by_position.flatten(),
            self.z_loss if self.training else 0.0,
            self.kernels,
            self.pg_collection.tp,
            None if loss_mask is None else loss_mask.transpose(0, 1).flatten(),
        )
        return Loss(mean, losses.view_as(by_position).transpose(0, 1))
