"""The memory check on a model that was really trained: on one set with its answers, and on nothing of the other."""

import itertools
import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from evaluation.benchmarks.judge import Stretch, answer, judge
from evaluation.benchmarks.reader import Reader
from evaluation.benchmarks.unseen import copied, restore, study
from smelt.recipe.benchmarks import Benchmark
from tests.evaluation.benchmarks.standins import END, TOKENIZER

SYLLABLES = {"en": [c + v for c in "bdfgklmnprst" for v in "aeiou"], "zh": list("山水火木金土日月风云雨雪花草鸟鱼")}
ASKED = {
    "en": ("What is the {} of {}?", ("colour", "town", "river")),
    "zh": ("{1}的{0}是什么？", ("颜色", "城市", "河流")),
}
SHOWN = {"en": "Question: {}\nAnswer: {}\n", "zh": "问题：{}\n答案：{}\n"}


def invented(draw: random.Random, lang: str) -> dict[str, Any]:
    """A question that nobody can answer who has not read the answer."""
    words = ["".join(pair) for pair in draw.sample(list(itertools.product(SYLLABLES[lang], repeat=2)), 5)]
    asked, kinds = ASKED[lang]
    question = asked.format(draw.choice(kinds), words[0])
    return {"question": question, "choices": words[1:], "answer": draw.choice(words[1:]), "lang": lang}


def trained(items: Sequence[dict[str, Any]], draw: random.Random) -> LlamaForCausalLM:
    """A model that has read these items again and again among others, and then others alone."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=257,
        hidden_size=64,
        intermediate_size=176,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.05,
    )
    model = LlamaForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(220):
        texts = []
        for place in range(12):
            one = invented(draw, "en" if place % 2 else "zh")
            if place < 9 and 40 <= step < 212:
                one = draw.choice(items)
            texts.append([END, *TOKENIZER.encode(SHOWN[one["lang"]].format(one["question"], one["answer"])).ids])
        longest = max(map(len, texts))
        tokens = torch.tensor([text + [END] * (longest - len(text)) for text in texts])
        targets = tokens.masked_fill(tokens == END, -100)
        model(input_ids=tokens, labels=targets).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reader, list[Benchmark]]:
    """The model, and the sets that it knows and doesn't; each has half its items in Chinese."""
    draw, folder, found = random.Random(0), tmp_path_factory.mktemp("sets"), []
    sets = {name: [invented(draw, "en" if number % 2 else "zh") for number in range(16)] for name in ("known", "new")}
    for name, items in sets.items():
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(item) + "\n" for item in items))
        one = Benchmark(name=name, path=str(path), layout="questions", forms=("completion", "unseen"))
        one.insist()
        found.append(one.with_digest())
    return Reader(trained(sets["known"], draw), vocab_size=257, longest=128), found


def test_who_was_trained_on_the_items_is_told_from_who_was_not(asked: tuple[Reader, list[Benchmark]]) -> None:
    reader, sets = asked
    weights = {name: value.clone() for name, value in reader.model.state_dict().items()}
    found = judge(reader, TOKENIZER, sets, end=END)
    known, new = (found[name]["unseen"]["unseen"] for name in ("known", "new"))
    assert 0 < known["low"] < known["memory"] < known["high"]
    assert new["low"] < new["memory"] < min(new["high"], known["low"]) and new["low"] <= 0
    for forms in found.values():
        assert forms["unseen"]["unseen"]["accuracy"] == forms["completion"]["accuracy"], "before, in the same words"
        assert forms["unseen"]["unseen"]["bits_per_byte"] == pytest.approx(
            forms["completion"]["bits_per_byte"], abs=1e-3
        )
    assert all(torch.equal(value, weights[name]) for name, value in reader.model.state_dict().items())
    assert judge(reader, TOKENIZER, sets, end=END) == found, "the same again"


def test_an_item_is_judged_as_if_it_were_alone(asked: tuple[Reader, list[Benchmark]]) -> None:
    reader, sets = asked
    rows = answer(reader, TOKENIZER, sets, Stretch(0, "unseen", 0, 4), end=END)
    [alone] = answer(reader, TOKENIZER, sets, Stretch(0, "unseen", 3, 4), end=END)
    assert rows[3] == {**alone, "gained": pytest.approx(alone["gained"], abs=1e-3)}
    assert rows[3]["gold_bits"] != rows[3]["bits_before"]


def test_a_copy_learns_the_text_and_is_what_it_was_again(asked: tuple[Reader, list[Benchmark]]) -> None:
    """In half precision too, whose own weights such steps would not move."""
    model = asked[0].model.to(torch.bfloat16)
    text = [END, *TOKENIZER.encode("Question: What is the town of lulu?\nAnswer:").ids]

    @torch.no_grad()
    def loss(of: Any) -> float:
        return float(of(input_ids=torch.tensor([text]), labels=torch.tensor([text])).loss)

    copy = copied(model)
    before = loss(copy)
    study(copy, text, vocab_size=257)
    assert loss(copy) < before - 0.1
    restore(copy, model)
    assert loss(copy) == before
    pairs = zip(copy.parameters(), model.parameters(), strict=True)
    assert all(torch.equal(own, given.float()) for own, given in pairs)
