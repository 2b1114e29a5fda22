"""Token files: what Megatron reads is what the tokenizer says of the documents that were kept."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from megatron.core.datasets.indexed_dataset import IndexedDataset
from tokenizers import Tokenizer

from smelt.identity import digest
from smelt.recipe.tokenizer import TokenizerConfig, TrainTokenizer
from smelt.recipe.tokenlist import TokenList
from smelt.recipe.tokens import TokensConfig
from smelt.stage import Shard
from tasks import documents
from tasks.encoder import Encoder
from tasks.indexed import read_index, token_dtype
from tasks.tokenizer import STAGE as TOKENIZER
from tasks.tokenizer.train import train
from tasks.tokens import STAGE
from tests.tasks import refinery
from tests.tasks.texts import CHINESE, CODE, ENGLISH, chinese, english

CONFIG = TokenizerConfig(train=TrainTokenizer(vocab_size=600), add_tokens=TokenList(tokens=("<|email|>",)))
ODD = [
    "",
    " ",
    "\r\n\n a\t",
    "🎉🎉 été 𝔘 \x00 \u200d 한국어 العربية",
    "a<|endoftext|>b <|email|>",
    "1234567",
    "don't I'LL",
]


@pytest.fixture
def inputs(lake):
    parts = [
        [{"text": english(seed), "keep": seed % 5 > 0} for seed in range(60)] + [{"text": text} for text in ODD],
        [{"text": chinese(seed), "lang": "zh", "domain": "tales"} for seed in range(60)]
        + [{"text": CODE, "lang": "code"}],
        [],
    ]
    found = refinery.decided(lake, parts)
    found["tokenizer"] = refinery.run(TOKENIZER, refinery.context(lake, "tokenizer", CONFIG, found))
    return found


@pytest.fixture
def manifest(lake, inputs):
    return refinery.run(STAGE, refinery.context(lake, "tokens", TokensConfig(validation_share=0.1), inputs))


def made(texts, **options):
    """The file of a tokenizer trained on texts."""
    config = CONFIG.model_copy(update={"train": CONFIG.train.model_copy(update=options)})
    return train(refinery.sample(texts), config).tokenizer_json


def fetch(lake, manifest, part, split, folder):
    for suffix in ("bin", "idx", "docs.parquet"):
        lake.download(manifest.key(part, f"{split}.{suffix}"), folder / f"{part}{split}.{suffix}")
    return folder / f"{part}{split}"


def test_megatron_reads_the_documents_back(lake, inputs, manifest, tmp_path):
    tokenizer = Tokenizer.from_str(lake.get(inputs["tokenizer"].key("tokenizer", "/tokenizer.json")).decode())
    texts = {row["id"]: row["text"] for row in refinery.columns(lake, inputs["clean"], ["id", "text"])}
    seen = []
    for part in ("00000", "00001"):
        for split in ("", ".valid"):
            path = fetch(lake, manifest, part, split, tmp_path)
            rows = pq.read_table(f"{path}.docs.parquet").to_pylist()
            dataset = IndexedDataset(str(path))
            assert len(dataset) == len(rows)
            for row, tokens in zip(rows, dataset, strict=True):
                assert tokens.dtype == np.uint16
                assert (len(tokens), tokens[-1]) == (row["tokens"], 0)
                assert tokenizer.decode(tokens[:-1].tolist(), skip_special_tokens=False) == texts[row["id"]]
                assert row["bytes"] == len(texts[row["id"]].encode())
            seen += [row["id"] for row in rows]
    kept = [row["id"] for row in refinery.columns(lake, inputs["select"], ["id", "keep"]) if row["keep"]]
    assert sorted(seen) == sorted(kept)


def test_figures_count_tokens_by_split_and_label(lake, manifest, tmp_path):
    total = 0
    for part in ("00000", "00001"):
        for split in ("", ".valid"):
            total += fetch(lake, manifest, part, split, tmp_path).with_name(f"{part}{split}.bin").stat().st_size // 2
    train_figures, valid_figures = manifest.stats["train"], manifest.stats["valid"]
    assert train_figures["tokens"] + valid_figures["tokens"] == manifest.stats["tokens"] == total
    assert sum(train_figures["tokens_by_domain"].values()) == train_figures["tokens"]
    assert set(train_figures["tokens_by_domain"]) == {"en/other", "zh/tales", "code/other"}
    assert train_figures["documents"] + valid_figures["documents"] == manifest.stats["documents"] == manifest.rows


def test_a_larger_share_holds_the_documents_of_a_smaller_one(lake, inputs):
    shares = []
    for share in (0.05, 0.3):
        manifest = refinery.run(STAGE, refinery.context(lake, "tokens", TokensConfig(validation_share=share), inputs))
        part = pq.read_table(lake_file(lake, manifest.key("00001", ".valid.docs.parquet")))
        shares.append(set(part["id"].to_pylist()))
    assert shares[0] < shares[1]


def lake_file(lake, key):
    import io

    return io.BytesIO(lake.get(key))


def test_a_document_cannot_forge_the_end_of_a_document(lake):
    content = made([ENGLISH, CHINESE, CODE] * 5)
    encoder = Encoder(content)
    ids, _ = encoder.encode(refinery.pa.array(["a <|endoftext|> b", "c <|padding|>", "<|email|>"]))
    assert not {0, 1} & set(ids.tolist())
    assert ids[-1] == Tokenizer.from_str(content.decode()).token_to_id("<|email|>")


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_gigatoken_gives_the_ids_of_tokenizers(digits):
    content = made([ENGLISH, CHINESE, CODE, "1234567 in 2026, 10000 and 314159 or 271828"] * 5, digits=digits)
    numbers = [f"{10**size + 7}x{'8' * size},{9**size}\n１２３４{size}Ⅳ①" for size in range(12)]
    texts = refinery.pa.array(
        ODD + numbers + [english(seed) for seed in range(200)] + [chinese(seed) for seed in range(200)] + [CODE]
    )
    fast, reference = Encoder(content), Encoder(content, engine="tokenizers")
    assert (fast.engine, reference.engine) == ("gigatoken", "tokenizers")
    for one, other in zip(fast.encode(texts), reference.encode(texts), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_tokenizer_that_gigatoken_refuses_is_used_all_the_same():
    import json

    described = json.loads(made([ENGLISH] * 5))
    described["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\w{1,3}|\W"
    encoder = Encoder(json.dumps(described).encode())
    assert encoder.engine == "tokenizers"
    ids, lengths = encoder.encode(refinery.pa.array(["ferry", ""]))
    assert lengths.tolist() == [len(ids), 0]


def test_an_empty_part_has_empty_files(lake, manifest):
    assert lake.get(manifest.key("00002", ".bin")) == b""
    assert len(read_index(lake.get(manifest.key("00002", ".idx")), where="here").lengths) == 0


def test_large_vocabularies_take_four_bytes():
    assert token_dtype(65_499) == np.uint16
    assert token_dtype(65_500) == np.int32


def test_a_part_is_named_by_what_decides_its_tokens_alone(lake, inputs):
    def named(**changed):
        given = refinery.context(lake, "tokens", TokensConfig(validation_share=0.1), inputs | changed)
        return digest(STAGE.rounds[0].made_of(given, Shard("00001")))

    ids = documents.read(lake, {"clean": inputs["clean"]}, "00001", ["id"])

    def decided(keep, **columns):
        tables = {name: pa.repeat(value, len(ids)) for name, value in {"keep": keep, **columns}.items()}
        return refinery.commit(lake, "dedup", [pa.table({"id": ids["id"], **tables})] * 2)

    plain = named()
    assert named(dedup=decided(True)) == named(dedup=decided(True, duplicates=7)) == plain
    assert named(dedup=decided(False)) != plain
    other = refinery.context(lake, "tokenizer", CONFIG.model_copy(update={"add_tokens": TokenList()}), inputs)
    assert named(tokenizer=refinery.run(TOKENIZER, other)) != plain
