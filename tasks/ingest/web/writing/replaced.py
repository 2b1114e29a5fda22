"""What is written of an element instead of its content."""

from typing import NamedTuple

import numpy as np


class Replaced(NamedTuple):
    """Elements that are written as a text, in document order; none lies in another. k elements."""

    node: np.ndarray  # int32[k]
    text: list[bytes]  # k, UTF-8; empty where nothing is written


NOTHING_REPLACED = Replaced(np.zeros(0, np.int32), [])
