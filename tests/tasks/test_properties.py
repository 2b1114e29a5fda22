"""What holds for any text and any corpus: units, shares and cuts."""

import unicodedata

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smelt.recipe.dedup import MinHash
from tasks.blocks.catalog import Catalog
from tasks.blocks.mixing import Pieces
from tasks.blocks.slices import cut
from tasks.dedup import minhash
from tasks.sampling import draws, share_out
from tasks.units import FOLDS, KINDS, hash_units, text_buffers

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


def units(text):
    data, offsets = text_buffers(pa.array([text]))
    found = np.empty(len(data), np.uint64)
    count, ideographs, whole = hash_units(data, offsets[0], offsets[1], KINDS, FOLDS, found)
    return found[:count].tolist(), ideographs, whole


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_any_text_has_units_and_joins_them_with_its_neighbours_as_text_does(text):
    found, ideographs, _ = units(text)
    assert ideographs <= len(found) <= len(text)
    assert units(text + " — " + text)[0] == found * 2
    assert units("“" + text + "”…\n")[0] == found


@given(st.text(st.sampled_from("abcXYZéÑ漢字カナ0９ａ_ ,。-\n"), max_size=40))
@settings(max_examples=200, deadline=None)
def test_case_width_and_punctuation_do_not_count(text):
    other = unicodedata.normalize("NFKC", text).upper().replace(",", " ! ").replace("。", "？")
    assert units(text)[0] == units(other)[0]


@given(TEXT, TEXT)
@example("", "\0")
@settings(max_examples=200, deadline=None)
def test_whole_texts_are_equal_but_for_the_amount_of_space_in_a_line(one, other):
    one = one.replace("\n", " ")
    spaced = one.replace(" ", "   ")
    assert units(one)[2] == units(spaced)[2]
    if "".join(one.split()) != "".join(other.split()):
        assert units(one)[2] != units(other)[2]


@given(st.lists(TEXT, max_size=8), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_a_documents_keys_do_not_depend_on_its_neighbours(texts, place):
    together = minhash.keys(pa.array(texts, pa.string()), MinHash())
    for row in range(len(texts)):
        alone = minhash.keys(pa.array(texts[row : row + 1], pa.string()), MinHash())
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_array_equal(one[row], other[0])
    sliced = minhash.keys(pa.array(["x", *texts], pa.string())[1:], MinHash())
    np.testing.assert_array_equal(sliced[1], together[1])


@given(
    st.integers(0, 10_000),
    st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 100), min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5000)),
)
@settings(max_examples=300, deadline=None)
def test_shares_fill_the_total_or_take_all_there_is(total, weights, available):
    taken = share_out(total, weights, available)
    assert set(taken) == set(weights)
    assert all(0 <= taken[name] <= available.get(name, 0) for name in taken)
    everything = sum(available.get(name, 0) for name in weights)
    assert min(total, everything) <= sum(taken.values()) <= min(total + len(weights), everything)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 12), st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_cut_blocks_hold_the_stream_token_by_token(sizes, step, steps_in_block):
    steps = max(0, sum(sizes) - 1) // step
    if steps == 0:
        return
    total, block = steps * step, min(steps, steps_in_block) * step
    stream = np.repeat(np.arange(len(sizes)), sizes)
    zeros = np.zeros(len(sizes), np.int64)
    ids = np.arange(len(sizes), dtype=np.uint64)
    catalog = Catalog(ids, zeros, zeros, np.array(sizes), ids, zeros, (("en", "web"),))
    needed = np.flatnonzero(np.cumsum(sizes) - sizes <= total)
    slices, blocks = cut(
        catalog, Pieces(needed, zeros[needed] + 1, zeros[needed], zeros[needed], np.array(sizes)[needed]), total, block
    )
    for number in range(-(-total // block)):
        own = slices[blocks == number]
        wanted = stream[number * block : min((number + 1) * block, total) + 1]
        np.testing.assert_array_equal(np.repeat(own["id"], own["tokens"]), wanted)
        np.testing.assert_array_equal(own["start"], np.cumsum(own["tokens"]) - own["tokens"])
        place = number * block + own["start"] - (np.cumsum(sizes) - sizes)[own["id"].astype(int)]
        np.testing.assert_array_equal(own["offset"], place)
    assert set(blocks.tolist()) == set(range(-(-total // block)))


def test_draws_are_even_and_of_two_purposes_independent():
    ids = pa.array([f"{number:016x}" for number in range(20_000)])
    one, other = draws(ids, "one"), draws(ids, "other")
    assert abs(one.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02
    assert ((one >= 0) & (one < 1)).all()
