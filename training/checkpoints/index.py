"""The index of a checkpoint's tensors, held to what an index is made of before torch reads it.

torch keeps it as a pickle and reads it as one, and a pickle can name any function to be called. Ours names the few
classes that say which tensor lies where, and basic types; whatever names another is no checkpoint of ours. (The other
files are none: ``common.pt`` is read by ``torch.load``, which takes weights alone.)
"""

import pickle
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import torch

from smelt.errors import DamageError

FILE = ".metadata"
_OF_INDEX = tuple(f"torch.distributed.checkpoint.{name}" for name in ("metadata", "filesystem", "planner"))
_KNOWN = {
    ("torch", "Size"),
    ("torch.serialization", "_get_layout"),
    ("collections", "OrderedDict"),
    ("pathlib", "PosixPath"),
}


class _Index(pickle.Unpickler):
    """Reads records of an index alone."""

    def find_class(self, module: str, name: str, /) -> Any:
        if "." not in name and (module in _OF_INDEX or module == "torch" or (module, name) in _KNOWN):
            found = super().find_class(module, name)
            if (module, name) in _KNOWN or isinstance(found, torch.dtype) or _is_record(found, module):
                return found
        raise pickle.UnpicklingError(f"names {module}.{name}")


def check_index(folder: Path) -> None:
    """Let a checkpoint's folder pass whose index holds nothing but an index.

    Raises:
        DamageError: it names something else, or is no index at all.
    """
    file = folder / FILE
    try:
        with file.open("rb") as content:
            _Index(content).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as error:
        raise DamageError(
            f"is no index of tensors ({error})", where=str(file), mend="`smelt verify`, then `--force` of that phase"
        ) from None


def _is_record(found: Any, module: str) -> bool:
    """Whether it holds values and does nothing: a data class or an enumeration of that module's own."""
    own = isinstance(found, type) and found.__module__ == module
    return own and (is_dataclass(found) or issubclass(found, Enum))
