"""Identity: what makes two artifacts the same.

An artifact is named by a fingerprint over what decides its bytes: the stage's name and version, its
config, and the fingerprints of its inputs. Where it runs, on how many workers, and from which commit
never enters. The hash is taken over *canonical JSON* (sorted keys, no spaces, UTF-8), and a value
that JSON cannot say in exactly one way is an error rather than a guess.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from smelt.errors import SmeltError

FINGERPRINT_LENGTH = 20  # hex digits: 80 bits, ample for the artifacts of one lake


def canonical(value: Any) -> bytes:
    """Canonical JSON of ``value``: the same bytes for the same meaning, on every machine.

    Raises:
        SmeltError: for values with no single JSON form (sets, NaN, dates, paths, arbitrary objects).
    """
    return json.dumps(_plain(value, "$"), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """SHA-256 hex digest of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical(value)).hexdigest()


def fingerprint(*, stage: str, version: int, config: Any, inputs: Mapping[str, str]) -> str:
    """The name of the artifact that ``stage`` makes from ``inputs`` under ``config``.

    Args:
        inputs: input name to fingerprint (or listing digest for raw sources).
    """
    return digest({"stage": stage, "version": version, "config": config, "inputs": dict(inputs)})[:FINGERPRINT_LENGTH]


def _plain(value: Any, path: str) -> Any:
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(mode="python"), path)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _unclear(value, path)
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise _unclear(value, path)
        return {key: _plain(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
    raise _unclear(value, path)


def _unclear(value: Any, path: str) -> SmeltError:
    return SmeltError(
        f"{type(value).__name__} has no canonical form", where=path, mend="use text, numbers, lists and mappings"
    )
