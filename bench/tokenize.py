"""Text to token files: our stage, from Parquet in S3 to Megatron's ``.bin/.idx`` in S3, against what others do of it.

English, Chinese and code go through the stages in one process; the tokenizer is the recipe's own. Then the texts that
our stage has encoded are given to gigatoken, to Hugging Face's ``encode_batch`` (both from memory to ids, nothing is
written), to the path of Megatron's ``preprocess_data`` (a JSON line, Hugging Face's tokenizer, Megatron's own builder)
and to datatrove's ``DocumentTokenizer`` (from memory to a file), each with an encoder that has met no text yet. All
ids are compared with those in our files. Training is measured against Hugging Face's trainer, on the same texts, with
the same vocabulary's size and pattern. Seconds are of the processor, on one thread.

    python -m bench.tokenize --json FILE [--megabytes 24]
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import awkward as ak
import gigatoken
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.utils.logging import logger
from megatron.core.datasets.indexed_dataset import IndexedDataset, IndexedDatasetBuilder
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from bench.command import best_of, command
from bench.store import own_store
from bench.texts import texts
from smelt.engine.make import make_artifact, make_context, serially
from smelt.lake import Lake, Manifest, held
from smelt.plan import make_plan
from smelt.recipe import Recipe, parse_recipe
from smelt.recipe.tokenizer import DirtyTokens, TokenizerConfig, TrainTokenizer
from smelt.settings import Settings
from smelt.sources.listing import kept_listing
from tasks import documents
from tasks.tokenizer.sample import of_texts
from tasks.tokenizer.train import train

OURS = "smelt, S3 to S3"
LANGS = ("en", "zh", "code")
VOCABULARY = 16384


def recipe_of() -> Recipe:
    """A recipe over the texts, that keeps them all and trains a tokenizer on them."""
    return parse_recipe(
        {
            "name": "bench",
            "sources": [
                {"name": lang, "kind": "files", "paths": [f"s3://smelt/raw/{lang}.parquet"], "lang": lang}
                for lang in LANGS
            ],
            "dedup": {"minhash": None},
            "tokenizer": {"train": {"vocab_size": VOCABULARY}},
            "tokens": {"validation_share": 0.0},
            "model": {"preset": "tiny"},
            "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
        },
        where="bench",
    )


def ours(settings: Settings, megabytes: float) -> tuple[Lake, dict[str, Manifest], float]:
    """The lake, its artifacts by stage, and seconds of ``tokens``."""
    raw = Lake(settings, url="s3://smelt/raw")
    for lang in LANGS:
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"text": texts(lang, megabytes / len(LANGS))}), sink)
        raw.put(f"{lang}.parquet", sink.getvalue().to_pybytes())
    lake, recipe = Lake(settings, url="s3://smelt/lake"), recipe_of()
    files = kept_listing(recipe.file_sources, lake)
    made: dict[str, Manifest] = {}
    for planned in make_plan(recipe, lake, listing_digest=files.digest).stages:
        context = make_context(recipe, planned, lake)
        made[planned.stage], took = best_of(1, partial(make_artifact, planned, context, serially))
        if planned.stage == "tokens":
            return lake, made, took
    raise AssertionError("a plan has tokens")


def encoded(lake: Lake, made: dict[str, Manifest]) -> Iterator[tuple[pa.ChunkedArray, np.ndarray]]:
    """By part: the texts that were encoded, and their tokens as our stage has written them, without documents' ends."""
    dtype = np.uint16
    for part in made["tokens"].parts:
        table = documents.read(lake, made, part.name, ["text", documents.KEPT])
        content = np.frombuffer(held.read(lake, made["tokens"], part, ".bin"), dtype)
        yield table.filter(table[documents.KEPT])["text"], content[content != 0]


class Peer:
    """One who makes ids of texts.

    Attributes:
        ratio: under which our speed over its own is told.
        encode: what is timed: from a part's texts to whatever it makes of them.
        ids: the tokens in that, end to end; None where they can't be had of it.
    """

    def __init__(self, ratio: str, encode: Callable[[Any], Any], ids: Callable[[Any], np.ndarray] | None) -> None:
        self.ratio, self.encode, self.ids = ratio, encode, ids


def peers(content: bytes, folder: Path) -> dict[str, Peer]:
    """By name; none has met a text yet."""
    described = json.loads(content)
    described["added_tokens"] = [token for token in described["added_tokens"] if not token["special"]]
    plain = json.dumps(described)
    (folder / "tokenizer.json").write_text(plain)
    fast, hugging_face = gigatoken.Tokenizer.from_json(plain), Tokenizer.from_str(plain)
    return {
        "gigatoken, from memory": Peer(
            "gigatoken",
            lambda column: fast.encode_batch(
                ak.from_arrow(column.combine_chunks().cast(pa.large_string())), parallel=False
            ),
            lambda found: ak.to_numpy(ak.flatten(found)),
        ),
        "tokenizers' encode_batch": Peer(
            "hf_encode",
            lambda column: hugging_face.encode_batch(column.to_pylist(), add_special_tokens=False),
            lambda found: np.concatenate([encoding.ids for encoding in found]),
        ),
        "Megatron's preprocess_data": Peer("megatron_preprocess", _megatron(plain, folder), _of_megatron),
        "datatrove's DocumentTokenizer": Peer("datatrove_document_tokenizer", _datatrove(folder), None),
    }


def _megatron(plain: str, folder: Path) -> Callable[[Any], str]:
    """What ``tools/preprocess_data.py`` of Megatron-LM does of each line, with a document's end appended."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(plain))

    def encode(column: pa.ChunkedArray) -> str:
        prefix = str(folder / "megatron")
        builder = IndexedDatasetBuilder(f"{prefix}.bin", dtype=np.uint16)
        for line in [json.dumps({"text": text}) for text in column.to_pylist()]:
            ids = tokenizer.encode(json.loads(line)["text"], add_special_tokens=False)
            builder.add_document([*ids, 0], [len(ids) + 1])
        builder.finalize(f"{prefix}.idx")
        return prefix

    return encode


def _of_megatron(prefix: str) -> np.ndarray:
    found = IndexedDataset(prefix)
    return np.concatenate([found[number][:-1] for number in range(len(found))])


def _datatrove(folder: Path) -> Callable[[Any], None]:
    step = DocumentTokenizer(
        f"{folder}/theirs", tokenizer_name_or_path=str(folder / "tokenizer.json"), shuffle_documents=False
    )

    def encode(column: pa.ChunkedArray) -> None:
        documents = (Document(text=text, id=str(place)) for place, text in enumerate(column.to_pylist()))
        step.run(documents, 0, 1)

    return encode


def training(column: list[str], size: float) -> dict[str, float]:
    """MB/s of training on the texts, ours and Hugging Face's; without rules both learn the same."""
    config = TokenizerConfig(train=TrainTokenizer(vocab_size=VOCABULARY, dirty=DirtyTokens(rules=())))
    sample = of_texts(column)
    made, own = best_of(1, lambda: train(sample, config))
    given = len(config.special_tokens) + len(config.whole_tokens())
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = Tokenizer.from_str(made.tokenizer_json.decode()).pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - given,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=2,
        show_progress=False,
    )
    _, other = best_of(1, lambda: theirs.train_from_iterator(column, trainer))
    return {"smelt": size / own, "tokenizers": size / other}


def measure(megabytes: float) -> dict[str, Any]:
    """MB/s of each, and ratios."""
    os.environ |= {"TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"}
    logger.remove()
    with own_store() as settings, tempfile.TemporaryDirectory() as folder:
        lake, made, took = ours(settings, megabytes)
        parts = list(encoded(lake, made))
        size = sum(column.nbytes for column, _ in parts) / 1e6
        rates, ratios = {OURS: size / took}, {}
        content = held.read(lake, made["tokenizer"], "tokenizer", "/tokenizer.json")
        for name, peer in peers(content, Path(folder)).items():
            seconds = 0.0
            for column, ids in parts:
                found, once = best_of(1, partial(peer.encode, column))
                seconds += once
                assert peer.ids is None or np.array_equal(peer.ids(found), ids), f"{name} gives other ids"
            rates[name] = size / seconds
            ratios[peer.ratio] = rates[OURS] / rates[name]
        trained = training([text for column, _ in parts for text in column.to_pylist()], size)
    return {
        "figures": {"megabytes": size, "mb_s": rates, "training_mb_s": trained},
        "ratios": {**ratios, "hf_train": trained["smelt"] / trained["tokenizers"]},
    }


def table(figures: dict[str, Any]) -> list[str]:
    """MB/s of each."""
    rates = figures["mb_s"] | {f"training: {name}": rate for name, rate in figures["training_mb_s"].items()}
    return [f"{name:30} {rate:9.2f} MB/s" for name, rate in rates.items()]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=24.0)
