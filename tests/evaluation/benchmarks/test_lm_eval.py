"""lm-evaluation-harness itself, on the same model folder and items: every item is answered alike in three forms."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from bench.evaluate import completion_task, items, model_folder
from bench.peers.environment import ask
from evaluation.benchmarks.encoding import encode
from evaluation.benchmarks.judge import judge
from evaluation.benchmarks.reader import Reader
from smelt.recipe.benchmarks import Benchmark

SHOTS, TOKENS = 2, 12


def _generate_task(path: Path, shots: Path) -> dict[str, Any]:
    whole_line = {"function": "regex", "regex_pattern": r"^\s*(.*?)\s*(?:\n|$)"}
    return completion_task("generate", path, shots) | {
        "output_type": "generate_until",
        "doc_to_target": "{{answer}}",
        "doc_to_choice": None,
        "metric_list": [{"metric": "exact_match"}],
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": TOKENS, "do_sample": False},
        "filter_list": [{"name": "line", "filter": [whole_line, {"function": "take_first"}]}],
    }


def _free(path: Path, rows: list[dict[str, str]]) -> Path:
    asked = [{name: row[name] for name in ("question", "answer", "lang")} for row in rows]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in asked))
    return path


def _written(path: Path, shots: Path, reader: Reader, tokenizer: Tokenizer) -> tuple[Path, Path]:
    """Items and examples without choices; of half the items the answer is what the model writes."""
    rows, examples = ([json.loads(line) for line in one.read_text().splitlines()] for one in (path, shots))
    before = "".join(f"Question: {row['question']}\nAnswer: {row['answer'].strip()}\n\n" for row in examples)
    prompts = [[0, *encode(tokenizer, f"{before}Question: {row['question'].strip()}\nAnswer:")] for row in rows]
    for row, ids in zip(rows[::2], reader.write(prompts[::2], TOKENS, lambda new: new[-1] == 0), strict=True):
        row["answer"] = tokenizer.decode(ids).partition("\n")[0].strip() or "nothing"
    return _free(path.with_name("written.jsonl"), rows), _free(path.with_name("free.jsonl"), examples)


def test_every_item_is_answered_as_lm_eval_has_it(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", layers=2, width=96, vocab_size=1500)
    reader, tokenizer = Reader.of_folder(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    path, shots = items(40, tmp_path / "items.jsonl"), items(SHOTS, tmp_path / "shots.jsonl")
    written, free = _written(path, shots, reader, tokenizer)
    # a code probe's kind: the answer's first characters merge with the context's last ones
    probes = tmp_path / "probes.jsonl"
    choices = [").\n", "](docs", ": the", "s and"]
    rows = [{"prompt": f"run `smelt check` ({word}", "answer": choices[0], "choices": choices} for word in "abcdefgh"]
    probes.write_text("".join(json.dumps(row) + "\n" for row in rows))
    probe_task = completion_task("probes", probes, probes) | {
        "doc_to_text": "{{prompt}}",
        "target_delimiter": "",
        "num_fewshot": 0,
    }
    tasks = [
        completion_task("completion", path, shots) | {"num_fewshot": SHOTS},
        completion_task("letters", path, shots, letters=True) | {"num_fewshot": SHOTS},
        _generate_task(written, free) | {"num_fewshot": SHOTS},
        probe_task,
    ]
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps({"model": str(folder), "batch_size": 16, "threads": 1, "tasks": tasks}))
    theirs = ask("lm_harness", asked)
    assert theirs is not None and theirs["first"] == 0, "it begins texts with the end-of-document token, as we do"

    def set_of(name: str, path: Path, form: str, **more: object) -> Benchmark:
        given = {"layout": "questions", "shots": SHOTS, "shots_from": str(shots)} | more
        return Benchmark.model_validate({"name": name, "path": str(path), "forms": [form], **given}).with_digest()

    sets = [
        set_of("completion", path, "completion:sum"),
        set_of("letters", path, "letters"),
        set_of("generate", written, "generate:line", max_new_tokens=TOKENS, shots_from=str(free)),
        set_of("probes", probes, "completion:sum", layout="plain", shots=0, shots_from=""),
    ]
    ours = judge(reader, tokenizer, sets, end=0)
    for name, forms in ours.items():
        [score] = forms.values()
        figures = theirs["tasks"][name]
        accuracy = figures["figures"]["exact_match" if name == "generate" else "acc"]
        assert score["right"] == "".join(str(int(right)) for right in figures["right"]), name
        assert abs(score["accuracy"] - accuracy) < 1e-4
    assert 0.2 < ours["generate"]["generate:line"]["accuracy"] < 0.8
