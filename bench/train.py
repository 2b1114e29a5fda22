"""Training steps: ours against a plain PyTorch llama, eager and compiled, transformers' Llama, and torchtitan's.

One process on one thread (or one GPU): the same model, batch and tokens for each, forward, backward, clipping and
AdamW; torchtitan's runs in its own environment, on CPUs only. Each one's compiling and first steps are left out, and
its median step counts. On a CPU contenders take turns in both precisions, and their CPU time is taken, so that other
processes on the machine disturb less; on a GPU each is built, measured and freed before the next, which is alone there.

``ratios`` are our tokens per second over theirs, names ending in ``_bf16`` for bf16. FLOPs per token are 6N + causal
attention, N the weights that multiply (``ModelConfig.flops_per_token``); ``mfu`` is their rate over that of the
fastest product of two square matrices in the same run, ``mfu_published`` (bf16, on a card that is known) over the dense
rate that its maker publishes. ``labels_cost`` is by how much longer our fastest step takes with the losses of 30
labels than with one's. ``data_wait_share`` is what a short run, whose blocks come out of an object store, waits for
data, once its first block is there. ``held_out_cost`` is the share of a training that the held-out loss of 30 labels
takes at ``training.validate``'s defaults.

    python -m bench.train [--record] [--preset tiny] [--vocab-size 16384] [--sequence-length 256] [--batch-size 16]
"""

import gc
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench.command import arguments_of, publish
from bench.peers.environment import command
from bench.peers.llama import PlainLlama
from bench.store import own_store
from smelt.lake import Artifact, Lake
from smelt.recipe.training.cards import peak_tflops
from smelt.recipe.training.config import TrainConfig, TrainingConfig, ValidateConfig
from smelt.recipe.training.model import ModelConfig
from smelt.recipe.training.phases import Phase
from smelt.stage import Context, Resources
from tests.training.artifacts import commit, write_block
from training.blocks.data import Batch, Block
from training.blocks.plan import Vocabulary
from training.local import train_local
from training.model.model import DTYPES
from training.model.processes import device, start_alone
from training.steps.trainer import Trainer

Step = Callable[[], float]
"""Does a step and gives the seconds it took: CPU time, or the GPU's."""


Precision = Literal["fp32", "bf16"]
SUFFIXES: dict[Precision, str] = {"fp32": "", "bf16": "_bf16"}
"""Precisions, and what contenders' names end in."""
PRODUCT = 8192 if torch.cuda.is_available() else 1024
"""Rows of the square matrices whose product is the peak."""
LABELS = 30
BLOCKS, STEPS_PER_BLOCK = 5, 4
"""Of the run that tells how long data are waited for."""


class RandomBlock(Block):
    """A block of random tokens under random labels."""

    def __init__(self, vocab_size: int, num_labels: int = 1) -> None:
        self.vocab_size, self.label_names = vocab_size, [f"label/{number}" for number in range(num_labels)]

    def batch(self, first_sample: int, count: int, sequence_length: int, *, documents: bool = False) -> Batch:
        """The same samples every time."""
        generator = torch.Generator().manual_seed(first_sample)
        tokens = torch.randint(0, self.vocab_size, (count, sequence_length + 1), generator=generator)
        labels = torch.randint(0, len(self.label_names), (count, sequence_length), generator=generator)
        return Batch(tokens[:, :-1], tokens[:, 1:], labels)

    def scale(self, first_sample: int, count: int, sequence_length: int) -> None:
        """All targets have a loss."""


def ours(config: TrainConfig, vocab_size: int, num_labels: int = 1) -> Step:
    """The trainer's whole step: per-label losses, the guard's decision and all."""
    start_alone()
    trainer = Trainer(config, vocabulary=Vocabulary(vocab_size, vocab_size, 0, ""))
    block = RandomBlock(vocab_size, num_labels)
    return timed(lambda: trainer.launch(block, (0, config.phases[0].global_batch_size), 0).result())


def held_out(config: TrainConfig, vocab_size: int) -> Step:
    """The loss of a step's tokens, as the trainer takes it of held-out text."""
    start_alone()
    trainer = Trainer(config, vocabulary=Vocabulary(vocab_size, vocab_size, 0, ""))
    block = RandomBlock(vocab_size, LABELS)
    return timed(lambda: trainer.losses(block, config.phases[0].global_batch_size))


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


def product(precision: str) -> Step:
    """The fastest of five products of two square matrices."""
    square = torch.randn(PRODUCT, PRODUCT, device=device(), dtype=DTYPES[precision])
    multiply = timed(lambda: (square @ square)[0, 0].item())
    return lambda: min(multiply() for _ in range(5))


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
        "ours_labels": lambda: ours(config, vocab_size, LABELS),
        "held_out": lambda: held_out(config, vocab_size),
        "torch_eager": lambda: eager(False),
        "torch_compile": lambda: eager(True),
        "transformers": transformers,
        "torchtitan": lambda: torchtitan(config, vocab_size),
    }


def warm(build: Callable[[], Step]) -> Step:
    """A contender that has compiled and filled its caches."""
    step = build()
    step(), step()
    return step


def measured(
    builders: Mapping[str, Callable[[], Step]], rounds: int, *, together: bool
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Seconds of each contender's steps, and why others were left out.

    Args:
        together: whether all are held at once and take turns, instead of each being freed before the next is built.
    """
    taken: dict[str, list[float]] = {}
    left_out: dict[str, str] = {}
    for names in [list(builders)] if together else [[name] for name in builders]:
        steps: dict[str, Step] = {}
        for name in names:
            try:
                steps[name] = warm(builders[name])
            except Exception as error:  # torch.compile wants a C++ compiler, torchtitan an environment
                left_out[name] = (str(error).splitlines() or [repr(error)])[0]
        for _ in range(rounds):
            for name in steps:
                taken.setdefault(name, []).append(steps[name]())
        steps.clear()
        gc.collect()
        torch.cuda.empty_cache()
    return taken, left_out


def data_wait_share(lake: Lake, home: Path, config: TrainConfig, vocab_size: int) -> float:
    """Share of a short run's time that it waits for data, the first block's steps left out.

    The loop, the block stream and the process that fetches are those of any run (``smelt train --local``).
    """
    phase = config.phases[0]
    vocabulary = Vocabulary(vocab_size, vocab_size, 0, "<|endoftext|>")
    steps = BLOCKS * STEPS_PER_BLOCK
    phase = phase.model_copy(update={"tokens": steps * phase.tokens_per_batch})
    blocks, tokenizer = Artifact("blocks", "bench"), Artifact("tokenizer", "bench")
    generator, records = np.random.default_rng(1), []
    for number in range(BLOCKS):
        size = STEPS_PER_BLOCK * phase.tokens_per_batch + 1
        tokens = generator.integers(0, vocab_size, size).astype(f"u{vocabulary.token_bytes}")
        segments = [(start, f"label/{start // 500 % LABELS}") for start in range(0, size, 500)]
        records.append(write_block(lake, blocks, f"0-{number:05d}", tokens, segments))
    end = {"id": vocabulary.end_of_document, "token": vocabulary.end_token}
    figures = {"vocab_size": vocab_size, "padded_vocab_size": vocab_size, "end_of_document": end}
    files = {"/figures.json": json.dumps(figures).encode()}
    known = tokenizer.write_part(lake, "parts", "tokenizer", files=files, rows=1, stats={})
    context = Context(
        lake=Lake(replace(lake.settings, home=home), url=lake.url),
        config=config.model_copy(update={"phases": (phase,)}),
        resources=Resources(workers=1),
        inputs={"blocks": commit(lake, blocks, records), "tokenizer": commit(lake, tokenizer, [known])},
        external={},
        artifact=Artifact("train", "bench"),
    )
    train_local(context, home / "run")
    lines = [json.loads(line) for line in (home / "run" / "metrics.jsonl").read_text().splitlines()]
    warm = lines[STEPS_PER_BLOCK:]
    return sum(line["data_wait_s"] for line in warm) / sum(line["step_s"] for line in warm)


def share_of_held_out(config: ValidateConfig) -> float:
    """Held-out tokens for each that is trained on, of ``LABELS`` labels."""
    return LABELS * config.tokens_per_label / config.every_tokens if config.every_tokens else 0.0


def _precision(name: str) -> Precision:
    """A contender's precision."""
    return "bf16" if name.endswith(SUFFIXES["bf16"]) else "fp32"


def main() -> None:
    """Measure, print and write."""
    parser = arguments_of(__doc__)
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
    configs = {
        precision: TrainConfig(model=model, phases=(phase,), training=TrainingConfig(precision=precision))
        for precision in SUFFIXES
    }
    builders = {
        name + suffix: build
        for precision, suffix in SUFFIXES.items()
        for name, build in contenders(configs[precision], arguments.vocab_size).items()
    }
    flops_of_product = 2.0 * (PRODUCT**3)
    builders |= {precision: partial(product, precision) for precision in SUFFIXES}
    taken, left_out = measured(builders, arguments.rounds, together=not torch.cuda.is_available())
    fastest = {precision: min(taken.pop(precision)) for precision in SUFFIXES}
    own = {precision: f"ours{suffix}" for precision, suffix in SUFFIXES.items()}
    held = {precision: taken.pop(f"held_out{suffix}", []) for precision, suffix in SUFFIXES.items()}
    labels = {precision: taken.pop(f"ours_labels{suffix}", []) for precision, suffix in SUFFIXES.items()}
    speeds = {name: phase.tokens_per_batch / statistics.median(seconds) for name, seconds in taken.items()}
    peaks = {precision: flops_of_product / seconds / 1e12 for precision, seconds in fastest.items()}
    flops = model.flops_per_token(arguments.vocab_size, phase.sequence_length)
    tflops = {name: speed * flops / 1e12 for name, speed in speeds.items()}
    published = peak_tflops(torch.cuda.get_device_name()) if torch.cuda.is_available() else None
    with own_store() as settings, tempfile.TemporaryDirectory() as home:
        lake = Lake(settings, url="s3://smelt/bench")
        waited = data_wait_share(lake, Path(home), configs["bf16"], arguments.vocab_size)
    figures: dict[str, Any] = {
        "parameters": model.num_parameters(arguments.vocab_size),
        "tokens_per_step": phase.tokens_per_batch,
        "flops_per_token": flops,
        "tokens_per_s": speeds,
        "tflops_per_s": tflops,
        "matmul_tflops_per_s": peaks,
        "mfu": {name: rate / peaks[_precision(name)] for name, rate in tflops.items()},
        **(
            {"mfu_published": {name: rate / published for name, rate in tflops.items() if name.endswith("_bf16")}}
            if published
            else {}
        ),
        "labels_cost": {
            precision: min(seconds) / min(taken[own[precision]]) - 1
            for precision, seconds in labels.items()
            if seconds and own[precision] in taken
        },
        "held_out_cost": {
            precision: min(seconds) / min(taken[own[precision]]) * share_of_held_out(ValidateConfig())
            for precision, seconds in held.items()
            if seconds and own[precision] in taken
        },
        "data_wait_share": waited,
        "left_out": left_out,
    }
    ratios = {
        name: speeds[own[_precision(name)]] / speed
        for name, speed in speeds.items()
        if name not in own.values() and own[_precision(name)] in speeds
    }
    print(json.dumps(figures, indent=2))
    publish({"ratios": ratios, "figures": figures}, arguments)


if __name__ == "__main__":
    main()
