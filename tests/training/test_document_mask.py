"""Document masks: what a document is told by attention does not depend on its neighbours in the sample."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from smelt.lake import Lake
from tests.training.artifacts import context, metrics
from training.attention import CausalAttention, Documents
from training.loop import train
from training.processes import start_alone


def test_each_document_sees_itself_alone() -> None:
    torch.manual_seed(0)
    attention = CausalAttention.__new__(CausalAttention)
    torch.nn.Module.__init__(attention)
    attention.softmax_scale = 0.5
    query, key, value = torch.randn(10, 1, 4, 8), torch.randn(10, 1, 2, 8), torch.randn(10, 1, 2, 8)
    together = attention(query, key, value, Documents(torch.tensor([[7] * 6 + [9] * 4])))
    for first, last in ((0, 6), (6, 10)):
        alone = attention(query[first:last], key[first:last], value[first:last], None)
        torch.testing.assert_close(together[first:last], alone)
    whole: Any = attention(query, key, value, None)
    assert not torch.allclose(together[6:], whole[6:])


def test_packed_sequences_begin_where_documents_do() -> None:
    starts, longest = Documents(torch.tensor([[1, 1, 2, 2], [2, 3, 3, 3]])).starts
    assert (starts.tolist(), longest) == ([0, 2, 4, 5, 8], 4)
    assert starts.dtype == torch.int32


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
