"""Likelihoods under a model whose probabilities are known."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from evaluation.benchmarks.encoding import Sequence
from evaluation.benchmarks.told import Told
from evaluation.heldout import unigram_losses
from evaluation.likelihood import token_losses, windows
from evaluation.perplexity import model_losses, summary
from training.blocks.heldout import Stream


class Counting:
    """A model that expects the next token to be one higher, with probability 1/2; all others share the rest."""

    def token_losses(self, tokens: torch.Tensor, documents: torch.Tensor | None = None) -> torch.Tensor:
        follows = tokens[:, 1:] == tokens[:, :-1] + 1
        return torch.where(follows, np.log(2.0), np.log(2.0 * 255))

    longest = 1000

    def score(self, questions: list[list[Sequence]]) -> list[list[Told]]:
        def told(sequence: Sequence) -> Told:
            losses = self.token_losses(torch.tensor([sequence.ids]))[0].double().numpy()
            return Told(losses[sequence.start - 1 :], greedy=False, rank=1)

        return [[told(sequence) for sequence in question] for question in questions]

    def write(self, prompts: list[list[int]], num_tokens: int, done: Callable[[list[int]], bool]) -> list[list[int]]:
        return [list(range(ids[-1] + 1, ids[-1] + 1 + num_tokens)) for ids in prompts]


@pytest.fixture
def letters() -> Tokenizer:
    """One token a byte."""
    alphabet = sorted(ByteLevel.alphabet())
    tokenizer = Tokenizer(BPE(vocab={char: number for number, char in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    return tokenizer


def _stream(label: str, tokens: np.ndarray, *, starts: list[int], sizes: list[int]) -> Stream:
    names = tuple(str(start) for start in starts)
    return Stream(label, tokens.astype(np.int32), np.array(starts), np.array(sizes), names)


def test_padding_and_batches_change_nothing() -> None:
    generator = np.random.default_rng(0)
    sequences = [generator.integers(0, 9, int(n)) for n in generator.integers(2, 3000, 40)]
    together = token_losses(Counting(), sequences)
    for sequence, losses in zip(sequences, together, strict=True):
        assert len(losses) == len(sequence) - 1
        np.testing.assert_allclose(losses, token_losses(Counting(), [sequence])[0])


def test_every_token_of_a_stream_is_predicted_once() -> None:
    tokens = np.arange(1001)
    pieces = windows(tokens, 128)
    assert np.concatenate([piece[1:] for piece in pieces]).tolist() == tokens[1:].tolist()
    stream = _stream("en/a", tokens, starts=[1, 501], sizes=[1000, 3000])
    figures = summary([stream], model_losses(Counting(), [stream], 128))
    assert figures["loss"] == pytest.approx(np.log(2), abs=1e-3)
    assert figures["perplexity"] == pytest.approx(2, abs=1e-2)
    assert figures["bits_per_byte"] == pytest.approx(0.25)
    assert figures["by_lang"]["en"]["documents"] == 2
    by_document = figures["by_label"]["en/a"]
    assert by_document["document_bits"] == "500 500" and by_document["document_bytes"] == "1000 3000"
    off = 1.959964 * 500 / 4000  # 250 bits off, either way
    assert figures["bits_low"] == pytest.approx(0.25 - off, abs=1e-4)


def test_a_document_mask_reaches_the_model_window_by_window() -> None:
    class Masked(Counting):
        def token_losses(self, tokens: torch.Tensor, documents: torch.Tensor | None = None) -> torch.Tensor:
            assert documents is not None
            return (documents[:, 1:] == documents[:, :-1]).float()

    stream = _stream("en/a", np.zeros(11), starts=[1, 4, 9], sizes=[3, 5, 2])
    (totals,), positions = model_losses(Masked(), [stream], 4, document_mask=True)
    assert totals.tolist() == [2, 4, 1], "a document's first token is of another one than the token before it"
    assert sum(one["tokens"] for one in positions) == 10


class Late:
    """A model that loses one nat on a token for each that it has seen of the window."""

    def token_losses(self, tokens: torch.Tensor, documents: torch.Tensor | None = None) -> torch.Tensor:
        return torch.arange(1.0, tokens.shape[1]).expand(len(tokens), -1)


def test_the_loss_is_told_by_how_much_of_the_window_a_token_follows() -> None:
    streams = [_stream(label, np.zeros(n + 1), starts=[1], sizes=[n]) for label, n in (("a", 16), ("b", 5))]
    _, found = model_losses(Late(), streams, 8)
    assert [(one["up_to"], one["tokens"], one["loss"]) for one in found] == [
        (1, 3, 1.0),
        (2, 3, 2.0),
        (4, 6, 3.5),
        (8, 9, pytest.approx((2 * (5 + 6 + 7 + 8) + 5) / 9, abs=1e-4)),
    ]


def test_the_unigram_model_knows_frequencies_and_nothing_else() -> None:
    stream = _stream("en/a", np.array([0, 1, 1, 2]), starts=[1, 3], sizes=[2, 1])
    (even,) = unigram_losses(np.zeros(16, np.int64), [stream])
    assert even.tolist() == pytest.approx([2 * np.log(16), np.log(16)])  # add-one smoothing of nothing
    (skewed,) = unigram_losses(np.array([0, 98, 0, 0]), [stream])
    assert skewed.tolist() == pytest.approx([-2 * np.log(99 / 102), -np.log(1 / 102)])
