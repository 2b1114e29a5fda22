"""What holds for the stream of any phases over any documents: shares, reuse, uniqueness and order."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smelt.errors import StageError
from smelt.recipe.mixture import BlockPhase, Groups, Quality, Reuse
from smelt.supply.repetition import effective
from tasks.blocks import mixing, reuse
from tasks.blocks.catalog import Catalog

NAMES = (("en", "web"), ("zh", "book"), ("zh", "web"))
SIZES = st.lists(st.integers(1, 60), min_size=12, max_size=120)


def catalog(sizes, **fields):
    """Documents of these lengths, whose labels take turns."""
    count = len(sizes)
    numbers = np.arange(count)
    draw = np.random.default_rng(count)
    return Catalog(
        ids=draw.permutation(count).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15),
        parts=numbers // 10,
        offsets=numbers * 0,
        tokens=np.array(sizes, np.int64),
        checksums=numbers,
        labels=numbers % len(NAMES),
        names=NAMES,
        **fields,
    )


def phase(tokens=1, **fields):
    return BlockPhase(name="main", tokens=tokens, sequence_length=1, global_batch_size=1, **fields)


def mixed(documents, lengths, config=None, **fields):
    """The streams of phases of these lengths, and how often each document was used in the end."""
    uses = np.zeros(len(documents.ids), np.int32)
    config = config or Groups()
    return [mixing.mix(documents, uses, phase(**fields), length, config, 7) for length in lengths], uses


def tokens_of(documents, stream):
    return int(documents.tokens[stream.documents].sum())


@given(SIZES, st.lists(st.floats(0.01, 1.5), min_size=1, max_size=3), st.sampled_from([{}, {"zh": 3, "en": 1}]))
@settings(max_examples=150, deadline=None)
def test_nothing_comes_again_before_its_group_was_read_and_uses_carry_over_phases(sizes, parts, weights):
    documents = catalog(sizes)
    lengths = [max(1, int(part * sum(sizes))) for part in parts]
    streams, uses = mixed(documents, lengths, Groups(max_epochs=100), weights=weights)
    counted = np.bincount(np.concatenate([one.documents for one in streams]), minlength=len(sizes))
    np.testing.assert_array_equal(counted, uses)
    _, group_of = mixing.groups(documents, weights)
    for group in range(group_of.max() + 1):
        own = uses[group_of == group]
        assert own.max() - own.min() <= 1, "a pass is over before the next begins"
    for number in range(len(sizes)):
        told = np.concatenate([one.uses[one.documents == number] for one in streams])
        assert sorted(told.tolist()) == list(range(1, uses[number] + 1))


@given(SIZES, st.floats(0.05, 1.0), st.floats(0.1, 10), st.floats(0.1, 10))
@settings(max_examples=150, deadline=None)
def test_every_prefix_has_the_shares_but_for_a_document_of_each_group(sizes, part, one, other):
    documents, weights = catalog(sizes), {"en": one, "zh/web": other}
    share = {"en": one / (one + other), "zh/web": other / (one + other)}
    _, group_of = mixing.groups(documents, weights)
    has = [int(documents.tokens[group_of == number].sum()) for number in range(2)]
    length = int(part * min(size / share[name] for size, name in zip(has, share, strict=True)))
    assume(length > 0)
    (stream,), _ = mixed(documents, [length], weights=weights)
    assert stream.asked == pytest.approx(share)
    assert sum(stream.got.values()) == length
    inside = documents.tokens[stream.documents]
    for number, name in enumerate(stream.asked):
        got = np.cumsum(inside * (stream.groups == number))
        assert (np.abs(got - share[name] * np.cumsum(inside)) <= 3 * max(sizes)).all()


@given(SIZES, st.integers(1, 400), st.integers(1, 400), st.sampled_from([{}, {"en": 2, "zh/book": 1, "zh": 5}]))
@settings(max_examples=150, deadline=None)
def test_a_longer_phase_begins_with_the_stream_of_a_shorter_one(sizes, length, more, weights):
    documents = catalog(sizes)
    weights = weights or {"en": 1, "zh": 1}
    config = Groups(max_epochs=100, reuse=Reuse(decay=0.94))
    _, group_of = mixing.groups(documents, weights)
    assume(set(range(len(weights))) <= set(group_of.tolist()))
    (short,), _ = mixed(documents, [length], config, weights=weights)
    (long,), _ = mixed(documents, [length + more], config, weights=weights)
    np.testing.assert_array_equal(short.documents, long.documents[: len(short.documents)])


@given(SIZES, st.floats(0.3, 0.99), st.integers(1, 6), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_no_document_is_used_more_often_than_it_may_be(sizes, decay, most, phases):
    documents = catalog(sizes)
    length = max(1, (most * sum(sizes) - 2 * phases * max(sizes)) // phases)  # what a phase's end cuts is used too
    config = Groups(reuse=Reuse(decay=decay, max=most))
    _, uses = mixed(documents, [length] * phases, config, weights={"en": 1, "zh": 1})
    assert uses.max() <= most


def test_a_rate_is_how_often_a_document_comes():
    quality = np.tile(np.arange(1000.0), 3)[:3000]
    documents = catalog([10] * 3000, columns={"score_quality": quality})
    curve = Quality(curve=((0, 0), (0.3, 0), (0.3, 1), (1, 7)))
    config = Groups(reuse=Reuse(max=50, quality=curve))
    rate = reuse.rates(documents, config)
    for label in range(3):
        low = documents.labels == label
        assert (rate[low & (reuse.quantiles(quality, documents.tokens, documents.labels) < 0.3)] == 0).all()
    (stream,), uses = mixed(documents, [60_000], config, weights={"en": 1, "zh": 1})
    assert (uses[rate == 0] == 0).all()
    expected = rate * uses.sum() / rate.sum()
    english = documents.labels == 0  # half of the tokens, a third of the documents
    assert np.abs(uses[english] - expected[english] * 1.5).max() <= 1.0
    places = np.flatnonzero(stream.documents == np.argmax(uses))
    assert np.diff(places).min() > 0.1 * len(stream.documents) / len(places), "its uses lie apart"


def test_each_use_makes_the_next_less_likely():
    documents = catalog([1] * 30_000)
    config = Groups(max_epochs=100, reuse=Reuse(decay=0.5))
    (stream,), uses = mixed(documents, [40_000], config, weights={"en": 1, "zh": 2})
    # a second use takes twice as long a stretch as the first, so within a third of a pass a sixth comes again
    assert np.bincount(uses)[:3] == pytest.approx([0, 20_000, 10_000], abs=300)
    assert len(stream.documents) == 40_000


def test_a_document_without_a_value_stands_in_the_middle_and_equals_share_a_place():
    places = reuse.quantiles(np.array([1.0, 1, np.nan, 5]), np.array([2, 2, 9, 4]), np.zeros(4, int))
    np.testing.assert_allclose(places, [0.25, 0.25, 0.5, 0.75])


@given(SIZES, st.sampled_from(["low", "high"]), st.floats(0.1, 2))
@settings(max_examples=100, deadline=None)
def test_another_order_reads_the_same_documents(sizes, first, part):
    values = np.random.default_rng(1).normal(size=len(sizes))
    documents = catalog(sizes, columns={"loss": values})
    length = max(1, int(part * sum(sizes)))
    weights = {"en": 1, "zh": 2}
    (shuffled,), _ = mixed(documents, [length], weights=weights)
    order = {"by": "difficulty", "column": "loss", "first": first}
    (ordered,), uses = mixed(documents, [length], weights=weights, order=order)
    assert set(ordered.documents.tolist()) <= set(shuffled.documents.tolist())
    assert sum(ordered.got.values()) == length == sum(shuffled.got.values())
    for group in range(2):
        sequence = values[ordered.documents[ordered.groups == group]]
        assert (np.diff(sequence) * (1 if first == "low" else -1) >= 0).all()
    np.testing.assert_array_equal(np.bincount(ordered.documents, minlength=len(sizes)), uses)


def test_a_document_is_in_the_first_group_that_holds_and_is_weighed():
    holds = {"good": np.arange(12) < 6, "best": np.arange(12) < 3}
    documents = catalog([1] * 12, members=holds)
    shares, group_of = mixing.groups(documents, {"best": 1, "good": 1, "zh": 1})
    assert list(shares) == ["best", "good", "zh"]
    assert group_of.tolist() == [1] * 6 + [-1, 2, 2] * 2
    assert mixing.groups(documents, {"best": 1, "zh": 1})[1].tolist() == [0] * 3 + [-1, 1, 1] * 3


def test_a_group_that_runs_short_is_repeated_or_stops_the_phase():
    documents, weights = catalog([10] * 30), {"en": 9, "zh": 1}
    with pytest.raises(StageError, match=r"^phases.main: groups run short: en has 400 of 900 tokens \(weigh them"):
        mixed(documents, [1000], Groups(when_short="stop"), weights=weights)
    (stream,), uses = mixed(documents, [1000], Groups(when_short="repeat"), weights=weights)
    assert stream.got == {"en": 900, "zh": 100} and uses.max() == 9
    (stream,), _ = mixed(documents, [1000], Groups(), weights=weights)
    assert stream.got == {"en": 400, "zh": 600}


def test_effective_tokens_are_those_of_the_paper():
    once, four, ever = (effective(np.array([100]), np.array([uses])) for uses in (1, 4, 10**6))
    assert once == 100
    assert four == pytest.approx(100 * (1 + 15.387756 * (1 - math.exp(-3 / 15.387756))))
    assert ever == pytest.approx(100 * 16.387756)
    assert effective(np.array([100]), np.array([0])) == 0
