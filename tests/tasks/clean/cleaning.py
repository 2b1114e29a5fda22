"""Cleaning a handful of texts, for tests."""

import numpy as np
import pyarrow as pa

from smelt.recipe.clean import CleanConfig
from tasks.clean import clean

CONFIG = CleanConfig()


def cleaned(*texts: str, config: CleanConfig = CONFIG, code: bool = False) -> tuple[list[str], dict, dict]:
    """Texts, edit counts and signals."""
    array = pa.array(texts, pa.large_string())
    after, edits, _, signals = clean(array, np.full(len(texts), code), config)
    return after.to_pylist(), edits, signals


def one(text: str, *, config: CleanConfig = CONFIG, code: bool = False) -> str:
    """The text after cleaning."""
    return cleaned(text, config=config, code=code)[0][0]
