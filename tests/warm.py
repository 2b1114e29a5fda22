"""Compiles the kernels that take longest, once, before tests and the workers that they start need them side by side.

Compiled kernels are kept on disk by their sources; where they are there already, this takes a few seconds.
"""

import numpy as np
import pyarrow as pa

from smelt.recipe.clean import CleanConfig
from smelt.recipe.dedup import MinHash
from tasks.clean import clean
from tasks.dedup import minhash
from tasks.ingest import html

PAGE = "<html><head><title>A title</title></head><body><article><p>Some words of a text.</p></article></body></html>"


def main() -> None:
    """Call each of them on a text."""
    text = html.text_of(PAGE.encode(), "main")
    texts = pa.array([text], pa.large_string())
    clean(texts, np.zeros(1, bool), CleanConfig())
    minhash.keys(texts, MinHash())


if __name__ == "__main__":
    main()
