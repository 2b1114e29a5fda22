"""Samples of a block: each window once, and a step's samples from all over the block."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.blocks.data import Block, golden_stride
from training.blocks.padding import Padding

LENGTH, NUM_WINDOWS = 4, 30


@pytest.fixture
def block(tmp_path):
    """Tokens that say where they stand; ten documents of two labels."""
    np.arange(LENGTH * NUM_WINDOWS + 1, dtype=np.uint16).tofile(tmp_path / "b.bin")
    starts = list(range(0, LENGTH * NUM_WINDOWS, 12))
    labels = ["zh/docs" if i % 2 else "code/code" for i in range(len(starts))]
    ids = [f"doc{i}" for i in range(len(starts))]
    pq.write_table(pa.table({"start": starts, "label": labels, "id": ids}), tmp_path / "b.parquet")
    return Block(tmp_path / "b.bin", tmp_path / "b.parquet", 2)


def test_every_window_is_a_sample_once_with_its_successors_and_labels(block):
    batches = [block.batch(first, 6, LENGTH) for first in range(0, NUM_WINDOWS, 6)]
    seen = np.concatenate([batch.tokens.numpy() for batch in batches])
    assert sorted(seen[:, 0].tolist()) == list(range(0, LENGTH * NUM_WINDOWS, LENGTH))
    for batch in batches:
        assert (batch.targets == batch.tokens + 1).all()
        documents = (batch.targets // 12).clamp(max=9)
        assert (batch.labels == documents % 2).all()


def test_a_sample_is_the_same_however_the_step_is_split(block):
    whole = block.batch(6, 6, LENGTH).tokens
    halves = [block.batch(6, 3, LENGTH).tokens, block.batch(9, 3, LENGTH).tokens]
    assert (np.concatenate(halves) == whole.numpy()).all()


def test_the_documents_of_a_step_are_named(block):
    documents = block.documents(0, 6, LENGTH)
    tokens = block.batch(0, 6, LENGTH).tokens
    assert set(documents) >= {f"doc{int(token) // 12}" for token in tokens.flatten()}


def test_samples_in_a_row_lie_all_over_the_block():
    windows = np.arange(8) * golden_stride(1000) % 1000
    assert np.diff(np.sort(windows)).max() < 250


@given(st.integers(min_value=1, max_value=100_000))
def test_the_stride_reaches_every_window(num_windows):
    assert np.gcd(golden_stride(num_windows), num_windows) == 1


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=30), st.integers(1, 6))
def test_a_target_has_a_loss_unless_it_is_padding_or_follows_it(drawn, length):
    sizes, padded = np.array([size for size, _ in drawn]), np.array([is_padding for _, is_padding in drawn])
    starts = np.cumsum(sizes) - sizes
    there = np.repeat(padded, sizes)
    segment = np.repeat(np.arange(len(sizes)), sizes)
    windows = np.arange((len(there) - 1) // length)
    padding = Padding(starts, padded)
    for window in windows:
        own = slice(window * length, window * length + length + 1)
        trained = [not (one or other) for one, other in zip(there[own][:-1], there[own][1:], strict=True)]
        assert padding.trained(segment[None, own])[0].tolist() == trained
        assert padding.count(np.array([window]), length) == sum(trained)
    assert padding.count(windows, length) == sum(padding.count(np.array([window]), length) for window in windows)
