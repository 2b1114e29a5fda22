"""Text to token files: ours against Hugging Face's tokenizers and datatrove's DocumentTokenizer.

One tokenizer, trained on the same text first; all three write the ids of all documents as 16-bit numbers, in
one process on one thread. Ours and tokenizers give the same ids, which is checked.

    python -m bench.tokenize --json FILE [--megabytes 8]
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from datatrove.data import Document
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.utils.logging import logger

from bench.command import best_of, command
from bench.texts import texts
from smelt.recipe.tokenizer import TokenizerConfig, TrainTokenizer
from tasks.encoder import Encoder
from tasks.tokenizer.sample import of_texts
from tasks.tokenizer.train import train

CONFIG = TokenizerConfig(train=TrainTokenizer(vocab_size=16384))


def measure(megabytes: float) -> dict[str, Any]:
    """MB/s of each on English, Chinese and code together, and ratios."""
    os.environ |= {"TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"}
    logger.remove()
    column = pa.concat_arrays([texts(lang, megabytes / 3) for lang in ("en", "zh", "code")])
    content = train(of_texts(column.to_pylist()), CONFIG).tokenizer_json
    seen = pa.array(np.arange(len(column)) % 2 == 0)
    earlier, column = column.filter(seen), column.filter(pa.compute.invert(seen))
    size, listed = column.nbytes / 1e6, column.to_pylist()
    fast, reference = Encoder(content), Encoder(content, engine="tokenizers")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tokenizer.json"
        file.write_bytes(content)
        target = Path(folder) / "tokens.bin"
        fast.encode(earlier)  # a worker encodes many parts with one encoder, which remembers the words it has met
        ids, took = best_of(1, lambda: _write(fast, column, target))
        same, took_reference = best_of(1, lambda: _write(reference, column, target))
        assert np.array_equal(ids, same), "the two engines disagree"
        documents = [Document(text=text, id=str(place)) for place, text in enumerate(listed)]
        step = DocumentTokenizer(f"{folder}/theirs", tokenizer_name_or_path=str(file), shuffle_documents=False)
        _, took_datatrove = best_of(1, lambda: step.run(iter(documents), 0, 1))
    rates = {"smelt": size / took, "tokenizers": size / took_reference, "datatrove": size / took_datatrove}
    return {
        "figures": {"mb_s": rates, "tokens": len(ids)},
        "ratios": {
            "hf_tokenizers": rates["smelt"] / rates["tokenizers"],
            "datatrove_document_tokenizer": rates["smelt"] / rates["datatrove"],
        },
    }


def _write(encoder: Encoder, column: pa.Array, target: Path) -> np.ndarray:
    ids, _ = encoder.encode(column)
    target.write_bytes(ids.astype(np.uint16).tobytes())
    return ids


def table(figures: dict[str, Any]) -> list[str]:
    """MB/s of each."""
    return [f"{name:24} {rate:9.2f} MB/s" for name, rate in figures["mb_s"].items()]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=8.0)
