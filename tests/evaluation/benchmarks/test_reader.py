"""A model that computes shared prefixes once thinks what it thinks of each text alone."""

import random

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from evaluation.benchmarks import reader as module
from evaluation.benchmarks.encoding import Sequence
from evaluation.benchmarks.reader import Reader

VOCABULARY = 290


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.2,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture
def questions() -> list[list[Sequence]]:
    """Of several lengths and numbers of endings; some after the same examples, some whose contexts differ."""
    draw = random.Random(1)

    def ids(count: int) -> list[int]:
        return [draw.randrange(VOCABULARY) for _ in range(count)]

    shared, found = ids(80), []
    for number in range(40):
        before = [1, *(shared if number % 3 else []), *ids(draw.randrange(1, 40))]
        if number % 5 == 0:  # fill-in: the contexts differ before the border
            found.append([Sequence((*before, *ids(4), 5, 6, 7), len(before) + 4) for _ in range(2)])
        else:
            endings = range(draw.randrange(1, 5))
            found.append([Sequence((*before, *ids(draw.randrange(1, 9))), len(before)) for _ in endings])
    return found


@torch.no_grad()
def test_endings_lose_what_they_lose_alone(
    model: LlamaForCausalLM, questions: list[list[Sequence]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_TOKENS", 2000)
    told = Reader(model, vocab_size=VOCABULARY, longest=256).score(questions)
    for question, answers in zip(questions, told, strict=True):
        for sequence, answer in zip(question, answers, strict=True):
            logits = model(torch.tensor([sequence.ids])).logits[0, sequence.start - 1 : -1, :VOCABULARY].float()
            tokens = torch.tensor(sequence.ids[sequence.start :])
            losses = torch.nn.functional.cross_entropy(logits, tokens, reduction="none")
            assert torch.allclose(torch.tensor(answer.losses), losses.double(), atol=1e-4)
            assert answer.greedy == bool((logits.argmax(-1) == tokens).all())


@torch.no_grad()
def test_what_is_written_is_what_is_written_alone(model: LlamaForCausalLM, questions: list[list[Sequence]]) -> None:
    prompts = [list(question[0].ids) for question in questions]
    found = Reader(model, vocab_size=VOCABULARY, longest=256).write(prompts, 8, lambda new: new[-1] % 17 == 0)
    for prompt, new in zip(prompts, found, strict=True):
        expected: list[int] = []
        while len(expected) < 8 and not (expected and expected[-1] % 17 == 0):
            expected.append(int(model(torch.tensor([prompt + expected])).logits[0, -1, :VOCABULARY].argmax()))
        assert new == expected
