"""Training steps: ours against a plain PyTorch llama, eager and compiled, and transformers' Llama.

One process on one thread (or one GPU): the same model, batch and tokens for each, forward, backward, clipping and
AdamW. Contenders take turns, and each one's median step counts; on a CPU its CPU time, so that other processes on
the machine disturb less.

    python -m bench.train --json FILE [--preset tiny] [--precision fp32] [--steps 7]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench.llama import PlainLlama
from smelt.recipe.model import ModelConfig
from smelt.recipe.phases import Phase
from smelt.recipe.training import TrainConfig, TrainingConfig
from training.data import Batch, Block
from training.model import DTYPES
from training.plan import Vocabulary
from training.processes import device, start_alone
from training.trainer import Trainer

Step = Callable[[], float]


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
    return lambda: trainer.launch(block, (0, config.phases[0].global_batch_size), 0).result().loss or 0.0


def plain(model: torch.nn.Module, loss: Callable[[Batch], torch.Tensor], config: TrainConfig, vocab_size: int) -> Step:
    """A training loop's step as one writes it."""
    phase = config.phases[0]
    batch = RandomBlock(vocab_size).batch(0, phase.global_batch_size, phase.sequence_length).to(device())
    adam = torch.optim.AdamW(model.parameters(), lr=phase.learning_rate, betas=(0.9, 0.95), fused=True)

    def step() -> float:
        value = loss(batch)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        return value.item()

    return step


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
    }


def seconds(step: Step) -> float:
    """Seconds of one step: CPU time, or the GPU's."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    started = clock()
    step()
    return clock() - started


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="bench.train")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--precision", default="fp32", choices=sorted(DTYPES))
    parser.add_argument("--vocab-size", type=int, default=16_384)
    parser.add_argument("--sequence-length", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    length, batch = arguments.sequence_length, arguments.batch_size
    phase = Phase(tokens=10**9, sequence_length=length, global_batch_size=batch, schedule="constant")
    config = TrainConfig(
        model=ModelConfig(preset=arguments.preset),
        phases=(phase,),
        training=TrainingConfig(precision=arguments.precision),
    )
    steps: dict[str, Step] = {}
    left_out: dict[str, str] = {}
    for name, build in contenders(config, arguments.vocab_size).items():
        try:
            steps[name] = build()
            steps[name](), steps[name]()  # compiles, and fills caches
        except Exception as error:  # torch.compile wants a C++ compiler, which a machine may lack
            left_out[name] = str(error).splitlines()[0]
            steps.pop(name, None)
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(arguments.steps):
        for name, step in steps.items():
            taken[name].append(seconds(step))
    speeds = {name: phase.tokens_per_batch / statistics.median(times) for name, times in taken.items()}
    flops = config.model.flops_per_token(arguments.vocab_size, length)
    result: dict[str, Any] = {
        "parameters": config.model.num_parameters(arguments.vocab_size),
        "precision": arguments.precision,
        "tokens_per_step": phase.tokens_per_batch,
        "flops_per_token": flops,
        "tokens_per_s": speeds,
        "tflops_per_s": {name: speed * flops / 1e12 for name, speed in speeds.items()},
        "ratios": {name: speeds["ours"] / speed for name, speed in speeds.items() if name != "ours"},
        "left_out": left_out,
    }
    arguments.json.write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
