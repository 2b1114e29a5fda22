"""Benchmarks against lm-evaluation-harness: the same model folder, items and machine, one process each.

A Llama of the demo's shape (4 layers of 192, 8,192 tokens) with random weights answers multiple-choice items made of
the documents' sentences, by completion after 5 examples; both should give every item the same answer. All on one core,
in seconds of the processor, so that neighbours don't count; the models are loaded before.

    python -m bench.evaluate --json FILE [--items 200]
"""

import json
import random
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from bench.command import arguments_of, publish
from bench.peers.environment import ask
from evaluation.benchmarks.judge import judge
from evaluation.benchmarks.reader import Reader
from smelt.checkout import CHECKOUT
from smelt.recipe.benchmarks import Benchmark

SHOTS, BATCH = 5, 32
END = "<|end|>"


def model_folder(folder: Path, *, layers: int = 4, width: int = 192, vocab_size: int = 8192) -> Path:
    """A Hugging Face folder with a Llama of random weights, and a tokenizer trained on our own documents."""
    from tokenizers.decoders import ByteLevel as ByteLevelDecoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    alphabet = sorted(ByteLevel.alphabet())
    trainer = BpeTrainer(vocab_size=vocab_size, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(_documents(), trainer)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=width,
            intermediate_size=width * 8 // 3,
            num_hidden_layers=layers,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            initializer_range=0.1,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END, "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(about | {"clean_up_tokenization_spaces": False}))
    return folder


def items(count: int, path: Path) -> Path:
    """Items of four options: how a sentence of our documents goes on. As JSON Lines, one right."""
    draw = random.Random(0)
    sentences = sorted({one.strip() for text in _documents() for one in re.split(r"(?<=[.。])\s", text)})
    halves = [one.split(" ") for one in sentences if "\n" not in one and 12 <= one.count(" ") <= 60]
    pairs = [(" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])) for words in halves]
    rows = []
    for number in range(count):
        question, right = pairs[number % len(pairs)]
        choices = [right, *draw.sample(sorted({end for _, end in pairs} - {right}), 3)]
        draw.shuffle(choices)
        rows.append({"question": f"{number}: {question}", "choices": choices, "answer": right, "lang": "en"})
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def completion_task(name: str, path: Path, shots: Path, *, letters: bool = False) -> dict[str, Any]:
    """lm-evaluation-harness' configuration of the forms ``completion`` and ``letters`` over such items."""
    options = "".join(f"\n{letter}. {{{{choices[{place}]|trim}}}}" for place, letter in enumerate("ABCD"))
    return {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path), "train": str(shots)}},
        "test_split": "test",
        "fewshot_split": "train",
        "fewshot_config": {"sampler": "first_n"},
        "output_type": "multiple_choice",
        "doc_to_text": f"Question: {{{{question|trim}}}}{options if letters else ''}\nAnswer:",
        "doc_to_choice": ["A", "B", "C", "D"] if letters else "{{choices}}",
        "doc_to_target": "{{choices.index(answer)}}",
        "metric_list": [{"metric": "acc"}],
    }


def measure(count: int) -> dict[str, Any]:
    """Seconds of both, how many items they answer alike, and the ratio."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        folder = model_folder(Path(home) / "model")
        path, shots = items(count, Path(home) / "items.jsonl"), items(SHOTS, Path(home) / "shots.jsonl")
        benchmark = Benchmark(
            name="sentences",
            path=str(path),
            layout="questions",
            forms=("completion:sum",),
            shots=SHOTS,
            shots_from=str(shots),
        ).with_digest()
        reader, tokenizer = Reader.of_folder(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
        started = time.process_time()
        ours = judge(reader, tokenizer, [benchmark], end=0)["sentences"]["completion:sum"]
        figures: dict[str, Any] = {"items": count, "seconds": {"smelt": time.process_time() - started}}
        figures["accuracy"] = {"smelt": ours["accuracy"]}
        asked = Path(home) / "asked.json"
        task = completion_task("sentences", path, shots) | {"num_fewshot": SHOTS}
        asked.write_text(json.dumps({"model": str(folder), "batch_size": BATCH, "threads": 1, "tasks": [task]}))
        ratios = {}
        if (theirs := ask("lm_harness", asked)) is not None:
            found = theirs["tasks"]["sentences"]
            figures["seconds"]["lm_eval"] = theirs["seconds"]
            figures["accuracy"]["lm_eval"] = found["figures"]["acc"]
            marks = "".join(str(int(right)) for right in found["right"])
            figures["alike"] = sum(one == other for one, other in zip(marks, ours["right"], strict=True))
            ratios["lm_eval"] = theirs["seconds"] / figures["seconds"]["smelt"]
    return {"ratios": ratios, "figures": figures}


def _documents() -> list[str]:
    return [path.read_text() for path in sorted(CHECKOUT.glob("docs/*.md")) + sorted(CHECKOUT.glob("README*.md"))]


if __name__ == "__main__":
    parser = arguments_of(__doc__)
    parser.add_argument("--items", type=int, default=200, help="items to ask")
    chosen = parser.parse_args()
    result = measure(chosen.items)
    for name, seconds in result["figures"]["seconds"].items():
        accuracy = result["figures"]["accuracy"][name]
        print(f"{name:10} {seconds:8.2f} s, {accuracy:.4f} right")
    print(f"answered alike: {result['figures'].get('alike', 'not measured')} of {chosen.items}")
    publish(result, chosen)
