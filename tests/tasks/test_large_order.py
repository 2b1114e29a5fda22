"""The order of blocks from parts of the index and ranges of the stream is that of all documents at once."""

from dataclasses import fields

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.errors import StageError
from smelt.recipe.blocks import block_tokens, phase_tokens
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from tasks.blocks import mixing, slices
from tasks.blocks.catalog import Catalog
from tasks.blocks.large import bounds, counts, drawn, ends, near, uses

NAMES = (("en", "web"), ("zh", "book"), ("zh", "web"))
WEIGHTS = [
    {},
    {"zh": 3, "en": 1},
    {"good": 1, "zh/web": 2, "zh": 0.3},
    {"short": 5, "good": 1, "en": 2},
    {"en": 1e-4, "zh/book": 7, "none": 1},
]
PHASES = st.lists(st.tuples(st.floats(0.01, 1.2), st.sampled_from(WEIGHTS)), min_size=1, max_size=4)


def catalog(sizes, parts, seed):
    """Documents of these lengths, of which some have ids in common."""
    count, draw = len(sizes), np.random.default_rng(seed)
    part = np.sort(draw.integers(0, parts, count)).astype(np.uint32)
    holds = {"none": np.zeros(count, bool), "good": draw.random(count) < 0.3, "short": draw.random(count) < 0.05}
    ids = draw.integers(0, max(1, count - 2), count).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    checksums = draw.integers(0, 1 << 40, count).astype(np.uint64)
    there_are, labels = np.unique(draw.integers(0, len(NAMES), count), return_inverse=True)
    return Catalog(
        ids=ids,
        parts=part,
        offsets=np.concatenate([np.cumsum(own) - own for own in np.split(sizes, np.flatnonzero(np.diff(part)) + 1)]),
        tokens=sizes,
        checksums=checksums,
        labels=labels,
        names=tuple(NAMES[label] for label in there_are),  # no other, as in a catalog that is read
        members=holds,
    )


def part_of(whole, number):
    """The catalog of a part as it is read alone: labels are numbered by those that the part has."""
    own = whole.parts == number
    labels, local = np.unique(whole.labels[own], return_inverse=True)
    columns = {field.name: getattr(whole, field.name) for field in fields(whole)}
    arrays = {name: value[own] for name, value in columns.items() if isinstance(value, np.ndarray)}
    names = tuple(whole.names[label] for label in labels)
    return Catalog(**arrays | {"labels": local, "names": names}, members={k: v[own] for k, v in whole.members.items()})


def at_once(whole, config):
    """Slices and blocks of every phase, and its figures."""
    used, found = np.zeros(len(whole.ids), np.int32), []
    for phase in config.phases:
        stream = mixing.mix(whole, used, phase, phase_tokens(phase) + 1, config, config.seed)
        cut = slices.cut(whole, stream.pieces, phase_tokens(phase), block_tokens(phase, config))
        found.append((*cut, stream.asked, stream.shares, stream.got))
    return found


def by_parts(whole, config, draw):
    """The same, from parts in any order; how many uses near the phases' ends are held, and how many of a range."""
    parts = [uses.documents_of(part_of(whole, number), config) for number in range(int(whole.parts[-1]) + 1)]
    counted = counts.together(counts.count(part, config) for part in draw.permutation(np.array(parts, object)))
    within = bounds.bounds(counted, config)
    found = []
    for part in draw.permutation(np.array(parts, object)):
        own = near.near(part, within, config)
        own["cell"] = np.array([counted.cells.index(cell) for cell in part.cells])[own["cell"]]
        found.append(own)
    known = ends.ends(counted, np.concatenate(found), within, config)
    made, held = [], [0]
    for number, (end, phase) in enumerate(zip(known, config.phases, strict=True)):
        read = [drawn.read(part, known, number, counted.names, config) for part in draw.permutation(parts)]
        cut = []
        for place in range(len(end.ranges)):
            own = np.concatenate([one.drawn[one.ranges == place] for one in read])
            held.append(len(own))
            own, start = drawn.in_range(own, end, place)
            cut.append(slices.cut_range(own, start, phase_tokens(phase), block_tokens(phase, config)))
        joined = [np.concatenate(one) for one in zip(*cut, strict=True)]
        made.append((*joined, end.asked, end.drawn, end.got))
    return made, sum(map(len, found)), max(held)


@given(
    st.lists(st.integers(1, 60), min_size=12, max_size=150),
    st.integers(1, 7),
    PHASES,
    st.sampled_from([0.3, 1.0, 1.5, 4.0, 7.0]),
    st.sampled_from([1.0, 0.94, 0.5]),
    st.sampled_from(["reweight", "stop"]),
    st.tuples(st.integers(0, 8), st.sampled_from([1, 7, 1 << 20]), st.integers(0, 100)),
)
@settings(max_examples=150, deadline=None)
def test_blocks_are_those_of_all_documents_at_once(sizes, parts, phases, most, decay, when_short, chances):
    whole = catalog(np.array(sizes), parts, chances[2])
    config = BlocksConfig(
        phases=[
            BlockPhase(
                name=str(number),
                tokens=max(1, int(part * sum(sizes))),
                sequence_length=2,
                global_batch_size=1,
                weights=weights,
            )
            for number, (part, weights) in enumerate(phases)
        ],
        max_epochs=most,
        reuse={"decay": decay},
        when_short=when_short,
        block_tokens=50,
    )
    try:
        expected = at_once(whole, config)
    except StageError as error:
        expected = str(error)
    kept = uses.BITS, ends.RANGE
    uses.BITS, ends.RANGE = chances[:2]
    try:
        found, *_ = by_parts(whole, config, np.random.default_rng(chances[2]))
    except StageError as error:
        found = str(error)
    finally:
        uses.BITS, ends.RANGE = kept
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
        return
    for (rows, blocks, *figures), (own, numbers, *others) in zip(expected, found, strict=True):
        assert figures == others
        np.testing.assert_array_equal(own, rows)
        np.testing.assert_array_equal(numbers, blocks)


def test_no_worker_holds_more_than_a_range_or_some_bins(monkeypatch):
    sizes = np.random.default_rng(0).lognormal(4, 1, 60_000).astype(np.int64) + 1
    whole = catalog(sizes, 9, 0)
    phases = [
        BlockPhase(name=name, tokens=int(sizes.sum()), sequence_length=8, global_batch_size=1, weights=weights)
        for name, weights in (("one", {"zh": 3, "en": 1}), ("two", {"good": 1, "zh": 1}))
    ]
    config = BlocksConfig(phases=phases, block_tokens=100_000)
    monkeypatch.setattr(ends, "RANGE", 3000)
    found, near_ends, in_range = by_parts(whole, config, np.random.default_rng(0))
    assert near_ends < 0.04 * len(sizes)
    assert in_range < 1.2 * 3000
    for one, other in zip(at_once(whole, config), found, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
