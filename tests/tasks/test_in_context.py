"""Documents beside their neighbours: paths, pools and contexts, and the blocks that come of them."""

import io
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from smelt.recipe.mixture import BlockPhase, BlocksConfig
from tasks.blocks import STAGE
from tasks.blocks.context import path as paths
from tasks.blocks.context import pools
from tasks.blocks.context.vectors import DIMENSIONS, LENGTH, frequencies, vectors
from tasks.blocks.mixing import Stream
from tests.tasks import refinery

DTYPE = np.dtype("<u2")
CLUSTERS, LENGTH_OF_CONTEXT = 12, 64


def planted(count, clusters, seed=0):
    """Tokens of documents that take turns in being about ``clusters`` things, and where each ends."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(20, 60, count)
    about = np.arange(count) % clusters
    texts = [
        np.where(draw.random(size) < 0.5, draw.integers(0, 40, size), 40 + 30 * of + draw.integers(0, 30, size))
        for of, size in zip(about, sizes, strict=True)
    ]
    return np.concatenate(texts).astype(DTYPE), np.cumsum(sizes), about


@given(st.integers(0, 70), st.integers(6, 20), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_a_path_meets_every_document_once_whatever_the_cells(count, cell, seed):
    drawn = np.random.default_rng(seed).integers(-3, 4, (count, 8)).astype(np.int8)  # many are equal
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "CELL", cell)
        assert sorted(paths.path(drawn).tolist()) == list(range(count))


@pytest.mark.parametrize("cell", [8192, 64])
def test_neighbours_on_a_path_are_about_the_same(cell, monkeypatch):
    monkeypatch.setattr(paths, "CELL", cell)
    tokens, ends, about = planted(600, CLUSTERS)
    made = vectors(tokens, ends, frequencies(tokens, ends), len(ends))
    assert made.shape == (600, DIMENSIONS) and np.abs(np.linalg.norm(made.astype(float), axis=1) - LENGTH).max() < 3
    order = paths.path(made)
    with threadpool_limits(1):
        np.testing.assert_array_equal(order, paths.path(made))
    same = about[order][1:] == about[order][:-1]
    assert same.mean() > (0.97 if cell > 600 else 0.8)
    assert paths.similarity(made[order]) > 5 * paths.similarity(made)
    exact = made.astype(np.int64)
    assert paths.similarity(made) == sum(int(one @ other) for one, other in pairwise(exact))


def test_no_pool_has_a_document_twice(monkeypatch):
    monkeypatch.setattr(pools, "POOL", 10)
    documents = np.random.default_rng(1).integers(0, 25, 200)
    stream = drawn_stream(documents, np.ones(200, np.int64))
    pool, count = pools.pools(stream)
    assert set(pool.tolist()) == set(range(count))
    for number in range(count):
        assert max(Counter(documents[pool == number]).values()) == 1
    shorter, _ = pools.pools(drawn_stream(documents[:150], np.ones(150, np.int64)))
    np.testing.assert_array_equal(pool[:150][stream.groups[:150] == 0], shorter[stream.groups[:150] == 0])


def drawn_stream(documents, tokens):
    groups = np.arange(len(documents)) % 2
    share = {"a": 0.5, "b": 0.5}
    return Stream(documents, np.ones(len(documents), np.int32), groups, tokens, share, share, {})


@given(st.lists(st.integers(1, 90), min_size=1, max_size=80), st.integers(1, 20), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_contexts_hold_every_token_of_the_stream_once(sizes, length, size_of_pool):
    sizes = np.array(sizes)
    stream = drawn_stream(np.arange(len(sizes)), sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pools, "POOL", size_of_pool)
        pool, count = pools.pools(stream)
    order = [np.flatnonzero(pool == number)[::-1] for number in range(count)]
    pieces = pools.arranged(stream, order, pool, length, 7)
    held = [
        (document, offset + token)
        for document, offset, tokens in zip(pieces.documents, pieces.offsets, pieces.tokens, strict=True)
        for token in range(tokens)
    ]
    assert sorted(held) == [(document, token) for document, size in enumerate(sizes) for token in range(size)]
    whole = sum(int(sizes[stream.groups == group].sum()) // length for group in (0, 1))
    groups = np.repeat(pieces.groups, pieces.tokens)[: whole * length].reshape(whole, length)
    assert (groups == groups[:, :1]).all(), "a context is of one group"
    assert (np.diff(groups[:, 0].cumsum() - np.arange(whole) / 2) <= 1).all()


@pytest.fixture(scope="module")
def corpus(s3_settings):
    """A lake with tokens of 360 documents in 3 parts, and what each document is about."""
    from smelt.lake import Lake

    lake = Lake(s3_settings, url="s3://smelt/in-context")
    tokens, ends, about = planted(360, CLUSTERS, seed=3)
    texts = np.split(tokens, ends[:-1])
    documents = [
        {
            "id": refinery.identify(str(n)),
            "number": text,
            "lang": "en" if of % 2 else "zh",
            "domain": "web",
            "tokens": len(text),
        }
        for n, (text, of) in enumerate(zip(texts, about, strict=True))
    ]
    made = refinery.tokenized(lake, [documents[:100], documents[100:230], documents[230:]], DTYPE)
    of = {item["id"]: int(number) for item, number in zip(documents, about, strict=True)}
    return lake, made, of, {item["id"]: item["number"] for item in documents}


def blocks_of(corpus, tokens, order="in_context", *, backwards=False, **fields):
    weights = {"en": 1, "zh": 1}
    phase = BlockPhase(
        name="main",
        tokens=tokens,
        sequence_length=LENGTH_OF_CONTEXT,
        global_batch_size=2,
        weights=weights,
        order=order,
    )
    config = BlocksConfig(phases=(phase,), block_tokens=512, **fields)
    return refinery.run(
        STAGE, refinery.context(corpus[0], "blocks", config, {"tokens": corpus[1]}), backwards=backwards
    )


def read(corpus, manifest):
    """Tokens of each block, and segments with their ends."""
    found = []
    for part in manifest.parts:
        content = np.frombuffer(corpus[0].get(manifest.key(part, ".bin")), DTYPE)
        rows = pq.read_table(io.BytesIO(corpus[0].get(manifest.key(part, ".segments.parquet")))).to_pylist()
        ends = [*(row["start"] for row in rows[1:]), len(content)]
        found.append((content, [{**row, "end": end} for row, end in zip(rows, ends, strict=True)]))
    return found


def mixed_contexts(corpus, manifest):
    """Of each context how many different things its documents are about."""
    found = []
    for content, rows in read(corpus, manifest):
        for first in range(0, len(content) - 1, LENGTH_OF_CONTEXT):
            own = [row for row in rows if row["start"] < first + LENGTH_OF_CONTEXT and row["end"] > first]
            found.append(len({corpus[2][row["id"]] for row in own}) / len(own))
    return float(np.mean(found))


def test_blocks_hold_the_documents_that_a_shuffle_has_beside_their_neighbours(corpus):
    together, shuffled = blocks_of(corpus, 9000), blocks_of(corpus, 9000, "shuffle")
    texts = corpus[3]
    for content, rows in read(corpus, together):
        for row in rows:
            own = content[row["start"] : row["end"]]
            np.testing.assert_array_equal(own, texts[row["id"]][row["offset"] : row["offset"] + len(own)])
    ids = [
        Counter((row["id"], row["use"]) for _, rows in read(corpus, one) for row in rows)
        for one in (together, shuffled)
    ]
    assert ids[0].keys() == ids[1].keys()
    assert together.stats["mixture"] == shuffled.stats["mixture"]
    assert mixed_contexts(corpus, together) < 0.6 < 0.9 < mixed_contexts(corpus, shuffled)
    figures = together.stats["neighbours"]["main"]
    assert figures["pairs"] == len(ids[0]) - 2
    assert figures["similarity"] > 5 * figures["shuffled"]
    for part in together.parts:
        sizes = part.stats["tokens_by_group"]
        assert abs(sizes["en"] - sizes["zh"]) <= LENGTH_OF_CONTEXT


def test_blocks_are_the_same_whoever_makes_them_and_stay_when_the_phase_is_made_longer(corpus, monkeypatch):
    monkeypatch.setattr(pools, "POOL", 50)
    monkeypatch.setattr(paths, "CELL", 16)
    one, other = blocks_of(corpus, 7000), blocks_of(corpus, 7000, backwards=True)
    longer = blocks_of(corpus, 10000)
    assert one.digest == other.digest != blocks_of(corpus, 7000, seed=3).digest
    same = [first.digest == second.digest for first, second in zip(one.parts, longer.parts, strict=False)]
    assert all(same[:7]), "both groups' first two pools have 4,000 tokens"


def test_a_document_that_comes_again_meets_itself_at_borders_of_pools_at_most(corpus):
    manifest, met = blocks_of(corpus, 30_000, max_epochs=4), 0
    for content, rows in read(corpus, manifest):
        for first in range(0, len(content) - LENGTH_OF_CONTEXT, LENGTH_OF_CONTEXT):
            own = [row for row in rows if row["start"] < first + LENGTH_OF_CONTEXT and row["end"] > first]
            met += max(Counter(row["id"] for row in own).values()) > 1
    assert max(row["use"] for _, rows in read(corpus, manifest) for row in rows) == 3
    assert met <= 2 * 3, "a pool of each group and pass"
