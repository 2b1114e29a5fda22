"""Decisions held to the truth: the exact Jaccard similarity of all pairs of a few hundred real documents.

The documents are what installed packages say of themselves, whole, with edits of known sizes planted among them. The
truth is worked out from sets of shingles in Python, of which dedup sees 32-bit hashes, and those by bands alone.
"""

import itertools
import random
import re
from collections import defaultdict
from importlib.metadata import distributions

import numpy as np
import pyarrow as pa
import pytest

from smelt.recipe.dedup import DedupConfig
from tasks.dedup import STAGE, minhash
from tasks.dedup.buckets import REACH
from tasks.units import FOLDS, KINDS, hash_units, text_buffers
from tests.tasks import refinery

EDITED = 150
"""Documents that are planted again, with edits."""
SHARES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08)
"""Of words that an edit replaces."""
BANDS = ((0.5, 0.6), (0.6, 0.7), (0.7, 0.75), (0.75, 0.8), (0.8, 0.85), (0.85, 0.9), (0.9, 0.95), (0.95, 1.0))


def real_documents() -> list[str]:
    """What packages say of themselves: readmes of all kinds, in a settled order."""
    found = {str(item.metadata.get_payload() or item.metadata.get("Description") or "") for item in distributions()}
    return sorted(text[:20_000] for text in found if len(text) > 400)


def edited(text: str, share: float, draw: random.Random) -> str:
    """The text with a share of its words replaced, taken away or doubled."""
    pieces = re.split(r"(\s+)", text)
    for place in range(0, len(pieces), 2):
        if draw.random() < share:
            pieces[place] = draw.choice(["", f"word{draw.randrange(1000)}", f"{pieces[place]} {pieces[place]}"])
    return "".join(pieces)


def shingles(text: str) -> set[tuple[int, ...]]:
    data, offsets = text_buffers(pa.array([text]))
    units = np.empty(len(data) + 1, np.uint64)
    count, ideographs, _ = hash_units(data, offsets[0], offsets[1], KINDS, FOLDS, units)
    size = 8 if 2 * ideographs > count else 5
    found = units[:count].tolist()
    return {tuple(found[first : first + size]) for first in range(max(1, count - size + 1))}


@pytest.fixture(scope="module")
def corpus():
    """Texts, and the exact similarity of every pair that has any."""
    draw = random.Random(7)
    real = real_documents()
    texts = real + [edited(text, SHARES[place % len(SHARES)], draw) for place, text in enumerate(real[:EDITED] * 2)]
    draw.shuffle(texts)
    sets = [shingles(text) for text in texts]
    common: dict[tuple[int, int], int] = defaultdict(int)
    holders: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, own in enumerate(sets):
        for shingle in own:
            holders[shingle].append(number)
    for numbers in holders.values():
        for pair in itertools.combinations(numbers, 2):
            common[pair] += 1
    alike = {
        (one, other): count / (len(sets[one]) + len(sets[other]) - count) for (one, other), count in common.items()
    }
    return texts, alike


@pytest.fixture
def decided(lake, corpus):
    texts, _ = corpus
    documents = [{"id": f"{number:016x}", "text": text} for number, text in enumerate(texts)]
    config = DedupConfig(keep="first")
    given = refinery.context(lake, "dedup", config, refinery.scored(lake, [documents[:200], documents[200:]]))
    manifest = refinery.run(STAGE, given)
    return manifest, refinery.columns(lake, manifest, ["id", "keep", "reason", "duplicate_of", "similarity"])


def test_what_goes_is_a_duplicate_and_what_is_one_goes(corpus, decided):
    texts, alike = corpus
    manifest, rows = decided
    assert len(texts) >= 400 and manifest.rows == len(texts)
    gone = {number: int(row["duplicate_of"], 16) for number, row in enumerate(rows) if not row["keep"]}
    for number, better in gone.items():
        assert better not in gone and better < number
        true = alike[better, number]
        assert true >= 0.75, "precision is 1: each is verified"
        assert rows[number]["similarity"] == pytest.approx(true, abs=1e-3)
    found = {band: [0, 0] for band in BANDS}
    for (one, other), similarity in alike.items():
        for low, high in BANDS:
            if low < similarity <= high:
                found[low, high][0] += 1
                found[low, high][1] += one in gone or other in gone
    assert all(pairs >= 5 for (low, _), (pairs, _) in found.items() if low >= 0.75)
    for (low, _), (pairs, settled) in found.items():
        if low >= 0.75:
            expected = 1 - (1 - low**8) ** 14
            assert settled / pairs >= expected - 3 * (expected * (1 - expected) / pairs) ** 0.5, (low, pairs, settled)
    near = [number for number, row in enumerate(rows) if row["reason"] == "minhash"]
    assert len(near) >= 150


def test_bands_propose_as_their_curve_says(corpus):
    texts, alike = corpus
    config = DedupConfig().minhash
    _, bands, _ = minhash.keys(pa.array(texts, pa.large_string()), config)
    for low, high in BANDS:
        pairs = [pair for pair, similarity in alike.items() if low < similarity <= high]
        expected = sum(1 - (1 - alike[pair] ** config.rows) ** config.bands for pair in pairs)
        proposed = sum((bands[one] == bands[other]).any() for one, other in pairs)
        assert abs(proposed - expected) <= 3 * max(1.0, len(pairs) * 0.25) ** 0.5 + 1, (low, len(pairs), proposed)


def test_what_stays_is_what_going_through_all_in_order_leaves(corpus, decided):
    texts, alike = corpus
    _, rows = decided
    whole, bands, _ = minhash.keys(pa.array(texts, pa.large_string()), DedupConfig().minhash)
    members: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number in range(len(texts)):
        for band, key in enumerate(bands[number].tolist()):
            same = members[band, key]
            if all(whole[number] != whole[other] for other in same) and len(same) < REACH:
                same.append(number)
    stays: set[int] = set()
    for number in range(len(texts)):
        proposed = {other for band, key in enumerate(bands[number].tolist()) for other in members[band, key]}
        proposed |= {other for other in stays if whole[other] == whole[number]}
        if not any(other < number and other in stays and alike[other, number] >= 0.75 for other in proposed):
            stays.add(number)
    assert {number for number, row in enumerate(rows) if row["keep"]} == stays
