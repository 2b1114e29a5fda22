"""The one door to Megatron-core: every name of it that this room uses, ready for the device that is there.

Megatron-core names CUDA directly in places where it means "the device": ``torch.cuda.current_device()``,
``device="cuda"``. Where there is no CUDA, its modules get a stand-in under the name ``torch`` that answers those
with the CPU (``training.model.cpu``); torch itself stays untouched. Its import-time ``torch.compile`` decorations,
which would load all of inductor (5 s) for kernels that only CUDA uses, are left out there.
"""

import logging
import warnings

from training.model.cpu import decorations_left_out, redirect

logging.getLogger("megatron").setLevel(logging.ERROR)
logging.getLogger("megatron.core").setLevel(logging.ERROR)

with warnings.catch_warnings(), decorations_left_out():
    warnings.simplefilter("ignore")  # Apex and Transformer Engine are not here; nothing of this room needs them
    from megatron.core import dist_checkpointing, parallel_state
    from megatron.core.dist_checkpointing.core import CheckpointingConfig, save_config
    from megatron.core.dist_checkpointing.mapping import ShardedStateDict
    from megatron.core.dist_checkpointing.optimizer import (
        get_param_id_to_sharded_param_map,
        make_sharded_optimizer_tensor,
    )
    from megatron.core.dist_checkpointing.strategies import filesystem_async
    from megatron.core.dist_checkpointing.strategies import torch as torch_strategy
    from megatron.core.dist_checkpointing.strategies.filesystem_async import FileSystemWriterAsync
    from megatron.core.dist_checkpointing.strategies.torch import TorchDistSaveShardedStrategy
    from megatron.core.distributed import (
        DistributedDataParallel,
        DistributedDataParallelConfig,
        finalize_model_grads,
    )
    from megatron.core.extensions import transformer_engine
    from megatron.core.fp8_utils import get_fp8_context
    from megatron.core.models.common.embeddings.rotary_pos_embedding import RotaryEmbedding
    from megatron.core.models.gpt.gpt_layer_specs import get_gpt_layer_local_spec
    from megatron.core.models.gpt.gpt_model import GPTModel
    from megatron.core.pipeline_parallel import get_forward_backward_func
    from megatron.core.process_groups_config import ProcessGroupCollection
    from megatron.core.tensor_parallel import param_is_not_tensor_parallel_duplicate
    from megatron.core.transformer.enums import AttnMaskType
    from megatron.core.transformer.module import MegatronModule
    from megatron.core.transformer.spec_utils import ModuleSpec
    from megatron.core.transformer.transformer_block import TransformerBlockSubmodules
    from megatron.core.transformer.transformer_config import TransformerConfig
    from megatron.core.transformer.transformer_layer import TransformerLayer

redirect()

__all__ = [
    "AttnMaskType",
    "CheckpointingConfig",
    "DistributedDataParallel",
    "DistributedDataParallelConfig",
    "FileSystemWriterAsync",
    "GPTModel",
    "MegatronModule",
    "ModuleSpec",
    "ProcessGroupCollection",
    "RotaryEmbedding",
    "ShardedStateDict",
    "TorchDistSaveShardedStrategy",
    "TransformerBlockSubmodules",
    "TransformerConfig",
    "TransformerLayer",
    "dist_checkpointing",
    "filesystem_async",
    "finalize_model_grads",
    "get_forward_backward_func",
    "get_fp8_context",
    "get_gpt_layer_local_spec",
    "get_param_id_to_sharded_param_map",
    "make_sharded_optimizer_tensor",
    "parallel_state",
    "param_is_not_tensor_parallel_duplicate",
    "save_config",
    "torch_strategy",
    "transformer_engine",
]
