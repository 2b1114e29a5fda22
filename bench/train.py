"""Training steps: ours against a plain PyTorch llama, eager and compiled, transformers' Llama, and torchtitan's.

One process on one thread (or one GPU): the same model, batch and tokens for each, forward, backward, clipping and
AdamW; torchtitan's runs in its own environment, on CPUs only. Contenders take turns in both precisions, each one's
compiling and first steps are left out, and its median step counts; on a CPU its CPU time, so that other processes on
the machine disturb less.

``ratios`` are our tokens per second over theirs, names ending in ``_bf16`` for bf16. FLOPs per token are 6N + causal
attention, N the weights that multiply (``ModelConfig.flops_per_token``); ``mfu`` is their rate over that of the
fastest product of two square matrices in the same run.

    python -m bench.train --json FILE [--preset tiny] [--vocab-size 16384] [--sequence-length 256] [--batch-size 16]
"""

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench.llama import PlainLlama
from bench.peers.environment import command
from smelt.recipe.model import ModelConfig
from smelt.recipe.phases import Phase
from smelt.recipe.training import TrainConfig, TrainingConfig
from training.data import Batch, Block
from training.model import DTYPES
from training.plan import Vocabulary
from training.processes import device, start_alone
from training.trainer import Trainer

Step = Callable[[], float]
"""Does a step and gives the seconds it took: CPU time, or the GPU's."""


SUFFIXES: dict[Literal["fp32", "bf16"], str] = {"fp32": "", "bf16": "_bf16"}
"""Precisions, and what contenders' names end in."""


class RandomBlock(Block):
    """A block of random tokens under one label."""

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size, self.label_names = vocab_size, ["none"]

    def batch(self, first_sample: int, count: int, sequence_length: int, *, documents: bool = False) -> Batch:
        """The same samples every time."""
        generator = torch.Generator().manual_seed(first_sample)
        tokens = torch.randint(0, self.vocab_size, (count, sequence_length + 1), generator=generator)
        return Batch(tokens[:, :-1], tokens[:, 1:], torch.zeros(count, sequence_length, dtype=torch.long))


def ours(config: TrainConfig, vocab_size: int) -> Step:
    """The trainer's whole step: per-label losses, the guard's decision and all."""
    start_alone()
    trainer = Trainer(config, vocabulary=Vocabulary(vocab_size, vocab_size, 0, ""))
    block = RandomBlock(vocab_size)
    return timed(lambda: trainer.launch(block, (0, config.phases[0].global_batch_size), 0).result())


def plain(model: torch.nn.Module, loss: Callable[[Batch], torch.Tensor], config: TrainConfig, vocab_size: int) -> Step:
    """A training loop's step as one writes it."""
    phase = config.phases[0]
    batch = RandomBlock(vocab_size).batch(0, phase.global_batch_size, phase.sequence_length).to(device())
    adam = torch.optim.AdamW(model.parameters(), lr=phase.learning_rate, betas=(0.9, 0.95), fused=True)

    def step() -> None:
        value = loss(batch)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        value.item()

    return timed(step)


def timed(step: Callable[[], Any]) -> Step:
    """The step with a clock; whatever it launched has ended when it returns."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time

    def seconds() -> float:
        started = clock()
        step()
        return clock() - started

    return seconds


def torchtitan(config: TrainConfig, vocab_size: int) -> Step:
    """torchtitan's parts in a process of their own, which answers a line with the seconds of a step.

    Raises:
        RuntimeError: on a GPU, or when it can't be started.
    """
    if torch.cuda.is_available():
        raise RuntimeError("measured on CPUs only")
    phase, dtype = config.phases[0], DTYPES[config.training.precision]
    shape = {
        **config.model.model_dump(),
        "vocab_size": vocab_size,
        "sequence_length": phase.sequence_length,
        "batch_size": phase.global_batch_size,
        "dtype": str(dtype).removeprefix("torch."),
    }
    line = [*command("torchtitan"), json.dumps(shape)]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    asked, said = process.stdin, process.stdout
    assert asked is not None
    assert said is not None
    if said.readline() != "ready\n":
        raise RuntimeError(f"ended with {process.wait()}")

    def step() -> float:
        asked.write("\n")
        asked.flush()
        return float(said.readline())

    return step


def product(precision: str) -> tuple[Step, float]:
    """A product of two square matrices, and its floating-point operations."""
    size = 8192 if torch.cuda.is_available() else 1024
    square = torch.randn(size, size, device=device(), dtype=DTYPES[precision])
    return timed(lambda: (square @ square)[0, 0].item()), 2.0 * size**3


def contenders(config: TrainConfig, vocab_size: int) -> dict[str, Callable[[], Step]]:
    """Each contender's builder, by name."""
    model, phase, dtype = config.model, config.phases[0], DTYPES[config.training.precision]

    def eager(compiled: bool) -> Step:
        built = PlainLlama(model, vocab_size, phase.sequence_length).to(device(), dtype)
        call = torch.compile(built) if compiled else built
        return plain(built, lambda batch: call(batch.tokens, batch.targets), config, vocab_size)

    def transformers() -> Step:
        settings = LlamaConfig(
            vocab_size=vocab_size,
            hidden_size=model.hidden_size,
            intermediate_size=model.ffn_hidden_size,
            num_hidden_layers=model.num_layers,
            num_attention_heads=model.num_heads,
            num_key_value_heads=model.num_query_groups,
            tie_word_embeddings=model.tied_embeddings,
            max_position_embeddings=phase.sequence_length,
        )
        built = LlamaForCausalLM._from_config(settings, attn_implementation="sdpa", dtype=dtype).to(device=device())

        def loss(batch: Batch) -> torch.Tensor:
            logits = built(batch.tokens, use_cache=False).logits
            return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch.targets.flatten())

        return plain(built, loss, config, vocab_size)

    return {
        "ours": lambda: ours(config, vocab_size),
        "torch_eager": lambda: eager(False),
        "torch_compile": lambda: eager(True),
        "transformers": transformers,
        "torchtitan": lambda: torchtitan(config, vocab_size),
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="bench.train")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--vocab-size", type=int, default=16_384)
    parser.add_argument("--sequence-length", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = ModelConfig(preset=arguments.preset)
    phase = Phase(
        tokens=10**9,  # long enough for ours to compile its kernels
        sequence_length=arguments.sequence_length,
        global_batch_size=arguments.batch_size,
        schedule="constant",
    )
    steps: dict[str, Step] = {}
    left_out: dict[str, str] = {}
    for precision, suffix in SUFFIXES.items():
        config = TrainConfig(model=model, phases=(phase,), training=TrainingConfig(precision=precision))
        for name, build in contenders(config, arguments.vocab_size).items():
            try:
                step = build()
                step(), step()  # compiles, and fills caches
                steps[name + suffix] = step
            except Exception as error:  # torch.compile wants a C++ compiler, torchtitan an environment
                left_out[name + suffix] = str(error).splitlines()[0]
    products = {precision: product(precision) for precision in SUFFIXES}
    taken: dict[str, list[float]] = {name: [] for name in (*steps, *products)}
    for _ in range(arguments.rounds):
        for name, step in steps.items():
            taken[name].append(step())
        for precision, (multiply, _) in products.items():
            taken[precision] += [multiply() for _ in range(5)]
    speeds = {name: phase.tokens_per_batch / statistics.median(taken[name]) for name in steps}
    peaks = {precision: flops / min(taken[precision]) / 1e12 for precision, (_, flops) in products.items()}
    flops = model.flops_per_token(arguments.vocab_size, phase.sequence_length)
    tflops = {name: speed * flops / 1e12 for name, speed in speeds.items()}
    result: dict[str, Any] = {
        "parameters": model.num_parameters(arguments.vocab_size),
        "tokens_per_step": phase.tokens_per_batch,
        "flops_per_token": flops,
        "tokens_per_s": speeds,
        "tflops_per_s": tflops,
        "matmul_tflops_per_s": peaks,
        "mfu": {name: rate / peaks["bf16" if name.endswith("_bf16") else "fp32"] for name, rate in tflops.items()},
        "ratios": {
            name: speeds["ours_bf16" if name.endswith("_bf16") else "ours"] / speed
            for name, speed in speeds.items()
            if not name.startswith("ours")
        },
        "left_out": left_out,
    }
    arguments.json.write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
