"""From an item and a form to what the model is given: contexts, and what may follow them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from smelt.recipe.benchmarks.form import Form
from smelt.recipe.benchmarks.item import LETTERS, Item

LABELS = ("一二三四五六七八九十", "①②③④⑤⑥⑦⑧⑨⑩", ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"))
"""What ``relabel`` puts in place of A, B, C."""
WORDS = {"en": ("Question: ", "\nAnswer:", " "), "zh": ("问题：", "\n答案：", "")}
"""Before a question, between it and its answer, and before the answer's words."""
OTHERS_WRONG = {"en": "all other answers are wrong", "zh": "其他答案全错"}


@dataclass(frozen=True)
class Asked:
    """A question as the model meets it.

    Attributes:
        id: of the item; with ``single`` that of the item and the answer.
        contexts: what stands before each of ``endings``; one for all of a generated answer.
        endings: what is scored; of ``generate`` the right answers.
        right: indices of the right endings.
        question: the context without examples; empty where ``contexts`` differ.
        bare: the context without question and examples, for an ending's likelihood by itself.
        labels: of letters, what each option is called.
        item: as it was asked, its options changed.
    """

    id: str
    contexts: tuple[str, ...]
    endings: tuple[str, ...]
    right: tuple[int, ...]
    question: str
    bare: str
    labels: tuple[str, ...]
    item: Item


def ask(item: Item, form: Form, examples: Sequence[Item], *, shots: int, seed: int) -> Iterator[Asked]:
    """The item in that form: once, or with ``single`` once for each right answer.

    Args:
        examples: to take the ``shots`` from: those of the item's subject, else the first ones.
        seed: of shuffled options and labels; an item's are the same whatever is asked beside it.
    """
    own = [example for example in examples if example.subject == item.subject]
    shown = (own if len(own) >= shots else list(examples))[:shots]
    for one in _single(item) if "single" in form.changes else [item]:
        before = "".join(_shown(_single(example)[0], form, seed) + "\n\n" for example in shown)
        changed, labels = _change(one, form, seed)
        endings = _endings(changed, form, labels)
        times = 1 if form.style == "generate" else len(endings)
        question = "" if changed.contexts else _question(changed, form, labels)
        contexts = tuple(before + own for own in changed.contexts)
        yield Asked(
            id=one.id,
            contexts=contexts or (before + question,) * times,
            endings=endings,
            right=changed.right or tuple(range(len(endings))),
            question=question,
            bare="" if changed.goes_on else WORDS[item.lang][1].lstrip(),
            labels=labels,
            item=changed,
        )


def _shown(item: Item, form: Form, seed: int) -> str:
    """An example with its answer."""
    changed, labels = _change(item, form, seed)
    if changed.contexts:
        return changed.contexts[changed.right[0]] + changed.question
    ending = _spaced(item, item.shown) if item.shown else _endings(changed, form, labels)[(*changed.right, 0)[0]]
    return _question(changed, form, labels) + ending


def _single(item: Item) -> list[Item]:
    """An item for each of its right answers, among the wrong ones."""
    if len(item.right) < 2:
        return [item]
    found = []
    for index in item.right:
        kept = [place for place in range(len(item.choices)) if place == index or place not in item.right]
        one = item.with_choices(tuple(item.choices[place] for place in kept), (kept.index(index),))
        found.append(replace(one, id=f"{item.id}/{index}"))
    return found


def _change(item: Item, form: Form, seed: int) -> tuple[Item, tuple[str, ...]]:
    labels = tuple(LETTERS[: len(item.choices)])
    if "none_of_the_others" in form.changes:
        first, rest = item.right[0], item.right[1:]
        kept = [index for index in range(len(item.choices)) if index not in rest]
        choices = tuple(OTHERS_WRONG[item.lang] if index == first else item.choices[index] for index in kept)
        item = item.with_choices(choices, (kept.index(first),))
        labels = labels[: len(choices)]
    if "relabel" in form.changes:
        draw = random.Random(f"{seed}/{item.id}")
        order = draw.sample(range(len(item.choices)), len(item.choices))
        choices = tuple(item.choices[index] for index in order)
        item = item.with_choices(choices, tuple(order.index(index) for index in item.right))
        labels = tuple(draw.choice(LABELS)[: len(choices)])
    return item, labels


def _question(item: Item, form: Form, labels: Sequence[str]) -> str:
    before, between, _ = WORDS[item.lang]
    if form.style == "letters" or form.option == "letter":
        options = "".join(f"\n{label}. {choice.strip()}" for label, choice in zip(labels, item.choices, strict=True))
        return f"{before}{item.question.strip()}{options}{between}"
    text = item.question if item.goes_on else f"{before}{item.question.strip()}{between}"
    if form.style == "contrast":
        said = [text + _spaced(item, choice) + "\n" for choice in item.choices]
        return "".join(said) + text
    return text


def _endings(item: Item, form: Form, labels: Sequence[str]) -> tuple[str, ...]:
    space = WORDS[item.lang][2]
    if form.style == "letters" or form.option == "letter":
        unclear = any(one != other and other.startswith(one) for one in labels for other in labels)
        return tuple(space + label + "\n" * unclear for label in labels)  # "I" would always be likelier than "II"
    if item.contexts:
        return (item.question,) * len(item.contexts)
    return tuple(_spaced(item, answer) for answer in item.choices or item.texts)


def _spaced(item: Item, answer: str) -> str:
    return answer if item.goes_on else WORDS[item.lang][2] + answer.strip()
