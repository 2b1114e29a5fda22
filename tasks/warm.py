"""Compiles the kernels that take longest, once, before the workers need them side by side.

    python -m tasks.warm

``make run`` does it while services start and files are fetched, and the tests before they begin. Compiled kernels are
kept on disk by their sources; where they are there already, this takes a few seconds.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pyarrow as pa

from smelt.recipe.clean import CleanConfig
from smelt.recipe.dedup import MinHash
from tasks.clean import clean
from tasks.compiled import cache_folder
from tasks.dedup import minhash
from tasks.ingest import html

PAGE = "<html><head><title>A title</title></head><body><article><p>Some words of a text.</p></article></body></html>"
TEXTS = ("Some words of a text.",)


def of_pages() -> None:
    """Take the text out of a page."""
    html.text_of(PAGE.encode(), "main")


def of_texts() -> None:
    """Clean a text, and sign it."""
    texts = pa.array(TEXTS, pa.large_string())
    clean(texts, np.zeros(1, bool), CleanConfig())
    minhash.keys(texts, MinHash())


def main() -> None:
    """Compile both kinds side by side."""
    os.environ["NUMBA_CACHE_DIR"] = str(cache_folder())
    kinds: tuple[Callable[[], None], ...] = (of_pages, of_texts)
    with ProcessPoolExecutor(len(kinds), mp_context=get_context("spawn")) as processes:
        for done in [processes.submit(kind) for kind in kinds]:
            done.result()


if __name__ == "__main__":
    main()
