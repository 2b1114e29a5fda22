"""FP8: refused in one line where it can't be had, ruled by shape, and the same weights as without it.

Transformer Engine runs on cards alone. Its linear layers stand in here by Megatron's own under TE's names, so that
what is ours of it is seen: which layers they replace, and that checkpoints don't know of it.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.training.config import TrainConfig, TrainingConfig
from smelt.recipe.training.figures import memory
from smelt.recipe.training.phases import Phase
from tests.training.artifacts import CONFIG, MODEL, context
from training.model.fp8 import stateless
from training.model.model import build_model, fp8, transformer_config
from training.model.processes import start_alone
from training.steps.loop import train

FP8 = CONFIG.model_copy(update={"training": TrainingConfig(precision="fp8")})


class WithState(nn.Linear):
    """A layer that keeps something beside its weights, as Transformer Engine's do."""

    def get_extra_state(self) -> torch.Tensor:
        """Something."""
        return torch.ones(1)

    def set_extra_state(self, state: Any) -> None:
        """Takes nothing but that."""
        assert state is not None


def test_without_a_card_it_is_refused_in_one_line(lake: Lake, tmp_path: Path) -> None:
    start_alone()
    with pytest.raises(StageError) as refused:
        train(context(lake, tmp_path, FP8))
    assert str(refused.value) == "training.precision: fp8 can't be had: there is no CUDA card (set it to bf16)"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": MODEL.model_copy(update={"ffn_hidden_size": 168})}, "model.ffn_hidden_size 168 is a multiple of 16"),
        ({"phases": (Phase(tokens=4096, sequence_length=24),)}, "sequence_length 24 is a multiple of 16 (fp8)"),
        ({"training": TrainingConfig(precision="fp8", card="a100-80gb")}, "training.card a100-80gb multiplies in fp8"),
    ],
)
def test_shapes_and_cards_are_ruled(changes: dict[str, Any], said: str) -> None:
    given = {"model": MODEL, "phases": FP8.phases, "training": FP8.training} | changes
    with pytest.raises(ValidationError) as refused:
        TrainConfig(**given)
    assert said in str(refused.value)


def test_a_card_holds_the_rounded_weights_too() -> None:
    half = memory(FP8.model_copy(update={"training": TrainingConfig(precision="bf16")}), 0, vocab_size=300, workers=1)
    ours = memory(FP8, 0, vocab_size=300, workers=1)
    assert ours.total - half.total == 2 * MODEL.num_layer_parameters


def test_its_layers_have_no_state_but_weights() -> None:
    assert set(WithState(2, 2).state_dict()) == {"weight", "bias", "_extra_state"}
    layer = stateless(WithState)(2, 2)
    assert set(layer.state_dict()) == {"weight", "bias"}
    layer.load_state_dict(nn.Linear(2, 2).state_dict())


def test_the_four_linear_layers_are_replaced_and_checkpoints_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from megatron.core.tensor_parallel import ColumnParallelLinear, RowParallelLinear

    class Column(ColumnParallelLinear):
        """Stands in for TE's."""

    class Row(RowParallelLinear):
        """Stands in for TE's."""

    start_alone()
    monkeypatch.setattr(fp8, "linear_layers", lambda: (Column, Row))
    monkeypatch.setattr(fp8, "FORMAT", {})  # Megatron's block would enter TE's own context
    given: dict[str, Any] = {"vocab_size": 320, "max_sequence_length": 32, "rope_base": 1e4, "seed": 1}
    model, half = (build_model(MODEL, precision=precision, **given) for precision in ("fp8", "bf16"))
    layers = [type(module) for module in model.modules()]
    assert layers.count(Column) == layers.count(Row) == 2 * MODEL.num_layers
    assert model.sharded_state_dict().keys() == half.sharded_state_dict().keys()
    ours = dict(model.named_parameters())
    for name, weight in half.named_parameters():
        assert torch.equal(ours[name], weight), name


def test_megatron_takes_the_format() -> None:
    start_alone()
    config = transformer_config(MODEL, "fp8")
    assert (config.fp8, config.fp8_recipe, config.bf16) == ("hybrid", "tensorwise", True)
