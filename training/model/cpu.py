"""Megatron-core's modules on a machine without CUDA; see ``training.model.megatron``, which uses this."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

_FACTORIES = ("tensor", "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "arange", "rand")


def redirect() -> None:
    """Let every megatron module imported so far compute on the CPU; does nothing where CUDA is available."""
    if torch.cuda.is_available():
        return
    for name, module in list(sys.modules.items()):
        if name.startswith("megatron.core") and vars(module).get("torch") is torch:
            vars(module)["torch"] = _CPU_TORCH


@contextmanager
def decorations_left_out() -> Iterator[None]:
    """While megatron is imported: ``torch.compile`` gives functions back as they are, where there is no CUDA."""
    compile_function = torch.compile
    if not torch.cuda.is_available():
        vars(torch)["compile"] = lambda function=None, **named: function if function else lambda decorated: decorated
    try:
        yield
    finally:
        vars(torch)["compile"] = compile_function


@contextmanager
def cuda_stays_here() -> Iterator[None]:
    """While megatron moves a tensor to "the device" by ``.cuda()``: where there is no CUDA, it stays where it is."""
    move = torch.Tensor.cuda
    if not torch.cuda.is_available():
        torch.Tensor.cuda = lambda self, *args, **named: self  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.Tensor.cuda = move  # type: ignore[method-assign]


def _stand_in(original: ModuleType) -> ModuleType:
    module = ModuleType(original.__name__)
    vars(module).update(vars(original))
    return module


def _on_cpu(factory: Any) -> Any:
    def make(*args: Any, **named: Any) -> Any:
        if str(named.get("device", "")).startswith("cuda"):
            named["device"] = "cpu"
        return factory(*args, **named)

    return make


def _cpu_torch() -> ModuleType:
    cuda = _stand_in(torch.cuda)
    vars(cuda).update(
        current_device=lambda: torch.device("cpu"),
        synchronize=lambda *args: None,
        empty_cache=lambda: None,
        device_count=lambda: 1,
        set_device=lambda device: None,
    )
    module = _stand_in(torch)
    vars(module).update({name: _on_cpu(getattr(torch, name)) for name in _FACTORIES}, cuda=cuda)
    return module


_CPU_TORCH = _cpu_torch()
