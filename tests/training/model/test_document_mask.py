"""Document masks: what a document is told by attention does not depend on its neighbours in the sample."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from smelt.lake import Lake
from tests.training.artifacts import context, metrics
from training.blocks.data import Block
from training.model.attention import CausalAttention, Documents, repeatable
from training.model.processes import start_alone
from training.steps.loop import train


def test_each_document_sees_itself_alone() -> None:
    torch.manual_seed(0)
    attention = CausalAttention.__new__(CausalAttention)
    torch.nn.Module.__init__(attention)
    attention.softmax_scale = 0.5
    query, key, value = torch.randn(10, 1, 4, 8), torch.randn(10, 1, 2, 8), torch.randn(10, 1, 2, 8)
    together = attention(query, key, value, Documents(torch.tensor([[7] * 6 + [9] * 4]), torch.tensor([0, 6, 10])))
    for first, last in ((0, 6), (6, 10)):
        alone = attention(query[first:last], key[first:last], value[first:last], None)
        torch.testing.assert_close(together[first:last], alone)
    whole: Any = attention(query, key, value, None)
    assert not torch.allclose(together[6:], whole[6:])


def test_packed_sequences_begin_where_documents_do(tmp_path: Path) -> None:
    np.arange(9, dtype=np.uint16).tofile(tmp_path / "tokens")
    pq.write_table(pa.table({"start": [0, 2, 5], "label": ["a", "b", "a"]}), tmp_path / "segments")
    batch = Block(tmp_path / "tokens", tmp_path / "segments", 2).batch(0, 2, 4, documents=True)
    assert batch.documents is not None
    documents, starts = batch.documents
    first = documents.tolist().index([0, 0, 1, 1])
    assert documents[1 - first].tolist() == [1, 2, 2, 2]
    assert starts.tolist() == ([0, 2, 4, 5, 8] if first == 0 else [0, 1, 4, 6, 8])
    assert starts.dtype == torch.int32


def test_flash_attention_sums_in_a_fixed_order_where_it_can() -> None:
    def offers(query: int, *, deterministic: bool = False) -> bool:
        return deterministic

    def lacks(query: int) -> bool:
        return False

    assert repeatable(offers)(1)
    assert not repeatable(lacks)(1)


def test_training_with_masks_learns_and_is_another_training(lake: Lake, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    start_alone()
    plain = context(lake, tmp_path)
    training = plain.config.training.model_copy(update={"document_mask": True})
    masked = replace(context(lake, tmp_path / "masked"), config=plain.config.model_copy(update={"training": training}))
    train(masked)
    lines = metrics(masked)
    assert lines[-1]["loss"] < lines[0]["loss"] - 1
    train(plain)
    assert [line["loss"] for line in metrics(plain)][:2] != [line["loss"] for line in lines][:2]
    assert metrics(plain)[0]["loss"] == pytest.approx(lines[0]["loss"], abs=0.2)
