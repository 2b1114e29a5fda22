"""Process groups: this process's place among those that train, and its device."""

import os

import torch
import torch.distributed as dist

from training.model.megatron import parallel_state


def start_alone() -> None:
    """Make this process a world of its own (for loading, exporting and debugging); once is enough."""
    if not dist.is_initialized():
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    start_parallel(tensor=1, pipeline=1)


def start_parallel(*, tensor: int, pipeline: int) -> None:
    """Divide the processes of the initialized world into tensor-, pipeline- and data-parallel groups."""
    if torch.cuda.is_available():  # sums in a fixed order: a resumed run repeats its bits
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if not parallel_state.model_parallel_is_initialized():
        parallel_state.initialize_model_parallel(tensor, pipeline)


def device() -> torch.device:
    """Where this process computes."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def local_rank() -> int:
    """This process's number on its machine; the one with 0 does what is done once a machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))
