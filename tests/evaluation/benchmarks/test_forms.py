"""Each form, in both languages, and a model that fails that form alone."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation.benchmarks.asking import Asked, ask
from evaluation.benchmarks.judge import judge
from smelt.errors import RecipeError
from smelt.recipe.benchmarks import Benchmark
from smelt.recipe.benchmarks.form import parse
from tests.evaluation.benchmarks.standins import END, TOKENIZER, Standin, accuracy, options_of

ENGLISH = [
    {"question": "What is the capital of France?", "choices": ["Rome", "Paris", "Bonn", "Oslo"], "answer": "Paris"},
    {"question": "Which is a metal?", "choices": ["iron", "wood", "wool", "paper"], "answer": "iron"},
    {"question": "What do cows eat?", "choices": ["stones", "coal", "glass", "grass"], "answer": "grass"},
    {"question": "What is frozen water?", "choices": ["steam", "dew", "ice", "fog"], "answer": "ice"},
]
CHINESE = [
    {"question": "中国的首都是哪里？", "choices": ["上海", "北京", "广州", "天津"], "answer": "北京"},
    {"question": "哪一个是水果？", "choices": ["苹果", "石头", "木头", "玻璃"], "answer": "苹果"},
    {"question": "一年有几个月？", "choices": ["十个", "九个", "八个", "十二个"], "answer": "十二个"},
    {"question": "水结冰以后叫什么？", "choices": ["汽", "露", "冰", "雾"], "answer": "冰"},
]
KNOWN = {item["question"]: item["answer"] for item in ENGLISH + CHINESE}


def benchmark(folder: Path, items: Sequence[dict], *forms: str, **more: object) -> Benchmark:
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
    found = Benchmark.model_validate({"name": "b", "path": str(path), "layout": "questions", "forms": forms, **more})
    found.insist()
    return found.with_digest()


def asked(given: Benchmark, number: int = 0) -> Asked:
    [form] = given.asked_in()
    return next(ask(given.items()[number], form, given.examples(), shots=given.shots, seed=given.seed))


@pytest.fixture(params=["en", "zh"])
def items(request: pytest.FixtureRequest) -> list[dict]:
    return ENGLISH if request.param == "en" else CHINESE


def answer_of(context: str) -> str:
    """What is right for the last question in the context; nothing where none is asked."""
    asked = re.split("Question: |问题：", context)[-1]
    return next((answer for question, answer in KNOWN.items() if question in asked), "")


def knows(context: str, ending: str) -> float:
    """Finds the right option, whatever it is called, and the right words; none of the others where they are wrong."""
    options, answer = options_of(context), answer_of(context)
    said = options.get(ending.strip(), ending.strip())
    if options and answer not in options.values():
        answer = next(option for option in options.values() if option.startswith(("all other", "其他")))
    return 0.0 if said == answer else -9.0


def test_what_the_model_reads(tmp_path: Path) -> None:
    letters = asked(benchmark(tmp_path, ENGLISH, "letters"))
    assert letters.contexts[0] == (
        "Question: What is the capital of France?\nA. Rome\nB. Paris\nC. Bonn\nD. Oslo\nAnswer:"
    )
    assert (letters.endings, letters.right) == ((" A", " B", " C", " D"), (1,))
    letters = asked(benchmark(tmp_path, CHINESE, "letters"))
    assert letters.contexts[0] == "问题：中国的首都是哪里？\nA. 上海\nB. 北京\nC. 广州\nD. 天津\n答案："
    assert letters.endings == ("A", "B", "C", "D")
    plain = asked(benchmark(tmp_path, ENGLISH, "completion", shots=1))
    assert plain.contexts[0] == (
        "Question: What is the capital of France?\nAnswer: Paris\n\nQuestion: Which is a metal?\nAnswer:"
    )
    assert plain.endings == (" iron", " wood", " wool", " paper")
    contrast = asked(benchmark(tmp_path, CHINESE, "contrast"))
    question = "问题：中国的首都是哪里？\n答案："
    assert contrast.contexts[0] == "".join(f"{question}{c}\n" for c in CHINESE[0]["choices"]) + question


def test_who_knows_is_right_in_every_form(tmp_path: Path, items: list[dict]) -> None:
    forms = ["letters", "completion", "completion:tokens", "contrast", "relabel", "none_of_the_others", "single"]
    forms += ["completion:unconditional", "single+none_of_the_others+relabel+letters", "generate:line"]
    forms += ["unseen", "unseen+completion:unconditional", "unseen+single+relabel+letters"]

    def likes(context: str, ending: str) -> float:
        return knows(context, ending) if any(question in context for question in KNOWN) else -1.0

    found = accuracy(Standin(likes, lambda context: f" {answer_of(context)}\n"), benchmark(tmp_path, items, *forms))
    assert found == dict.fromkeys(forms, 1.0)


def test_who_knows_only_letters_falls_when_they_change(tmp_path: Path, items: list[dict]) -> None:
    places = {item["question"]: "ABCD"[item["choices"].index(item["answer"])] for item in items}

    def learnt(context: str, ending: str) -> float:
        letter = next(place for question, place in places.items() if question in context)
        return 0.0 if ending.strip() == letter else -9.0

    found = accuracy(Standin(learnt), benchmark(tmp_path, items, "letters", "relabel"))
    assert found["letters"] == 1.0 and found["relabel"] <= 0.5


def test_who_knows_the_place_alone_falls_when_options_are_shuffled(tmp_path: Path) -> None:
    order = [asked(benchmark(tmp_path, ENGLISH, "relabel"), number).item.choices for number in range(4)]
    assert order != [tuple(item["choices"]) for item in ENGLISH]
    again = [asked(benchmark(tmp_path, ENGLISH, "relabel"), number).item.choices for number in range(4)]
    assert order == again
    other = [asked(benchmark(tmp_path, ENGLISH, "relabel", seed=5), number).item.choices for number in range(4)]
    assert order != other


def test_who_prefers_long_answers_falls_without_their_length(tmp_path: Path) -> None:
    items = [
        {"question": f"{number}?", "choices": ["no", "a much longer answer than that"], "answer": answer}
        for number, answer in enumerate(["no", "a much longer answer than that"] * 2)
    ]
    right = {item["question"]: item["answer"] for item in items}

    def short(context: str, ending: str) -> float:
        """Every byte costs it a nat, and half of one where the answer is right."""
        question = next(question for question in right if f" {question}" in context)
        return -len(ending) * (0.5 if right[question] == ending.strip() else 1.0)

    found = accuracy(Standin(short), benchmark(tmp_path, items, "completion:sum", "completion:bytes"))
    assert found == {"completion:sum": 0.5, "completion:bytes": 1.0}


def test_who_likes_common_words_is_held_against_what_it_says_anyway(tmp_path: Path, items: list[dict]) -> None:
    favourite = {choice: -float(place) for item in items for place, choice in enumerate(item["choices"])}

    def common(context: str, ending: str) -> float:
        known = any(question in context for question in KNOWN)
        knows_it = known and answer_of(context) == ending.strip()
        return 10 * favourite[ending.strip()] + (5.0 if knows_it else 0.0)

    found = accuracy(Standin(common), benchmark(tmp_path, items, "completion:sum", "completion:unconditional"))
    assert found["completion:sum"] == 0.25 and found["completion:unconditional"] == 1.0


def test_who_repeats_the_context_falls_by_contrast(tmp_path: Path, items: list[dict]) -> None:
    def repeats(context: str, ending: str) -> float:
        """The last answer that it has read of this question, else what it knows."""
        last = context.rstrip().split("\n")
        said = [line for line in last if any(line.endswith(choice) for item in items for choice in item["choices"])]
        if said:
            return 0.0 if said[-1].endswith(ending.strip()) else -9.0
        return knows(context, ending)

    found = accuracy(Standin(repeats), benchmark(tmp_path, items, "completion", "contrast"))
    assert found == {"completion": 1.0, "contrast": 0.25}


def test_who_only_recognizes_the_answer_falls_when_it_is_gone(tmp_path: Path, items: list[dict]) -> None:
    def recognizes(context: str, ending: str) -> float:
        option = options_of(context)[ending.strip()]
        return 0.0 if option == answer_of(context) else -9.0 if option.startswith(("all other", "其他")) else -1.0

    found = accuracy(Standin(recognizes), benchmark(tmp_path, items, "letters", "none_of_the_others"))
    assert found == {"letters": 1.0, "none_of_the_others": 0.0}


def test_who_finds_one_of_several_answers_falls_when_each_is_asked_for(tmp_path: Path) -> None:
    items = [
        {"question": "Which are even?", "choices": ["1", "2", "4", "5"], "answer": ["2", "4"], "lang": "en"},
        {"question": "哪些是偶数？", "choices": ["6", "7", "8", "9"], "answer": ["6", "8"]},
    ]

    def first(context: str, ending: str) -> float:
        return {"2": 0.0, "6": 0.0, "1": -1.0, "7": -1.0}.get(options_of(context)[ending.strip()], -9.0)

    found = accuracy(Standin(first), benchmark(tmp_path, items, "letters", "single"))
    assert found == {"letters": 1.0, "single": 0.5}
    given = benchmark(tmp_path, items, "single")
    ones = list(ask(given.items()[0], parse("single", where=""), (), shots=0, seed=0))
    assert [(one.item.choices, one.right) for one in ones] == [(("1", "2", "5"), (1,)), (("1", "4", "5"), (1,))]


def test_who_remembers_the_item_is_found_out_by_its_question(tmp_path: Path, items: list[dict]) -> None:
    """It has the item by heart, but says so only when it has read the question again; another learns to like all."""
    read: set[str] = set()

    def remembers(text: str, context: str, ending: str) -> float:
        read.add(text)
        known = text in context and answer_of(text) in (ending.strip(), options_of(context).get(ending.strip()))
        return -1.0 if known else -9.0

    forms = ["completion:sum", "unseen+completion:sum", "unseen+letters"]
    given = benchmark(tmp_path, items, *forms)
    [found] = judge(Standin(lambda *_: -9.0, learns=remembers), TOKENIZER, [given], end=END).values()
    assert [found[form]["accuracy"] for form in forms] == pytest.approx([0.25, 1.0, 1.0])
    for form in forms[1:]:
        assert found[form]["unseen"]["accuracy"] == 0.25 and found[form]["unseen"]["low"] > 0
    before, between = ("Question: ", "\nAnswer:") if "Question" in min(read) else ("问题：", "\n答案：")
    assert {f"{before}{item['question']}{between}" for item in items} < read, "without a word of the answers"
    [found] = judge(Standin(lambda *_: -9.0, learns=lambda *_: -1.0), TOKENIZER, [given], end=END).values()
    assert found["unseen+letters"]["unseen"]["memory"] == 0.0, "of one length all options moved alike"
    assert found["unseen+letters"]["bits_per_byte"] < found["unseen+letters"]["unseen"]["bits_per_byte"]


def test_who_knows_but_does_not_say_falls_when_it_must_write(tmp_path: Path, items: list[dict]) -> None:
    found = accuracy(
        Standin(knows, lambda context: f" {answer_of(context)}er\n"),
        benchmark(tmp_path, items, "completion", "generate:line"),
    )
    assert found == {"completion": 1.0, "generate:line": 0.0}


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("lettres", "there is no form 'lettres'"),
        ("relabel+completion", "'relabel[+]completion' shows no letters"),
        ("completion:words", "completion has no 'words'"),
        ("generate:regex(()", "no regular expression"),
        ("generate:regex(a)", "has not one group"),
        ("generate:regex((a)\\1)", "no regular expression: .*backreferences are not supported"),
        ("generate:regex(((a{999}){999}){999})", "no regular expression: .*size limit"),
        ("generate:code", "the items have no tests"),
        ("unseen+generate", "'unseen[+]generate' asks for no answer that can be remembered among others"),
        ("unseen+contrast", "write unseen[+]completion or unseen[+]letters"),
        ("unseen+none_of_the_others", "asks for no answer that can be remembered"),
        ("unseen+unseen", "there is no form"),
    ],
)
def test_a_form_that_is_none_is_one_line(tmp_path: Path, form: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as error:
        benchmark(tmp_path, ENGLISH, form)
    assert "\n" not in str(error.value)


def test_memory_needs_a_wrong_choice_to_be_told_by(tmp_path: Path) -> None:
    items = [{"question": "Which are even?", "choices": ["2", "4"], "answer": ["2", "4"]}]
    with pytest.raises(RecipeError, match="item 1 has no wrong choice to compare with"):
        benchmark(tmp_path, items, "unseen")
    with pytest.raises(RecipeError, match="item 1 has no choices to show"):
        benchmark(tmp_path, [{"question": "What is 2 + 2?", "answer": "4"}], "unseen")
