"""A memory check: a copy of a model is trained for a few steps on a question without its answer, and asked then.

Where training text held the question with its answer, the steps lead back to where the answer was learnt too, and the
right answer gains on the wrong ones; where it did not, they favour none. Each weight moves by the same small amount
against its gradient's sign (Bernstein et al. 2018, *signSGD*): plain descent follows the gradient's size, which is
almost nothing for a text that is known by heart, and moved no answer in trials where this did. The amount falls with
the model's width, so that a step changes what a row of weights makes of its input alike in small and large models
(Yang et al. 2022, *Tensor Programs V*).
"""

import copy
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

STEPS = 4
"""Steps on each question."""
REACH = 0.1
"""By how much a weight moves in a step, times the model's width."""


def copied(model: Any) -> Any:
    """A copy in single precision: in half precision a step would be rounded away."""
    return copy.deepcopy(model).float()


def restore(changed: Any, model: Any) -> None:
    """Give a copy its model's weights again, bit by bit."""
    with torch.no_grad():
        for own, given in zip(changed.parameters(), model.parameters(), strict=True):
            own.copy_(given)


def study(model: Any, ids: list[int], *, vocab_size: int) -> None:
    """Train a model of ``transformers`` on a text, and change it in place; no seed enters it.

    Args:
        ids: at least two; all but the first are learnt.
        vocab_size: logits that count.
    """
    rate = REACH / model.config.hidden_size
    weights = list(model.parameters())
    tokens = torch.tensor([ids], device=model.device)
    for _ in range(STEPS):
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):  # others add up gradients in any order
            hidden = model.model(input_ids=tokens[:, :-1], use_cache=False).last_hidden_state[0]
            logits = model.lm_head(hidden)[:, :vocab_size]
            slopes = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, tokens[0, 1:]), weights)
        with torch.no_grad():
            for weight, slope in zip(weights, slopes, strict=True):
                weight -= rate * slope.sign_()
