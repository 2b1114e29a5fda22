"""Documents laid whole into contexts: none cut needlessly, each use once, padding counted, shares kept."""

import io
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from smelt.recipe.mixture import BlockPhase, BlocksConfig, Groups
from tasks.blocks import STAGE, scatter
from tasks.blocks.packing import contexts, ends
from tasks.blocks.packing.cuts import Cuts
from tasks.blocks.packing.fit import fit
from tests.tasks import refinery
from tests.tasks.test_mixing import SIZES, catalog, mixed
from tests.training import artifacts
from training.blocks.data import Block


def by_hand(sizes, documents, length):
    """Rooms that best-fit-decreasing leaves, as it is defined."""
    rooms, held = [], []
    for at in np.lexsort((documents, -sizes)):
        size, document = int(sizes[at]), int(documents[at])
        fitting = [n for n, room in enumerate(rooms) if room >= size and document not in held[n]]
        if not fitting:
            fitting = [len(rooms)]
            rooms.append(length)
            held.append(set())
        best = min(fitting, key=lambda n: rooms[n])
        rooms[best] -= size
        held[best].add(document)
    return sorted(rooms)


@given(st.integers(1, 40), st.lists(st.tuples(st.integers(1, 40), st.integers(1, 3)), max_size=40))
@settings(max_examples=200, deadline=None)
def test_every_piece_lies_where_the_least_room_is_and_no_context_has_a_document_twice(length, drawn):
    sizes = np.repeat([min(size, length) for size, _ in drawn], [times for _, times in drawn]).astype(np.int64)
    documents = np.repeat(np.arange(len(drawn)), [times for _, times in drawn])
    numbers, count = fit(sizes, documents, length)
    rooms = length - np.bincount(numbers, sizes, minlength=count).astype(int)
    assert sorted(rooms.tolist()) == by_hand(sizes, documents, length)
    assert len(set(zip(numbers.tolist(), documents.tolist(), strict=True))) == len(sizes)


def packed(sizes, length, count, pool, *, seed=0, **weights):
    """A stream laid into contexts, its catalog, the cuts of what is longer than one, and the uses that are left."""
    documents = catalog(sizes)
    draw = np.random.default_rng(seed)
    cuts = [(number, int(at)) for number, size in enumerate(sizes) for at in _cut(draw, size, length)]
    known = Cuts(*(np.array(column, np.int64) for column in (zip(*cuts, strict=True) if cuts else ([], []))))
    enough = Groups(when_short="repeat")
    (stream,), _ = mixed(documents, [length * count + 1], enough, weights=weights or {"en": 1, "zh": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contexts, "POOL", pool)
        return documents, known, stream, contexts.laid(stream, documents.tokens, known, length, count)


def _cut(draw, size, length):
    at = 0
    while size - at > length:
        at += int(draw.integers(1, length + 1))
        yield at


CONTEXTS = (SIZES, st.integers(2, 50), st.integers(1, 60), st.integers(1, 40), st.integers(0, 9))


@given(*CONTEXTS)
@settings(max_examples=200, deadline=None)
def test_each_use_lies_there_once_and_none_that_fits_is_cut(sizes, length, count, pool, seed):
    _, cuts, before, stream = packed(sizes, length, count, pool, seed=seed)
    pieces = stream.pieces
    real = pieces.documents >= 0
    assert pieces.tokens.sum() == length * count + 1 and (pieces.tokens > 0).all()
    borders = set((np.cumsum(pieces.tokens)).tolist())
    assert borders >= {length * n for n in range(1, count)}, "nothing lies across two contexts"
    columns = (pieces.documents, pieces.uses, pieces.offsets, pieces.tokens)
    found = {}
    for document, use, offset, tokens in np.column_stack(columns)[real].tolist():
        found.setdefault((document, use), []).append((offset, offset + tokens))
    read = list(zip(stream.documents.tolist(), stream.uses.tolist(), strict=True))
    assert set(found) == set(read) and len(found) == len(read) > 0
    for place, key in enumerate(read):
        size, own = sizes[key[0]], sorted(found[key])
        known = [0, *cuts.tokens[cuts.documents == key[0]].tolist(), size]
        expected = list(pairwise(known))
        assert own == expected if place + 1 < len(stream.documents) else own == expected[: len(own)]
        assert size > length or len(own) == 1, "no document that fits a context is cut"
    np.testing.assert_array_equal(stream.documents, before.documents[: len(stream.documents)])
    assert sum(stream.got.values()) == stream.tokens.sum() == pieces.tokens[real].sum()


@given(*CONTEXTS)
@settings(max_examples=100, deadline=None)
def test_figures_are_what_is_counted_piece_by_piece(sizes, length, count, pool, seed):
    documents, _, _, stream = packed(sizes, length, count, pool, seed=seed)
    figures = contexts.figures(stream, documents.tokens, length)
    assert figures["documents"] == len(stream.documents) and figures["needless"] == 0
    assert figures["padding"] == length * count - stream.tokens.sum()
    long = [sizes[document] > length for document in stream.documents]
    assert figures["cut"] == sum(long)
    end, across, needless = 0, 0, 0
    for document, tokens in zip(stream.documents, stream.tokens, strict=True):
        over = end // length != (end + tokens - 1) // length
        across, needless, end = across + over, needless + (over and sizes[document] <= length), end + tokens
    assert figures["concatenate"] == {"cut": across, "needless": needless}


@given(SIZES, st.integers(20, 50), st.integers(2, 30), st.floats(0.1, 10))
@settings(max_examples=100, deadline=None)
def test_shares_hold_but_for_a_document_of_each_group(sizes, length, count, weight):
    _, _, _, stream = packed(sizes, length, count, 16, en=weight, zh=1)
    share = weight / (weight + 1)
    assert abs(stream.got["en"] - share * sum(stream.got.values())) <= 3 * max(sizes)


@given(SIZES, st.integers(10, 50), st.integers(1, 20), st.integers(0, 20), st.integers(4, 16))
@settings(max_examples=100, deadline=None)
def test_a_longer_phase_keeps_the_contexts_of_all_pools_but_the_last(sizes, length, count, more, pool):
    short, long = (packed(sizes, length, many, pool)[3] for many in (count, count + more))
    whole = (len(short.documents) // pool) * pool
    kept = set(zip(short.documents[:whole].tolist(), short.uses[:whole].tolist(), strict=True))
    one, other = (
        [row for row in zip(p.documents.tolist(), p.uses.tolist(), p.tokens.tolist(), strict=True) if row[:2] in kept]
        for p in (short.pieces, long.pieces)
    )
    if len(short.documents) > whole:  # the last pool is full where no document lies behind it
        assert one == other


def tokenizer():
    """Bytes, and tokens of several line ends and of white space before and behind them."""
    alphabet = {char: number for number, char in enumerate(sorted(ByteLevel.alphabet()))}
    built = Tokenizer(BPE(vocab=alphabet, merges=[]))
    built.pre_tokenizer, built.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    built.add_tokens(["\n\n", ".\n", ".\n\n", "\n  ", " \n"])
    return built


@pytest.mark.parametrize(
    ("text", "length", "pieces"),
    [
        ("one.\n\ntwo.\n\nthree", 10, ["one.\n\ntwo.\n\n", "three"]),
        ("one\n\ntwo\nthree", 9, ["one\n\n", "two\nthree"]),
        ("one\ntwo\nthree", 9, ["one\ntwo\n", "three"]),
        ("one two three", 9, ["one two t", "hree"]),
        ("one\n  \ntwo three", 9, ["one\n  \n", "two three"]),
        ("one\n  two three", 9, ["one\n  two t", "hree"]),
        ("a\n\nbcdefghij\n\nk", 5, ["a\n\n", "bcdef", "ghij\n\n", "k"]),
        ("one two\n\nand three", 8, ["one two\n\n", "and thre", "e"]),
        ("abcdefgh\n\nijklmnopq", 9, ["abcdefgh\n\n", "ijklmnopq"]),
        ("abcde", 5, ["abcde"]),
    ],
)
def test_a_long_document_is_cut_behind_its_last_paragraph_or_line_that_ends(text, length, pieces):
    built = tokenizer()
    ids = built.encode(text).ids
    cuts = ends.cuts(np.array(ids, np.uint16), length, ends.kinds(built))
    found = [built.decode(part.tolist()) for part in np.split(np.array(ids), cuts)]
    assert found == pieces
    assert (np.diff([0, *cuts, len(ids)]) <= length).all()


DTYPE, LENGTH, PADDING = np.dtype("<u2"), 64, 257
LINE_END = 1 + sorted(ByteLevel.alphabet()).index("\u010a")


@pytest.fixture(scope="module")
def corpus(s3_settings):
    """A lake with tokens of 300 documents in 3 parts, of which some are long and have paragraphs, and their tokens."""
    from smelt.lake import Lake

    lake, draw = Lake(s3_settings, url="s3://smelt/packing"), np.random.default_rng(5)
    documents = []
    for number, size in enumerate(np.minimum(draw.lognormal(3, 1, 300), 700).astype(int) + 2):
        ids = draw.integers(1, 180, size)
        ids[ids == LINE_END] += 1
        for at in draw.integers(0, size - 1, size // 40):
            ids[at : at + 2] = LINE_END
        ids[-1] = 0
        label = {"lang": "en" if number % 3 else "zh", "domain": "web"}
        documents.append({"id": refinery.identify(str(number)), "number": ids, "tokens": int(size), **label})
    made = refinery.tokenized(lake, [documents[:100], documents[100:230], documents[230:]], DTYPE)
    made = made.model_copy(update={"inputs": {"tokenizer": artifacts.tokenizer(lake).fingerprint}})
    return lake, made, {item["id"]: item["number"] for item in documents}


def phase(tokens, name="main", **fields):
    fields = {"packing": "best_fit", "weights": {"en": 1, "zh": 1}, **fields}
    return BlockPhase(name=name, tokens=tokens, sequence_length=LENGTH, global_batch_size=2, **fields)


def blocks_of(corpus, *phases, backwards=False, **fields):
    config = BlocksConfig(phases=phases, block_tokens=1024, **fields)
    given = refinery.context(corpus[0], "blocks", config, {"tokens": corpus[1]})
    return refinery.run(STAGE, given, backwards=backwards)


def read(corpus, manifest):
    """Tokens of each block, and segments with their ends."""
    found = []
    for part in manifest.parts:
        content = np.frombuffer(corpus[0].get(manifest.key(part, ".bin")), DTYPE)
        rows = pq.read_table(io.BytesIO(corpus[0].get(manifest.key(part, ".segments.parquet")))).to_pylist()
        ends_of = [*(row["start"] for row in rows[1:]), len(content)]
        found.append((part, content, [{**row, "end": end} for row, end in zip(rows, ends_of, strict=True)]))
    return found


def test_blocks_hold_whole_documents_and_padding_that_is_counted(corpus):
    manifest, texts = blocks_of(corpus, phase(9000)), corpus[2]
    total, begun, padding = 8960, Counter(), 0
    for part, content, rows in read(corpus, manifest):
        real = [row for row in rows if row["id"]]
        padded = sum(row["end"] - row["start"] for row in rows if not row["id"] and row["end"] < len(content))
        last = rows[-1]["end"] - 1 - rows[-1]["start"] if not rows[-1]["id"] else 0
        assert part.stats["padding"] == padded + last
        assert (
            part.stats["tokens"]
            == len(content) - 1
            == part.stats["padding"] + sum(part.stats["tokens_by_group"].values())
        )
        padding += padded + last
        for row in rows:
            if not row["id"]:
                assert (content[row["start"] : row["end"]] == PADDING).all()
                assert (row["label"], row["group"], row["use"]) == ("", "", 0)
        for row in real:
            own, text = content[row["start"] : row["end"]], texts[row["id"]]
            np.testing.assert_array_equal(own, text[row["offset"] : row["offset"] + len(own)])
            if row["end"] == len(content):
                continue  # the next block's
            assert row["start"] // LENGTH == (row["end"] - 1) // LENGTH
            begun[row["id"], row["use"]] += 1
            if len(text) <= LENGTH:
                assert len(own) == len(text)
            elif (at := row["offset"] + len(own)) < len(text):
                window = text[row["offset"] : row["offset"] + LENGTH]
                blank = np.flatnonzero((window[1:] == LINE_END) & (window[:-1] == LINE_END))
                assert (text[at - 2 : at] == LINE_END).all() if len(blank) else len(own) == LENGTH
    figures = manifest.stats["packing"]["main"]
    assert manifest.stats["tokens"] == total and manifest.stats["padding"] == padding == figures["padding"]
    assert sum(manifest.stats["mixture"]["main"]["got"].values()) == total - padding
    assert figures["documents"] == len(begun) and figures["needless"] == 0
    assert figures["cut"] == sum(len(texts[document]) > LENGTH for document, _ in begun)
    assert figures["concatenate"]["needless"] > figures["concatenate"]["cut"] // 2
    assert padding < 0.05 * total


def test_the_trainer_finds_the_padding_of_blocks(corpus, tmp_path):
    manifest = blocks_of(corpus, phase(3000))
    for part in manifest.parts:
        files = [tmp_path / f"{part.name}{suffix}" for suffix in (".bin", ".segments.parquet")]
        for file, suffix in zip(files, (".bin", ".segments.parquet"), strict=True):
            corpus[0].download(manifest.key(part, suffix), file)
        block, count = Block(*files, token_bytes=2), part.stats["tokens"] // LENGTH
        batch = block.batch(0, count, LENGTH)
        expected = (batch.tokens != PADDING) & (batch.targets != PADDING)
        assert (batch.trained == expected).all() and not expected.all()
        assert block.scale(0, count, LENGTH) == expected.numel() / int(expected.sum())
        assert "" not in block.documents(0, count, LENGTH)


def test_blocks_are_the_same_whoever_makes_them_and_stay_when_the_phase_is_made_longer(corpus, monkeypatch):
    monkeypatch.setattr(contexts, "POOL", 60)
    one, other = blocks_of(corpus, phase(7000)), blocks_of(corpus, phase(7000), backwards=True)
    assert one.digest == other.digest != blocks_of(corpus, phase(7000), seed=3).digest
    with monkeypatch.context() as patched:
        patched.setattr(scatter, "small", lambda context: False)
        assert blocks_of(corpus, phase(7000)).digest == one.digest
    longer = blocks_of(corpus, phase(9000))
    same = [first.digest == second.digest for first, second in zip(one.parts, longer.parts, strict=False)]
    assert all(same[:3]), "the first two pools have 4,000 tokens"


def test_a_phase_goes_on_with_the_documents_that_the_packing_before_left(corpus):
    phases = (phase(5000), phase(5000, "second", packing="concatenate"), phase(5000, "third"))
    everything = blocks_of(corpus, *phases, max_epochs=9)
    begun = {}
    for part, _, rows in read(corpus, everything):
        for row in rows:
            if row["id"]:
                begun.setdefault((row["id"], row["use"]), set()).add(part.name[0])
    assert all(len(phases) == 1 for phases in begun.values()), "no use is of two phases"
    uses = Counter(document for document, _ in begun)
    assert all((document, use) in begun for document, count in uses.items() for use in range(1, count + 1))
    alone = blocks_of(corpus, *phases, max_epochs=9, first_phase=2)
    assert {part.name: part.digest for part in alone.parts}.items() <= {
        part.name: part.digest for part in everything.parts
    }.items()
    assert list(everything.stats["packing"]) == ["main", "third"]
