"""Blocks: the mixture that was asked for, nothing repeated before its time, and a stream without seams."""

import io
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from megatron.core.datasets.indexed_dataset import IndexedDataset

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.blocks import block_sizes
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from tasks.blocks import STAGE, scatter
from tasks.blocks.large import ends, rounds, uses
from tasks.indexed import index_bytes
from tests.tasks import refinery

DTYPE = np.dtype("<u2")
ENGLISH, CHINESE, CODE = ("en", "web"), ("zh", "tales"), ("code", "code")


@pytest.fixture
def tokens(lake):
    """A tokens artifact of 3 parts; each document's tokens are its own number, so that a stream can be read."""
    draw = np.random.default_rng(0)
    labels = [ENGLISH] * 60 + [CHINESE] * 60 + [CODE] * 20
    draw.shuffle(labels)
    sizes = draw.integers(20, 200, len(labels))
    documents = [
        {"id": refinery.identify(str(n)), "number": n, "lang": lang, "domain": domain, "tokens": int(size)}
        for n, ((lang, domain), size) in enumerate(zip(labels, sizes, strict=True))
    ]
    return refinery.tokenized(lake, [documents[:50], documents[50:100], documents[100:]], DTYPE), documents


def phase(tokens, name="main", **fields):
    return BlockPhase(name=name, tokens=tokens, sequence_length=16, global_batch_size=4, **fields)


def made(lake, tokens, *phases, backwards=False, **fields):
    config = BlocksConfig(phases=phases, block_tokens=fields.pop("block_tokens", 1000), **fields)
    return refinery.run(STAGE, refinery.context(lake, "blocks", config, {"tokens": tokens}), backwards=backwards)


def read(lake, manifest, part):
    content = np.frombuffer(lake.get(manifest.key(part, ".bin")), DTYPE)
    return content, pq.read_table(io.BytesIO(lake.get(manifest.key(part, ".segments.parquet")))).to_pylist()


def stream(lake, manifest, phase_index=0):
    parts = [part.name for part in manifest.parts if part.name.startswith(f"{phase_index}-")]
    blocks = [read(lake, manifest, part)[0] for part in parts]
    return np.concatenate([*(block[:-1] for block in blocks), blocks[-1][-1:]])


def runs(numbers):
    """Lengths of stretches of equal numbers, with the number."""
    edges = np.flatnonzero(np.diff(numbers)) + 1
    return [(int(piece[0]), len(piece)) for piece in np.split(numbers, edges)]


def test_blocks_follow_each_other_without_a_seam(lake, tokens):
    manifest = made(lake, tokens[0], phase(5000))
    contents = [read(lake, manifest, part.name)[0] for part in manifest.parts]
    assert [len(content) for content in contents] == [961] * 5 + [193]  # 15 steps of 64, and one token more
    for one, other in pairwise(contents):
        assert one[-1] == other[0]
    sizes = {item["number"]: item["tokens"] for item in tokens[1]}
    *whole, (last, length) = runs(stream(lake, manifest))
    assert all(sizes[number] == size for number, size in whole)
    assert length <= sizes[last]
    assert manifest.stats["tokens"] == 4992 == sum(manifest.stats["tokens_by_domain"].values())
    assert manifest.stats["tokens_by_phase"] == {"main": 4992}


@pytest.mark.parametrize(("lengths", "first"), [((5000,), 0), ((3000, 100, 960 * 2), 1), ((70,) * 10 + (2000,), 9)])
def test_what_blocks_there_will_be_is_known_from_the_recipe(lake, tokens, lengths, first):
    phases = [phase(length, str(number)) for number, length in enumerate(lengths)]
    manifest = made(lake, tokens[0], *phases, first_phase=first)
    expected = block_sizes(BlocksConfig.model_validate(manifest.config))
    assert list(expected.items()) == [(part.name, part.stats["tokens"]) for part in manifest.parts]


def test_segments_tell_whose_tokens_lie_where(lake, tokens):
    manifest = made(lake, tokens[0], phase(5000))
    by_id = {item["id"]: item for item in tokens[1]}
    for part in manifest.parts:
        content, segments = read(lake, manifest, part.name)
        assert segments[0]["start"] == 0
        ends = [segment["start"] for segment in segments[1:]] + [len(content)]
        for segment, end in zip(segments, ends, strict=True):
            document = by_id[segment["id"]]
            assert set(content[segment["start"] : end].tolist()) == {document["number"]}
            assert (
                segment["label"]
                == f"{document['lang']}/{document['domain']}"
                == f"{segment['lang']}/{segment['domain']}"
            )


def test_megatron_reads_a_block(lake, tokens, tmp_path):
    manifest = made(lake, tokens[0], phase(2000))
    part = manifest.parts[0]
    for suffix in (".bin", ".idx"):
        lake.download(manifest.key(part, suffix), tmp_path / f"block{suffix}")
    content, segments = read(lake, manifest, part.name)
    dataset = IndexedDataset(str(tmp_path / "block"))
    assert len(dataset) == len(segments) == part.rows
    np.testing.assert_array_equal(np.concatenate(list(dataset)), content)


def test_every_block_has_the_mixture(lake, tokens):
    weights = {"zh": 2, "en/web": 2, "code": 1}
    manifest = made(lake, tokens[0], phase(6000, weights=weights), block_tokens=3000)
    for part in manifest.parts[:2]:
        got = part.stats["tokens_by_domain"]
        total = sum(got.values())
        assert got["zh/tales"] / total == pytest.approx(0.4, abs=0.06)
        assert got["code/code"] / total == pytest.approx(0.2, abs=0.06)
    figures = manifest.stats["mixture"]["main"]
    assert figures["asked"] == {"zh": 0.4, "en/web": 0.4, "code": 0.2}
    assert sum(figures["got"].values()) == 5953
    assert 0 < figures["epochs"]["code"] < 1


def test_nothing_comes_again_before_its_group_is_read_and_phases_go_on_where_the_last_stopped(lake, tokens):
    documents = tokens[1]
    available = sum(item["tokens"] for item in documents if item["lang"] == "zh")
    first = available * 6 // 10
    manifest = made(lake, tokens[0], phase(first, weights={"zh": 1}), phase(first, "second", weights={"zh": 1}))
    seen = [[number for number, _ in runs(stream(lake, manifest, place))] for place in (0, 1)]
    assert len(set(seen[0])) == len(seen[0])
    fresh = {item["number"] for item in documents if item["lang"] == "zh"} - set(seen[0])
    assert set(seen[1][: len(fresh)]) == fresh
    assert 0 < len(set(seen[1][len(fresh) :])) == len(seen[1]) - len(fresh)


def test_a_group_that_runs_short_gives_what_it_has(lake, tokens):
    available = sum(item["tokens"] for item in tokens[1] if item["lang"] == "code")
    manifest = made(lake, tokens[0], phase(8000, weights={"code": 9, "en": 1}), max_epochs=2)
    figures = manifest.stats["mixture"]["main"]
    assert figures["asked"] == {"code": 0.9, "en": 0.1}
    assert figures["got"]["code"] == pytest.approx(2 * available, abs=100)
    assert figures["epochs"]["code"] == pytest.approx(2, abs=0.1)
    assert sum(figures["got"].values()) == 8000 // 64 * 64 + 1


def test_a_fraction_of_an_epoch_is_a_share_of_the_documents(lake, tokens):
    available = sum(item["tokens"] for item in tokens[1] if item["lang"] == "zh")
    manifest = made(lake, tokens[0], phase(available + available // 4, weights={"zh": 1}), max_epochs=1.5)
    counts = {}
    for number, _ in runs(stream(lake, manifest)):
        counts[number] = counts.get(number, 0) + 1
    assert set(counts.values()) == {1, 2}


def test_more_tokens_than_there_are_is_one_line(lake, tokens):
    with pytest.raises(
        StageError, match=r"^phases.main: 1,000,001 tokens asked, [\d,]+ left at 2 epochs \(ask for fewer"
    ):
        made(lake, tokens[0], phase(1_000_000, weights={"zh": 1}), max_epochs=2)


def test_the_same_recipe_gives_the_same_blocks_in_whatever_order_they_are_made(lake, tokens):
    phases = (phase(3000), phase(2000, "second", weights={"zh": 1}))
    one, two = made(lake, tokens[0], *phases), made(lake, tokens[0], *phases, backwards=True)
    assert one.digest == two.digest
    assert made(lake, tokens[0], *phases, seed=5).digest != one.digest


def test_the_blocks_of_a_phase_alone_are_those_made_with_all_phases(lake, tokens):
    phases = (phase(3000, weights={"zh": 1}), phase(3000, "second", weights={"zh": 1}), phase(1000, "third"))
    everything = made(lake, tokens[0], *phases)
    alone = [made(lake, tokens[0], *phases[: place + 1], first_phase=place) for place in range(3)]
    digests = {part.name: part.digest for manifest in alone for part in manifest.parts}
    assert digests == {part.name: part.digest for part in everything.parts}
    assert [list(manifest.stats["mixture"]) for manifest in alone] == [["main"], ["second"], ["third"]]


def test_source_order_keeps_the_order_of_the_sources(lake, tokens):
    manifest = made(lake, tokens[0], phase(3000, weights={"en": 1}, order="source"))
    seen = [number for number, _ in runs(stream(lake, manifest))]
    assert seen == sorted(seen)


def test_without_weights_each_language_comes_by_its_tokens(lake, tokens):
    figures = made(lake, tokens[0], phase(3000)).stats["mixture"]["main"]
    sizes = {}
    for item in tokens[1]:
        sizes[item["lang"]] = sizes.get(item["lang"], 0) + item["tokens"]
    total = sum(sizes.values())
    assert figures["asked"] == pytest.approx({lang: size / total for lang, size in sizes.items()})


def test_a_document_longer_than_a_block_runs_through_several(lake):
    document = {"id": refinery.identify("long"), "number": 7, "lang": "en", "domain": "web", "tokens": 5000}
    manifest = made(lake, refinery.tokenized(lake, [[document]], DTYPE), phase(4000))
    assert [read(lake, manifest, part.name)[1][0]["id"] for part in manifest.parts] == [document["id"]] * 5
    assert index_bytes(np.array([961]), DTYPE) == lake.get(manifest.key("0-00000", ".idx"))


def test_groups_and_orders_go_by_columns_of_the_stages_before(lake, tokens):
    """The parts of clean and score also hold documents that were dropped; theirs are found by id."""
    manifest, documents = tokens
    parts = [[], [], []]
    for place, item in enumerate(documents):
        score = (item["number"] * 37 % 101) / 101
        row = {"id": item["id"], "text": "x" * item["tokens"], "lang": item["lang"], "domain": item["domain"]}
        parts[min(2, place // 50)] += [
            {"id": refinery.identify(f"dropped {place}"), "text": "y", "score_quality": 0.99},
            {**row, "score_quality": score},
        ]
    inputs = {"tokens": manifest, **refinery.scored(lake, parts)}
    weights = {"zh-good": 2, "zh": 1}
    ordered = phase(3000, weights=weights, order={"by": "quality", "first": "high"})
    config = BlocksConfig(
        phases=(ordered,),
        block_tokens=1000,
        groups={"zh-good": "lang = 'zh' and score_quality > 0.6"},
        reuse={"quality": {"column": "num_bytes", "curve": [[0, 0], [0.2, 0], [0.2, 1], [1, 1]]}},
    )
    blocks = refinery.run(STAGE, refinery.context(lake, "blocks", config, inputs))
    segments = [row for part in blocks.parts for row in read(lake, blocks, part.name)[1]]
    by_id = {item["id"]: item["number"] * 37 % 101 / 101 for item in documents}
    for group in weights:
        scores = [by_id[row["id"]] for row in segments if row["group"] == group]
        assert scores and all((score > 0.6) == (group == "zh-good") for score in scores)
        assert scores == sorted(scores, reverse=True)
    assert blocks.stats["tokens_by_group"]["zh"] == pytest.approx(1000, abs=200)
    shortest = sorted(item["tokens"] for item in documents if item["lang"] == "zh")[:5]
    lengths = {item["id"]: item["tokens"] for item in documents}
    assert not {lengths[row["id"]] for row in segments} & set(shortest)


def test_a_phase_can_be_made_longer(lake, tokens):
    weights = {"zh": 2, "en/web": 2, "code": 1}
    short, long = (made(lake, tokens[0], phase(length, weights=weights)) for length in (3900, 6000))
    first = {part.name: part.digest for part in long.parts[:4]}
    assert first == {part.name: part.digest for part in short.parts[:4]}


def test_segments_tell_which_use_of_a_document_and_which_stretch_they_are(lake, tokens):
    manifest = made(lake, tokens[0], phase(9000, weights={"code": 1}), max_epochs=6)
    segments = [row for part in manifest.parts for row in read(lake, manifest, part.name)[1]]
    seen = set()
    for row in segments:
        if row["offset"] == 0:
            assert (row["id"], row["use"]) not in seen, "each use begins once"
            seen.add((row["id"], row["use"]))
    uses = manifest.stats["mixture"]["main"]
    sizes = {item["id"]: item["tokens"] for item in tokens[1] if item["lang"] == "code"}
    assert uses["unique"]["code"] == sum(sizes.values()) < uses["effective"]["code"] < uses["got"]["code"]


def test_the_blocks_of_many_documents_are_those_of_few(lake, tokens, monkeypatch):
    """Whether the order is made at once or of parts and ranges, in whatever order these are made."""
    weights = {"zh": 2, "en/web": 2, "code": 1}
    phases = (phase(5000, weights=weights), phase(4000, "second"), phase(3000, "third", weights={"zh": 1}))
    monkeypatch.setattr(rounds, "LARGE", 1000)
    monkeypatch.setattr(ends, "RANGE", 10)
    one = [made(lake, tokens[0], *phases, first_phase=first) for first in (0, 2)]
    monkeypatch.setattr(rounds, "LARGE", 100)
    many = [made(lake, tokens[0], *phases, first_phase=first, backwards=bool(first)) for first in (0, 2)]
    monkeypatch.setattr(ends, "RANGE", 1000)
    monkeypatch.setattr(uses, "BITS", 2)
    many += [made(lake, tokens[0], *phases, first_phase=first, backwards=not first) for first in (0, 2)]
    for manifest, other in zip(one * 2, many, strict=True):
        assert manifest.digest == other.digest
        assert manifest.stats == other.stats


@pytest.mark.parametrize("count", [1, 30])
def test_a_token_file_is_read_once_however_many_blocks_there_are(lake, monkeypatch, count):
    """Blocks are the same, whether they are gathered from token files or these are scattered; and where they are, not
    more than three bytes are read for one of a block."""
    draw = np.random.default_rng(1)
    parts = [
        [
            {"id": refinery.identify(f"{part}/{n}"), "number": n % 256, "lang": lang, "domain": "web", "tokens": size}
            for n, (lang, size) in enumerate(zip(["en", "zh", "code"] * 200, draw.integers(1, 900, 600), strict=False))
        ]
        for part in range(2)
    ]
    tokens = refinery.tokenized(lake, parts, DTYPE)
    asked = phase(400_000, weights={"en": 3, "zh": 1})
    blocks = {"block_tokens": 400_000 // count}
    read = []
    range_of = Lake.get_range

    def counted(self, key, start, length):
        read.append(length * key.endswith(".bin"))
        return range_of(self, key, start, length)

    monkeypatch.setattr(Lake, "get_range", counted)
    gathered = made(lake, tokens, asked, **blocks)
    assert (sum(read) > 20 * 400_000 * DTYPE.itemsize) == (count == 30)
    monkeypatch.setattr(scatter, "small", lambda context: False)
    read.clear()
    scattered = made(lake, tokens, asked, backwards=True, **blocks)
    assert sum(read) <= 3 * 400_000 * DTYPE.itemsize
    assert scattered.digest == gathered.digest
