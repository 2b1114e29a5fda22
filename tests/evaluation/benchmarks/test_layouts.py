"""Items from each published layout, and one line for each row that is none."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smelt.errors import RecipeError
from smelt.recipe.benchmarks import Benchmark, Item
from smelt.recipe.decontaminate import Benchmark as Listed
from smelt.recipe.decontaminate import DecontaminateConfig, with_evaluation
from smelt.recipe.decontaminate import with_digests as with_decontamination_digests
from smelt.recipe.evaluate import EvaluateConfig
from smelt.recipe.probes import ProbeSet

HUB_MMLU = {"question": "2+2?", "subject": "maths", "choices": ["1", "2", "3", "4"], "answer": 3}
ARC = {
    "id": "x1",
    "question": {"stem": "Hot?", "choices": [{"text": "sun", "label": "1"}, {"text": "ice", "label": "2"}]},
    "answerKey": "1",
}
HUB_ARC = {"id": "x1", "question": "Hot?", "choices": {"text": ["sun", "ice"], "label": ["A", "B"]}, "answerKey": "A"}
HELLASWAG = {
    "ind": 4,
    "activity_label": "Cooking",
    "ctx_a": "A man cooks.",
    "ctx_b": "he",
    "endings": ["eats. [step] Then rests.", "flies."],
    "label": 0,
}
WINOGRANDE = {"qID": "q", "sentence": "The cup fell, so _ broke.", "option1": "it", "option2": "sky", "answer": "1"}
HUMANEVAL = {
    "task_id": "H/0",
    "prompt": "def add(a, b):\n",
    "canonical_solution": "    return a + b\n",
    "test": "def check(f):\n    assert f(1, 2) == 3\n",
    "entry_point": "add",
}
MBPP = {"task_id": 1, "text": "Add.", "code": "def add(a, b): return a + b", "test_list": ["assert add(1, 2) == 3"]}
ROWS = {
    "mmlu": (HUB_MMLU, "4"),
    "arc": (ARC, "sun"),
    "hellaswag": (HELLASWAG, " eats. Then rests."),
    "winogrande": (WINOGRANDE, "it"),
    "piqa": ({"goal": "Open it", "sol1": "pull", "sol2": "burn", "label": 0}, "pull"),
    "gsm8k": ({"question": "How many?", "answer": "1 + 1000.\n#### 1,001"}, "1001"),
    "lambada": ({"text": "She opened the door"}, " door"),
    "humaneval": (HUMANEVAL, "    return a + b\n"),
    "mbpp": (MBPP, "def add(a, b): return a + b"),
    "plain": ({"prompt": "a", "answer": "b", "choices": ["b", "c"]}, "b"),
    "questions": ({"question": "a", "answer": ["c"], "choices": ["b", "c"]}, "c"),
}


def gold_of(item: Item) -> str:
    """The first right answer's words."""
    return item.choices[item.right[0]] if item.choices else item.texts[0]


def read(path: Path, layout: str, **more: object) -> Benchmark:
    execute = layout in ("humaneval", "mbpp")
    given = {"name": "b", "path": str(path), "layout": layout, "execute": execute, **more}
    found = Benchmark.model_validate(given)
    found.insist()
    return found.with_digest()


@pytest.mark.parametrize("layout", ROWS)
def test_a_set_is_read_as_it_was_published(tmp_path: Path, layout: str) -> None:
    row, gold = ROWS[layout]
    path = tmp_path / "set.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    [item] = read(path, layout).items()
    assert gold_of(item) == gold
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps({"nothing": 1}))
    with pytest.raises(RecipeError, match=r"set\.jsonl:1: ") as error:
        read(path, layout)
    assert "\n" not in str(error.value)


def test_chinese_exams_and_folders_of_subjects(tmp_path: Path) -> None:
    for folder in ("ceval/val", "ceval/dev", "mmlu"):
        (tmp_path / folder).mkdir(parents=True)
    head = "id,question,A,B,C,D,answer,explanation\n"
    (tmp_path / "ceval/val/law_val.csv").write_text(head + '0,"甲，乙？",一,二,三,四,B,\n')
    (tmp_path / "ceval/dev/law_dev.csv").write_text(head + "0,丙？,一,二,三,四,A,因为\n")
    ceval = read(tmp_path / "ceval/val", "ceval", shots=1, shots_from=str(tmp_path / "ceval/dev"), forms=["letters"])
    [item] = ceval.items()
    assert (item.question, gold_of(item), item.lang, item.subject) == ("甲，乙？", "二", "zh", "law")
    assert ceval.examples()[0].subject == "law"
    (tmp_path / "cmmlu.csv").write_text("﻿,Question,A,B,C,D,Answer\n0,问,一,二,三,四,AC\n")
    assert read(tmp_path / "cmmlu.csv", "cmmlu").items()[0].right == (0, 2)
    (tmp_path / "mmlu/physics_test.csv").write_text('"What, then?",w,x,y,z,D\n')
    [item] = read(tmp_path / "mmlu", "mmlu").items()
    assert (item.question, gold_of(item), item.subject) == ("What, then?", "z", "physics")
    pq.write_table(pa.Table.from_pylist([HUB_MMLU]), tmp_path / "hub.parquet")
    assert gold_of(read(tmp_path / "hub.parquet", "mmlu").items()[0]) == "4"
    (tmp_path / "arc.jsonl").write_text(json.dumps(HUB_ARC))
    assert read(tmp_path / "arc.jsonl", "arc").items()[0].right == (0,)


def test_a_gap_is_filled_before_the_rest_of_the_sentence(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(WINOGRANDE))
    [item] = read(path, "winogrande").items()
    assert item.contexts == ("The cup fell, so it", "The cup fell, so sky") and item.question == " broke."
    with pytest.raises(RecipeError, match="no choices to show"):
        read(path, "winogrande", forms=["letters"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "set.jsonl:1: not JSON"),
        ("[1]", "not a JSON object"),
        ('{"question": " ", "answer": "a"}', "the question is empty"),
        ('{"question": "q", "answer": "a", "choices": ["a", "a"]}', "comes twice"),
        ('{"question": "q", "answer": "a", "choices": ["b", "c"]}', "not among the choices"),
        ('{"question": "q", "answer": "a", "choices": "ab"}', "no list of texts"),
        ("", "has no item to ask"),
    ],
)
def test_a_row_that_is_no_item_is_one_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(content)
    with pytest.raises(RecipeError, match=told):
        read(path, "questions")
    for wrong in (tmp_path / "nowhere.jsonl", tmp_path / "empty"):
        with pytest.raises(RecipeError, match="no such file"):
            read(wrong, "questions")


def test_programs_are_not_run_unasked(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(HUMANEVAL))
    with pytest.raises(RecipeError, match="are not run unasked"):
        read(path, "humaneval", execute=False)


def test_decontamination_takes_the_evaluations_own_sets(tmp_path: Path) -> None:
    own, plain = tmp_path / "arc.jsonl", tmp_path / "plain.jsonl"
    own.write_text(json.dumps(ARC))
    plain.write_text(json.dumps({"prompt": "a", "answer": "b", "choices": ["b", "c"]}))
    evaluate = EvaluateConfig(
        probes=(ProbeSet(name="documents", path="recipes/probes/demo.yaml"),),
        benchmarks=(Benchmark(name="p", path=str(plain)), Benchmark(name="q", path=str(own), layout="arc")),
    )
    listed = DecontaminateConfig(benchmarks=(Listed(name="q", path=str(tmp_path / "other.jsonl")),))
    (tmp_path / "other.jsonl").write_text(json.dumps({"prompt": "c"}))
    found = with_decontamination_digests(with_evaluation(listed, evaluate))
    told = [(item.name, item.texts()) for item in found.benchmarks]
    assert told == [("q", ["c"]), ("p", ["a b"]), ("evaluate-q", ["Hot? sun"])], "and no probe: they ask what it says"
    assert all(item.digest for item in found.benchmarks)
    assert with_evaluation(found, evaluate) == found, "a set comes once"
    assert with_evaluation(DecontaminateConfig(evaluation=False), evaluate).benchmarks == ()
