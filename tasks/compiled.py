"""Passes over Arrow buffers compiled by numba, once a machine rather than once a worker.

numba keeps compiled functions by the file they stand in and doesn't see a change in a function that
they call, so the cache folder's name is a digest over the sources of all kernels: after any edit a
fresh folder is used, and a stale kernel can't run.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

from smelt.settings import home_folder


def cache_folder() -> Path:
    """Where compiled kernels of these sources are kept."""
    here = Path(__file__).resolve().parent
    sources = hashlib.sha256(numba.__version__.encode())
    for file in sorted(here.rglob("*.py")):
        text = file.read_bytes()
        if b"@compiled" in text or b"@inner" in text:
            sources.update(text)
    return home_folder() / "cache" / "kernels" / sources.hexdigest()[:16]


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on first call for the types it is called with, without the GIL, and keep the result on disk."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


def inner(function: Callable[..., Any]) -> Any:
    """Compile as a piece of compiled functions, which is not callable from Python and costs less to make."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(nogil=True, error_model="numpy", **options)(function)
