"""Model, phases and training as a recipe says them: figures and rules before anything runs."""

import math
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from smelt.identity import digest
from smelt.recipe.training.cards import peak_tflops
from smelt.recipe.training.config import ParallelConfig, TrainConfig, TrainingConfig, micro_batch_size
from smelt.recipe.training.figures import LOSS_CHUNK_BYTES, Memory, figures, memory
from smelt.recipe.training.fitting import inference_bytes, layouts, usable
from smelt.recipe.training.guard import GuardConfig
from smelt.recipe.training.model import PRESETS, ModelConfig, RopeScaling
from smelt.recipe.training.optimizer import OptimizerConfig
from smelt.recipe.training.phases import Phase, learning_rate, ntk_base, rope_base


@pytest.mark.parametrize(("preset", "billions"), [("1b", 1.236), ("3b", 3.213), ("8b", 8.030), ("70b", 70.554)])
def test_presets_have_llamas_published_sizes(preset: str, billions: float) -> None:
    assert ModelConfig(preset=preset).num_parameters(128_256) == pytest.approx(billions * 1e9, rel=1e-3)


def test_explicit_keys_win_over_the_preset() -> None:
    model = ModelConfig(preset="125m", num_layers=6, hidden_size=512, num_heads=8)
    assert (model.num_layers, model.num_query_groups, model.ffn_hidden_size) == (6, 4, 1408)
    assert ModelConfig(**model.model_dump()) == model.model_copy(update={"preset": None})


@pytest.mark.parametrize(
    ("sizes", "line"),
    [
        ({"num_heads": 5}, "model.hidden_size 192 is a multiple of model.num_heads 5 (take 190 or 195)"),
        ({"num_query_groups": 4}, "model.num_heads 6 is a multiple of model.num_query_groups 4 (take 4 or 8)"),
    ],
)
def test_sizes_that_do_not_divide_are_one_line(sizes: dict, line: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ModelConfig(**sizes)
    assert line in raised.value.errors()[0]["msg"]


def test_a_phase_shorter_than_a_step_is_one_line() -> None:
    with pytest.raises(ValidationError, match="100 tokens are less than one step of 4096"):
        Phase(name="main", tokens=100, sequence_length=256, global_batch_size=16)


def test_the_whole_learning_rate_curve() -> None:
    phase = {"sequence_length": 10, "global_batch_size": 1, "tokens": 100}
    phases = (
        Phase(name="a", learning_rate=1.0, schedule="constant", warmup_tokens=40, **phase),
        Phase(name="b", learning_rate=1.0, min_learning_rate=0.2, schedule="linear", **phase),
        Phase(name="c", learning_rate=0.6, schedule="cosine", warmup_tokens=20, **phase),
        Phase(name="d", learning_rate=1.0, schedule="wsd", decay_tokens=40, **phase),
        Phase(name="e", learning_rate=1.0, schedule="1-sqrt", **phase),
    )
    curve = [[learning_rate(phases, index, step) for step in range(10)] for index in range(5)]
    assert curve[0] == pytest.approx([0.25, 0.5, 0.75] + [1.0] * 7)
    assert curve[1] == pytest.approx([0.92, 0.84, 0.76, 0.68, 0.6, 0.52, 0.44, 0.36, 0.28, 0.2])
    assert curve[2][:2] == pytest.approx([0.4, 0.6])  # from the 0.2 that b ended with
    assert curve[2][5:] == pytest.approx([0.3 * (1 + math.cos(math.pi * k / 8)) for k in range(4, 9)])
    assert curve[3] == pytest.approx([1.0] * 6 + [1 - math.sqrt(k / 4) for k in range(1, 5)])
    assert curve[4] == pytest.approx([1 - math.sqrt(k / 10) for k in range(1, 11)])


def test_longer_phases_raise_the_rope_base() -> None:
    short = Phase(name="short", sequence_length=256)
    long = Phase(name="long", sequence_length=1024)
    given = Phase(name="given", sequence_length=1024, rope_base=5e5)
    bases = [rope_base((short, long, given), index, base=1e4, head_size=64) for index in range(3)]
    assert bases == [1e4, ntk_base(1e4, 4, 64), 5e5]
    assert bases[1] == pytest.approx(4.18e4, rel=1e-2)


def test_weights_with_a_scaled_context_keep_their_base_within_it() -> None:
    scaling = RopeScaling(factor=8, original_max_position_embeddings=128)
    model = ModelConfig(rope_base=5e5, rope_scaling=scaling)
    phases = tuple(Phase(name=f"p{length}", sequence_length=length) for length in (128, 1024, 2048))
    config = TrainConfig(model=model, phases=phases)
    assert [config.rope_base(0), config.rope_base(1)] == [5e5, 5e5]
    assert config.rope_base(2) == ntk_base(5e5, 2, model.head_size)


def test_a_rope_base_stays_until_longer_sequences_raise_it() -> None:
    def bases(*phases: tuple[int, float | None]) -> list[float]:
        made = [Phase(sequence_length=length, rope_base=own) for length, own in phases]
        return [rope_base(made, index, base=1e4, head_size=64) for index in range(len(made))]

    assert bases((256, 5e5), (256, None), (1024, 8e6), (1024, None), (256, None)) == [5e5, 5e5, 8e6, 8e6, 8e6]
    assert bases((256, None), (512, None), (128, None), (1024, None)) == [
        1e4,
        ntk_base(1e4, 2, 64),
        ntk_base(1e4, 2, 64),
        ntk_base(1e4, 4, 64),
    ]
    assert bases((256, None), (512, 5e5), (1024, None)) == [1e4, 5e5, ntk_base(5e5, 2, 64)]


def test_the_layout_is_not_in_the_fingerprint() -> None:
    here = TrainConfig()
    there = TrainConfig(
        training=TrainingConfig(parallel=ParallelConfig(tensor=2), micro_batch_size=1, recompute="layer")
    )
    other = TrainConfig(training=TrainingConfig(z_loss=1e-4))
    assert digest(here) == digest(there) != digest(other)


def test_more_workers_than_sequences_are_a_broken_rule() -> None:
    rules = figures(TrainConfig(), vocab_size=300, workers=32).rules
    assert [rule.name for rule in rules if rule.required and not rule.holds] == [
        "phase main: global_batch_size 16 is a multiple of the data-parallel size 32"
    ]


def test_layouts_that_do_not_divide_are_one_line() -> None:
    with pytest.raises(ValidationError, match=r"model.num_layers 4 is a multiple of training.parallel.pipeline 3"):
        TrainConfig(training=TrainingConfig(parallel=ParallelConfig(pipeline=3)))


def test_figures_add_up() -> None:
    config = TrainConfig(
        model=ModelConfig(preset="8b"),
        phases=(Phase(tokens=16_000_000_000, sequence_length=4096, global_batch_size=256),),
        training=TrainingConfig(precision="bf16"),
    )
    found = figures(config, vocab_size=128_256, workers=8)
    assert found.parameters == 8_030_261_248
    assert found.memory.weights + found.memory.gradients + 8 * found.memory.optimizer == 18 * found.parameters
    assert found.phases[0].steps == 16_000_000_000 // (4096 * 256)
    assert found.phases[0].flops_per_token == pytest.approx(6 * 7.5e9 + 6 * 32 * 4096 * 4096, rel=0.01)
    assert found.tokens_per_parameter == pytest.approx(2, rel=0.01)
    assert all(rule.holds for rule in found.rules)


def test_micro_batches_fill_a_share() -> None:
    config = TrainConfig()
    assert micro_batch_size(config, Phase(global_batch_size=24, sequence_length=512), 2) == 6
    assert micro_batch_size(config, Phase(global_batch_size=24, sequence_length=8192), 2) == 1


NO_WHOLE_TILES = {
    ("tiny", 2): ["model.hidden_size"],
    **{("350m", tensor): ["model.ffn_hidden_size"] for tensor in (2, 4, 8)},
}
"""Sizes whose share of a process is no multiple of 64."""


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("tensor", [1, 2, 4, 8])
def test_every_preset_keeps_every_rule(preset: str, tensor: int) -> None:
    model = ModelConfig(preset=preset)
    if model.num_query_groups % tensor:
        with pytest.raises(ValidationError, match=r"training\.parallel\.tensor"):
            TrainConfig(model=model, training=TrainingConfig(parallel=ParallelConfig(tensor=tensor)))
        return
    config = TrainConfig(model=model, training=TrainingConfig(parallel=ParallelConfig(tensor=tensor)))
    rules = figures(config, vocab_size=32_768, workers=tensor).rules
    assert all(rule.holds for rule in rules if rule.required)
    advised = [rule.name.split()[0] for rule in rules if not rule.holds]
    assert advised == NO_WHOLE_TILES.get((preset, tensor), [])
    assert sum("64 x training.parallel.tensor" in rule.name for rule in rules) == (1 if tensor == 1 else 3)


def test_the_smallest_layout_that_fits_is_found() -> None:
    phase = Phase(tokens=10**10, sequence_length=4096, global_batch_size=512)

    def smallest(preset: str, workers: int, **training) -> tuple[int, int, bool]:
        settings = TrainingConfig(precision="bf16", **training)
        config = TrainConfig(model=ModelConfig(preset=preset), phases=(phase,), training=settings)
        last = layouts(config, "h100-80gb", vocab_size=128_256, workers=workers)[-1]
        return last.tensor, last.pipeline, last.fits

    assert smallest("1b", 8) == (1, 1, True)
    assert smallest("8b", 64) == (2, 1, True)
    assert smallest("8b", 64, recompute="layer") == (1, 1, True)  # the optimizer is shared out over 64
    assert not smallest("8b", 2)[2]
    assert smallest("70b", 256) == (8, 2, True)
    assert smallest("70b", 256, recompute="layer") == (8, 1, True)
    small = TrainConfig(model=ModelConfig(preset="8b"), phases=(phase,))
    assert inference_bytes(small, vocab_size=128_256) == 2 * 8_030_261_248 + 4 * 32 * 8 * 128 * 4096
    assert inference_bytes(small, vocab_size=128_256) < usable("l4-24gb")


def test_a_batch_ramp_takes_each_global_batch_in_smaller_steps() -> None:
    phase = Phase(tokens=80 * 10, sequence_length=10, global_batch_size=8, first_batch_size=2, ramp_tokens=80 * 4)
    assert [phase.batch_size(step) for step in range(phase.num_steps)] == [2] * 8 + [4] * 4 + [8] * 6
    assert [phase.steps_before(batch) for batch in (0, 1, 2, 3, 4, 5, 10)] == [0, 4, 8, 10, 12, 13, 18]
    assert phase.sequences_before(phase.num_steps) == 80
    rates = [learning_rate([phase.model_copy(update={"schedule": "linear"})], 0, step) for step in (0, 7, 8, 17)]
    assert rates == pytest.approx([1e-3 * (1 - tokens / 800) for tokens in (20, 160, 200, 800)])


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"first_batch_size": 3, "ramp_tokens": 4096}, "first_batch_size 3 does not reach global_batch_size 16"),
        ({"first_batch_size": 4}, "first_batch_size and ramp_tokens go together"),
        ({"schedule": "warmup", "warmup_tokens": 4096}, "schedule warmup rises over the whole phase"),
        ({"first_batch_size": 16, "ramp_tokens": 4096}, "first_batch_size 16 does not reach global_batch_size 16"),
        ({"first_batch_size": 2, "ramp_tokens": 3 * 4096 - 1}, r"hold no step .* \(give at least 12288, a global"),
        ({"schedule": "cosine", "decay_tokens": 4096}, r"cosine has no decay_tokens \(leave it out, or take wsd\)"),
        ({"schedule": "constant", "min_learning_rate": 1e-4}, "schedule constant never falls to min_learning_rate"),
        ({"schedule": "warmup", "min_learning_rate": 1e-4}, "schedule warmup never falls to min_learning_rate"),
        (
            {"schedule": "wsd", "tokens": 409_600, "warmup_tokens": 368_641},
            "a warm-up of 368641 tokens and a decay of 40960 exceed the 409600 that it trains on",
        ),
        ({"tokens": 8191, "warmup_tokens": 4097}, r"a warm-up of 4097 .* exceed the 4096 that .* \(shorten them\)"),
    ],
)
def test_ramps_that_cannot_be_are_one_line(fields: dict, line: str) -> None:
    with pytest.raises(ValidationError, match=line):
        Phase(**fields)


def test_a_phase_that_warms_up_leads_into_the_next() -> None:
    phase = {"sequence_length": 10, "global_batch_size": 1, "tokens": 100}
    phases = (
        Phase(name="a", learning_rate=0.5, schedule="constant", **phase),
        Phase(name="b", learning_rate=1.0, schedule="warmup", **phase),
        Phase(name="c", learning_rate=1.0, schedule="constant", **phase),
    )
    curve = [learning_rate(phases, 1, step) for step in range(10)] + [learning_rate(phases, 2, 0)]
    assert curve == pytest.approx([0.5 + 0.05 * step for step in range(1, 11)] + [1.0])


def test_a_guard_never_raises_a_phases_betas() -> None:
    assert GuardConfig().lowered(OptimizerConfig(beta1=0.9, beta2=0.95)) == (0.85, 0.9)
    assert GuardConfig().lowered(OptimizerConfig(beta1=0.8, beta2=0.95)) == (0.8, 0.9)


def held(parallel: dict[str, int], workers: int, *, training: dict[str, Any] | None = None, **phase) -> Memory:
    """Bytes of a model of 4 layers of 256, 4 heads in 2 groups, 512 wide inside, 8,192 entries; bf16."""
    model = ModelConfig(num_layers=4, hidden_size=256, num_heads=4, num_query_groups=2, ffn_hidden_size=512)
    settings = TrainingConfig(precision="bf16", parallel=ParallelConfig(**parallel), **(training or {}))
    given = {"tokens": 10**8, "sequence_length": 1024, "global_batch_size": 64} | phase
    config = TrainConfig(model=model, phases=(Phase(**given),), training=settings)
    return memory(config, 0, vocab_size=8192, workers=workers)


TABLE = 8192 * 256
LAYER = 256 * (256 + 2 * 128) + 256 * 256 + 3 * 256 * 512 + 2 * 256
KEPT = 8 * 256 + 2 * 128 + 4 * 512
"""Numbers that a layer keeps of a token."""


def test_memory_is_what_one_counts_by_hand() -> None:
    parameters = TABLE + 4 * LAYER + 256
    assert held({}, 1) == Memory(
        weights=2 * parameters,
        gradients=4 * parameters,
        optimizer=12 * parameters,
        activations=2 * 4096 * 4 * KEPT,  # 4 sequences of 1,024 fill a micro batch
        loss=6 * TABLE + 4 * 4096 * 8192,
        published=0,
    )
    ramp = held({}, 1, first_batch_size=1, ramp_tokens=64 * 1024 * 6)
    assert ramp == held({}, 1), "the micro batch is that of the full batch"
    long = held({}, 1, sequence_length=32_768, global_batch_size=2)
    assert long.loss == 6 * TABLE + 512 * 2**20
    shared = held({}, 4)
    assert (shared.optimizer, shared.published) == (12 * TABLE, 2 * TABLE)  # more than a quarter, and in one piece
    assert shared.total == 6 * parameters + shared.optimizer + shared.activations + shared.loss
    assert replace(shared, activations=0, loss=0).total == 6 * parameters + shared.optimizer + shared.published


def test_the_fullest_process_of_a_pipeline_has_all_of_the_embedding() -> None:
    split = held({"pipeline": 2}, 2, training={"micro_batch_size": 1}, sequence_length=64)
    assert split.weights == 2 * (TABLE + 2 * LAYER + 128)
    assert split.loss == 6 * TABLE + 4 * 64 * 8192, "the last, which has a copy of it, and the loss"
    deep = held({"pipeline": 4}, 4, training={"micro_batch_size": 32})
    assert (deep.loss, deep.activations) == (0, 2 * 32 * 1024 * 4 * KEPT), (
        "the first, which has begun four micro batches"
    )


def test_tensor_parallel_processes_share_matrices_and_not_norms() -> None:
    whole, half = held({}, 1), held({"tensor": 2}, 2)
    assert half.weights * 2 == whole.weights
    assert half.activations == 2 * 4096 * 4 * (4 * 256 + (KEPT - 4 * 256) // 2)
    assert half.loss == 6 * TABLE // 2 + 4 * 4096 * 8192 // 2


def test_recomputing_keeps_the_inputs_of_layers_and_all_of_one() -> None:
    assert held({}, 1, training={"recompute": "layer"}).activations == 2 * 4096 * (4 * 256 + KEPT)


def test_the_logits_of_the_loss_are_as_many_as_planned_with() -> None:
    from training.model.loss import CHUNK_BYTES

    assert CHUNK_BYTES["cuda"] == LOSS_CHUNK_BYTES


@pytest.mark.parametrize(
    ("name", "tflops"),
    [
        ("NVIDIA A10", 125),
        ("NVIDIA A10G", None),
        ("NVIDIA L4", 121),
        ("NVIDIA L40S", 362),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA H20", 148),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H100 NVL", 835),
        ("NVIDIA GH200 480GB", 989),
        ("NVIDIA H200", 989),
        ("NVIDIA H200 NVL", 835),
        ("NVIDIA B200", 2250),
        ("NVIDIA GB200", 2500),
        ("NVIDIA GeForce RTX 4090", 165),
        ("NVIDIA GeForce RTX 3090", None),
    ],
)
def test_a_card_is_known_by_whole_words(name: str, tflops: float | None) -> None:
    assert peak_tflops(name) == tflops
