"""Who goes, of proven pairs: what holds for any corpus and any way of cutting it into runs."""

import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.lake import Artifact
from tasks.dedup import settling
from tasks.dedup.buckets import REACH, decide
from tasks.dedup.records import CANDIDATE, PAIR, SIGNATURE, WHOLE

ROWS = 12
DOCUMENTS = st.lists(
    st.tuples(st.integers(0, 3), st.sets(st.integers(1, 4), max_size=3), st.integers(0, 5)), min_size=1, max_size=ROWS
)
"""Documents by rank, bands that they share with others, and text."""


def signatures(documents) -> np.ndarray:
    rows = []
    for row, (rank, bands, text) in enumerate(documents):
        keys = [band << 2 for band in sorted(bands)] + [(100 + text) << 2 | WHOLE]
        rows += [(key, text, rank, row, row % 4, row // 4, 0, 0) for key in keys]
    return np.array(rows, SIGNATURE)


def settled(documents) -> dict[int, int]:
    """The documents that go, each with the one that it goes for, where what shares a band is alike."""
    pairs, candidates = decide(signatures(documents))
    candidates["similarity"] = 0.8
    everything = np.concatenate((pairs, settling.pairs_of(candidates)))
    everything = everything[settling.settling_order(everything)]
    gone = everything[settling.Settled([4] * 3).decide(everything)]
    return dict(zip(gone["id"].tolist(), gone["better"].tolist(), strict=True))


def order(documents, number):
    return (-documents[number][0], number)


def alike(one, other):
    return one[2] == other[2] or bool(one[1] & other[1])


@given(DOCUMENTS)
@settings(max_examples=300, deadline=None)
def test_a_document_goes_for_a_better_one_that_stays_and_is_like_it(documents):
    gone = settled(documents)
    for number, better in gone.items():
        assert better not in gone
        assert order(documents, better) < order(documents, number)
        assert alike(documents[number], documents[better])


@given(DOCUMENTS)
@settings(max_examples=300, deadline=None)
def test_of_every_group_one_stays_and_of_equal_texts_only_one(documents):
    gone = settled(documents)
    for text in {document[2] for document in documents}:
        same = [number for number, document in enumerate(documents) if document[2] == text]
        bands = [documents[number][1] for number in same]
        if all(own == bands[0] for own in bands):  # as it is where texts are equal
            assert sum(number not in gone for number in same) <= 1
    left = [number for number in range(len(documents)) if number not in gone]
    assert min(range(len(documents)), key=lambda number: order(documents, number)) in left


@given(st.lists(st.sets(st.integers(1, 4), max_size=3), min_size=1, max_size=REACH + 1), st.data())
@settings(max_examples=200, deadline=None)
def test_what_stays_in_buckets_within_reach_is_what_going_through_them_in_order_leaves(bands, data):
    documents = [(data.draw(st.integers(0, 3)), own, number) for number, own in enumerate(bands)]
    stays: list[int] = []
    for number in sorted(range(len(documents)), key=lambda number: order(documents, number)):
        if not any(alike(documents[number], documents[other]) for other in stays):
            stays.append(number)
    assert set(range(len(documents))) - settled(documents).keys() == set(stays)


@given(DOCUMENTS.filter(lambda documents: len(documents) < ROWS), st.data())
@settings(max_examples=300, deadline=None)
def test_a_worse_copy_changes_nothing_else(documents, data):
    copied = documents[data.draw(st.integers(0, len(documents) - 1))]
    better = [(rank + 1, *rest) for rank, *rest in documents]
    more = [*better, (0, *copied[1:])]
    before, after = settled(better), settled(more)
    assert {number: other for number, other in after.items() if number < len(documents)} == before


def test_runs_in_pieces_are_merged_in_order_whatever_they_are_cut_into(lake, monkeypatch):
    monkeypatch.setattr(settling, "PIECE", 7)
    monkeypatch.setattr(settling, "PIECES_BYTES", 1)
    draw = np.random.default_rng(5)
    pairs = np.zeros(500, PAIR)
    for name, high in (("rank", 5), ("id", 20), ("row", 3), ("part", 2), ("better", 30), ("level", 3)):
        pairs[name] = draw.integers(0, high, len(pairs))
    pairs["similarity"] = draw.choice([0.8, 0.9, np.nan], len(pairs))
    # no document may have more pairs in a run than a piece holds
    pairs = np.unique(pairs)
    kept, seen = [], {}
    for pair in pairs[draw.permutation(len(pairs))]:
        document = tuple(pair[["rank", "id", "row", "part"]])
        if seen.setdefault(document, 0) < 6:
            seen[document] += 1
            kept.append(pair)
    pairs = np.array(kept, PAIR)
    artifact, runs = Artifact("dedup", uuid.uuid4().hex[:20]), []
    for number, some in enumerate([*np.array_split(pairs, 4), pairs[:0]]):
        key = artifact.key("verified", f"{number}", ".pairs")
        lake.put(key, settling.run(some, key=key))
        runs.append(settling.Run(key, len(some)))
    found = list(settling.merged(lake, artifact, runs))
    assert len(found) > 10
    whole = np.concatenate(found)
    assert whole.tobytes() == pairs[settling.settling_order(pairs)].tobytes()
    documents = [{tuple(pair[["rank", "id", "row", "part"]]) for pair in some} for some in found]
    assert sum(map(len, documents)) == len(set().union(*documents)), "a document's pairs come together"


def test_the_best_in_a_bucket_is_paired_with_none_and_copies_of_one_text_only_once():
    documents = [(9, {1}, 0), *((8, {1}, 1) for _ in range(6)), (7, {1}, 2)]
    _, candidates = decide(signatures(documents))
    found = {(int(pair["id"]), int(pair["better"])) for pair in candidates}
    assert found == {*((number, 0) for number in range(1, 8)), (7, 1)}
    assert {int(pair["holder_row"]) + 4 * int(pair["holder_part"]) for pair in candidates if pair["text"] == 1} == {1}
    assert candidates.dtype == CANDIDATE


@pytest.mark.parametrize("count", [0, 1])
def test_no_pair_is_no_decision(count):
    pairs, candidates = decide(signatures([(0, {1}, 0)] * count))
    assert len(pairs) == len(candidates) == 0
