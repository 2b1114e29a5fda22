"""What decontamination finds, held to what was planted: items verbatim in another spelling, paraphrased, translated,
and phrases that items share with ordinary text.

The documents are what installed packages say of themselves, with an item or a phrase planted in each; the figures of
``docs/decontamination.md`` are those of this test.
"""

import random
import re

import pyarrow as pa
import pytest

from smelt.recipe.decontaminate import DecontaminateConfig
from tasks.decontaminate.grams import collect, find
from tests.tasks.test_dedup_truth import real_documents
from tests.tasks.texts import CHINESE, ENGLISH, chinese, english

ITEMS = 40
"""Items of each language, and documents that each kind is planted in."""
PHRASES = (
    "at the end of the day it is what it is",
    "the quick brown fox jumps over the lazy dog",
    "please do not hesitate to contact us if you have any questions",
    "to be or not to be that is the question",
)
"""Of up to 12 words: an item may hold them, and so may anybody."""
CODE = ("if __name__ == '__main__': main()", "for i in range(len(numbers)): total += numbers[i]")
"""The same in code: of fewer than 13 names and operators."""
LONG = {
    "a licence's words": "Permission is hereby granted, free of charge, to any person obtaining a copy of this",
    "customary imports": "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt",
}
"""Of 13 words and more, in items and in anybody's text."""


def respelled(text, draw):
    return re.sub(r"[ ，]", lambda _: draw.choice([" ", "  ", "\n", " - ", ", "]), text.upper())


def reworded(text, every, draw):
    words = text.split()
    for place in range(draw.randrange(every), len(words), every):
        words[place] = f"other{draw.randrange(100)}"
    return " ".join(words)


@pytest.fixture(scope="module")
def measured():
    """The share of planted documents that are hit, by kind."""
    draw = random.Random(11)
    items = [english(1000 + number, 30) for number in range(ITEMS)]
    chinese_items = [chinese(2000 + number, 5) for number in range(ITEMS)]
    asked = [f"Who says {said}, and why in the winter of {number}?" for number, said in enumerate(PHRASES + CODE)]
    asked += [f"What is this, and where is it from? {said}" for said in LONG.values()]
    kinds = {
        "nothing": ["" for _ in range(2 * ITEMS)],
        "verbatim": [respelled(item, draw) for item in items],
        "every 20th word another": [reworded(item, 20, draw) for item in items],
        "every 10th word another": [reworded(item, 10, draw) for item in items],
        "translated": [CHINESE] * ITEMS,
        "phrases": [draw.choice(PHRASES) for _ in range(ITEMS)],
        "code": [draw.choice(CODE) for _ in range(ITEMS)],
        **{kind: [said] * ITEMS for kind, said in LONG.items()},
    }
    shares = hit_shares([ENGLISH, *items, *asked], kinds, draw)
    return shares | hit_shares(chinese_items, {"Chinese": [respelled(item, draw) for item in chinese_items]}, draw)


def hit_shares(items, kinds, draw):
    grams = collect([items], DecontaminateConfig())
    real = [text for text in real_documents() if not len(find(pa.array([text], pa.large_string()), grams))]
    shares = {}
    for kind, planted in kinds.items():
        texts = []
        for body, passage in zip(real, planted, strict=False):
            at = body.find(" ", draw.randrange(len(body) // 2)) % len(body)
            texts.append(f"{body[:at]} {passage} {body[at:]}")
        assert len(texts) == len(planted)
        hit = set(find(pa.array(texts, pa.large_string()), grams)["row"].tolist())
        shares[kind] = len(hit) / len(texts)
    return shares


def test_items_are_found_in_another_spelling_and_what_few_words_have_in_common_is_none(measured):
    assert {kind: measured[kind] for kind in ("verbatim", "Chinese", "every 20th word another")} == {
        "verbatim": 1,
        "Chinese": 1,
        "every 20th word another": 1,
    }
    assert {kind: measured[kind] for kind in ("nothing", "phrases", "code")} == {"nothing": 0, "phrases": 0, "code": 0}


def test_what_it_cannot_tell_is_known(measured):
    assert measured["every 10th word another"] == measured["translated"] == 0
    assert all(measured[kind] == 1 for kind in LONG), "13 words that everybody writes look like an item that has them"
