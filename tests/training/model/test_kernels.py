"""Kernels between matrix multiplications: compiled they give what they give as they are, and a compiler may lack."""

import logging
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F  # noqa: N812  (its usual name)
from torch import Tensor

from smelt.recipe.training.config import TrainingConfig
from tests.training.artifacts import CONFIG, MODEL
from training.blocks.plan import Vocabulary
from training.model import kernels
from training.model.attention import Documents
from training.model.kernels import PLAIN, Kernels, compiled, kernels_for
from training.model.loss import LinearCrossEntropy
from training.model.model import build_model
from training.model.processes import start_alone
from training.steps.trainer import Trainer

TOLERANCE = {"fp32": 1e-5, "bf16": 2e-2}
"""Difference of gradients, as a share of the largest, between compiled kernels and the same functions as they are:
sums in another order, and in bf16 one rounding less after each fused operation."""


@pytest.fixture(autouse=True)
def alone() -> None:
    """One process, one thread."""
    torch.set_num_threads(1)
    start_alone()


def gradients(kernels: Kernels, precision: str, *, recomputes: bool = False) -> tuple[Tensor, dict[str, Tensor]]:
    """A small model's loss on two samples of two documents each, and its gradients."""
    config = MODEL.model_copy(update={"qk_norm": True})
    given: dict[str, Any] = {"precision": precision, "z_loss": 1e-3, "seed": 1, "recomputes": recomputes}
    model = build_model(config, vocab_size=320, max_sequence_length=32, rope_base=1e4, kernels=kernels, **given)
    tokens = torch.randint(0, 320, (2, 33), generator=torch.Generator().manual_seed(0))
    documents = Documents(torch.arange(32).ge(20).long().expand(2, 32), torch.tensor([0, 20, 32, 52, 64]))
    loss = model(tokens[:, :-1], None, documents, labels=tokens[:, 1:])
    loss.mean.backward()
    return loss.tokens, {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("precision", TOLERANCE)
def test_compiled_kernels_give_the_same_loss_and_gradients(precision: str) -> None:
    assert compiled("cpu") is not PLAIN
    expected, theirs = gradients(PLAIN, precision)
    losses, ours = gradients(compiled("cpu"), precision)
    torch.testing.assert_close(losses, expected, rtol=TOLERANCE[precision], atol=0)
    assert ours.keys() == theirs.keys()
    for name, gradient in ours.items():
        largest = theirs[name].abs().max().item()
        torch.testing.assert_close(gradient, theirs[name], rtol=0, atol=largest * TOLERANCE[precision], msg=name)


@pytest.mark.parametrize("kernels", [PLAIN, pytest.param(None, id="compiled")])
def test_recomputed_layers_give_the_same_bits(kernels: Kernels | None) -> None:
    given, calls = kernels or compiled("cpu"), [0]

    def counting(x: Tensor) -> Tensor:
        calls[0] += 1
        return given.swiglu(x)

    counted = replace(given, swiglu=counting)
    expected, theirs = gradients(counted, "fp32")
    assert calls == [MODEL.num_layers]
    losses, ours = gradients(counted, "fp32", recomputes=True)
    assert calls == [3 * MODEL.num_layers]  # forward, and again for the backward
    assert torch.equal(losses, expected)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(gradient, theirs[name]) for name, gradient in ours.items())


def test_a_recipe_s_recomputation_reaches_the_layers() -> None:
    for asked in ("none", "layer"):
        config = CONFIG.model_copy(update={"training": TrainingConfig(recompute=asked)})
        trainer = Trainer(config, vocabulary=Vocabulary(300, 300, 0, "<end>"))
        assert {layer.recomputes for layer in trainer.model.decoder.layers} == {asked == "layer"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("z_loss", "padded"), [(0.0, False), (0.01, False), (0.01, True)])
def test_the_loss_has_the_gradients_of_cross_entropy(dtype: torch.dtype, z_loss: float, padded: bool) -> None:
    torch.manual_seed(0)
    hidden, weight = (torch.randn(rows, 16).to(dtype).requires_grad_() for rows in (40, 50))
    targets = torch.randint(0, 50, (40,))
    trained = torch.rand(40) < 0.6 if padded else None
    counted = torch.ones(40) if trained is None else trained.float()
    mean, losses = LinearCrossEntropy.apply(hidden, weight, targets, z_loss, PLAIN, dist.group.WORLD, trained)
    mean.backward()
    exact = [tensor.detach().double().requires_grad_() for tensor in (hidden, weight)]
    logits = exact[0] @ exact[1].T
    expected = F.cross_entropy(logits, targets, reduction="none") * counted
    (expected.mean() + z_loss * (logits.logsumexp(1).square() * counted).mean()).backward()
    tolerance = 2e-2 if dtype == torch.bfloat16 else 1e-5
    torch.testing.assert_close(losses, expected.float(), rtol=tolerance, atol=tolerance)
    for ours, theirs in zip((hidden, weight), exact, strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        largest = theirs.grad.abs().max().item()
        torch.testing.assert_close(ours.grad, theirs.grad.to(dtype), rtol=0, atol=largest * tolerance)


def test_without_a_compiler_training_goes_on_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    monkeypatch.setattr("torch._inductor.config.force_disable_caches", True)
    torch._dynamo.reset()
    compiled.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert compiled("cpu") is PLAIN
    torch._dynamo.reset()
    compiled.cache_clear()
    (said,) = (record for record in caplog.records if record.name == "training.model.kernels")
    assert "training goes on without (InvalidCxxCompiler" in said.getMessage()


def test_only_a_long_training_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "compiled", lambda device: device)
    assert kernels_for(CONFIG, 320, "cpu") is PLAIN
    long = CONFIG.phases[0].model_copy(update={"tokens": 10**9})
    assert kernels_for(CONFIG.model_copy(update={"phases": (long,)}), 320, "cpu") == "cpu"
