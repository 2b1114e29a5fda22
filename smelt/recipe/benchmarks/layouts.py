"""The layouts in which benchmarks are published, and how a row of each becomes an item.

Field names are those of the sets' own files and of their copies on the hub, which differ: ``mmlu`` is CSV without a
header at its authors' and Parquet with ``choices`` on the hub. Each adapter takes both.
"""

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from smelt.errors import RecipeError
from smelt.recipe.benchmarks.item import LETTERS, Item

Row = dict[str, Any]


def plain(row: Row, where: str, subject: str) -> Item:
    """``prompt`` and ``answer`` (or a list of them), with ``choices`` of which the answer is one; texts go on as is."""
    return _plain(row, where, subject, question="prompt", goes_on=True)


def questions(row: Row, where: str, subject: str) -> Item:
    """``question``, ``answer`` and ``choices``: asked with "Question:" and "Answer:", and not gone on from."""
    return _plain(row, where, subject, question="question", goes_on=False)


def _plain(row: Row, where: str, subject: str, *, question: str, goes_on: bool) -> Item:
    answers = row.get("answer")
    answers = answers if isinstance(answers, list) else [answers]
    text = _text(row, question, where=where)
    if not all(isinstance(answer, str) and answer for answer in answers) or not answers:
        raise RecipeError("has no 'answer'", where=where, mend="add it, in quotes")
    choices = row.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise RecipeError("the choices are no list of texts", where=where, mend='write "choices": ["one", "two"]')
    if missing := [answer for answer in answers if choices and answer not in choices]:
        raise RecipeError(
            f"the answer {missing[0]!r} is not among the choices", where=where, mend="add it to `choices`"
        )
    return Item(
        id=str(row.get("id", "")),
        question=text,
        choices=tuple(choices),
        right=tuple(choices.index(answer) for answer in answers) if choices else (),
        texts=tuple(answers),
        goes_on=goes_on,
        lang=str(row.get("lang", "")),
        subject=str(row.get("subject", subject)),
    )


def lettered(row: Row, where: str, subject: str) -> Item:
    """ceval and cmmlu: ``question``, ``A`` … ``D``, ``answer`` as letters (``AC`` where several are right)."""
    row = {name.strip().lower(): value for name, value in row.items() if isinstance(name, str)}
    options = [letter for letter in LETTERS if _given(row.get(letter.lower()))]
    answer = _text(row, "answer", where=where).strip().upper()
    return Item(
        id=str(row.get("id") or ""),
        question=_text(row, "question", where=where),
        choices=tuple(str(row[letter.lower()]) for letter in options),
        right=_indices(re.findall("[A-J]", answer), options, where),
        lang="zh",
        subject=str(row.get("subject") or subject),
    )


def mmlu(row: Row, where: str, subject: str) -> Item:
    """mmlu: CSV without header (question, options, letter), or ``question``, ``choices``, ``answer`` as index."""
    if "choices" not in row:
        cells = [str(value) for value in row.values()]
        if len(cells) < 6:
            raise RecipeError(f"has {len(cells)} cells, not 6", where=where, mend="question, A, B, C, D, answer")
        options = list(LETTERS[: len(cells) - 2])
        right = _indices([cells[-1].strip().upper()], options, where)
        return Item("", cells[0], tuple(cells[1:-1]), right, subject=subject)
    answer = row.get("answer")
    letters = LETTERS[: len(row["choices"])]
    right = (answer,) if isinstance(answer, int) else _indices([str(answer).strip().upper()], list(letters), where)
    return Item(
        "", _text(row, "question", where=where), tuple(row["choices"]), right, subject=str(row.get("subject", subject))
    )


def arc(row: Row, where: str, subject: str) -> Item:
    """arc: ``question`` with its ``stem`` and labelled ``choices``, or the hub's columns; labels: letters or digits."""
    asked = row.get("question")
    stem, options = (
        (asked.get("stem"), asked.get("choices")) if isinstance(asked, dict) else (asked, row.get("choices"))
    )
    if isinstance(options, dict):
        labels, texts = list(options.get("label") or ()), list(options.get("text") or ())
    elif isinstance(options, list) and all(isinstance(option, dict) for option in options):
        labels, texts = [option.get("label") for option in options], [option.get("text") for option in options]
    else:
        raise RecipeError("has no labelled 'choices'", where=where, mend="give the set's own files")
    key = _text(row, "answerKey", where=where).strip()
    return Item(str(row.get("id", "")), str(stem or ""), tuple(texts), _indices([key], labels, where), subject=subject)


def hellaswag(row: Row, where: str, subject: str) -> Item:
    """hellaswag: ``activity_label``, ``ctx_a``, ``ctx_b``, ``endings``, ``label``; bracketed stage words go."""
    text = " ".join(part for part in (str(row.get("ctx_a") or ""), str(row.get("ctx_b") or "").capitalize()) if part)
    text = text or _text(row, "ctx", where=where)
    label = row.get("activity_label")
    endings = row.get("endings")
    if not isinstance(endings, list):
        raise RecipeError("has no list 'endings'", where=where, mend="give the set's own files")
    return Item(
        str(row.get("ind", "")),
        _without_stage_words(f"{label}: {text}" if label else text),
        tuple(f" {_without_stage_words(str(ending))}" for ending in endings),
        (_number(row, "label", where),),
        goes_on=True,
        subject=str(label or subject),
    )


def winogrande(row: Row, where: str, subject: str) -> Item:
    """winogrande: ``sentence`` with a ``_``, ``option1``, ``option2``, ``answer``: the rest is scored after each."""
    before, gap, after = _text(row, "sentence", where=where).partition("_")
    if not gap:
        raise RecipeError("the sentence has no '_'", where=where, mend="mark the gap")
    options = tuple(_text(row, name, where=where) for name in ("option1", "option2"))
    return Item(
        str(row.get("qID", "")),
        f" {after.strip()}",
        options,
        (_number(row, "answer", where) - 1,),
        goes_on=True,
        contexts=tuple(before + option for option in options),
        subject=subject,
    )


def piqa(row: Row, where: str, subject: str) -> Item:
    """piqa: ``goal``, ``sol1``, ``sol2``, ``label``."""
    choices = tuple(_text(row, name, where=where) for name in ("sol1", "sol2"))
    return Item(
        str(row.get("id", "")),
        _text(row, "goal", where=where),
        choices,
        (_number(row, "label", where),),
        subject=subject,
    )


def gsm8k(row: Row, where: str, subject: str) -> Item:
    """gsm8k: ``question``, and ``answer`` whose last line is ``#### 18``."""
    reasoning, mark, number = _text(row, "answer", where=where).rpartition("####")
    if not mark:
        raise RecipeError("the answer has no '####'", where=where, mend="give the set's own files")
    number = number.strip().replace(",", "")
    shown = f"{reasoning.strip()}\n#### {number}"
    return Item("", _text(row, "question", where=where), texts=(number,), shown=shown)


def lambada(row: Row, where: str, subject: str) -> Item:
    """lambada: ``text``, of which the last word is to be told."""
    before, _, last = _text(row, "text", where=where).strip().rpartition(" ")
    return Item("", before, texts=(f" {last}",), goes_on=True)


def humaneval(row: Row, where: str, subject: str) -> Item:
    """humaneval: ``prompt`` (a function's head), ``canonical_solution``, ``test`` and ``entry_point``."""
    tests = f"{_text(row, 'test', where=where)}\ncheck({_text(row, 'entry_point', where=where)})\n"
    return Item(
        str(row.get("task_id", "")),
        _text(row, "prompt", where=where),
        texts=(_text(row, "canonical_solution", where=where),),
        goes_on=True,
        tests=tests,
    )


def mbpp(row: Row, where: str, subject: str) -> Item:
    """mbpp: ``text`` (or ``prompt``), ``code``, ``test_list`` and ``test_setup_code``."""
    tests = row.get("test_list")
    tests = ast.literal_eval(tests) if isinstance(tests, str) else tests
    if not isinstance(tests, list) or not tests:
        raise RecipeError("has no 'test_list'", where=where, mend="give the set's own files")
    asked = _text(row, "text" if row.get("text") else "prompt", where=where)
    shown = "\n".join(tests)
    return Item(
        str(row.get("task_id", "")),
        f'"""\n{asked}\n{shown}\n"""\n',
        texts=(_text(row, "code", where=where),),
        goes_on=True,
        tests="\n".join([str(row.get("test_setup_code") or ""), shown]),
    )


LAYOUTS: dict[str, Callable[[Row, str, str], Item]] = {
    "plain": plain,
    "questions": questions,
    "ceval": lettered,
    "cmmlu": lettered,
    "mmlu": mmlu,
    "arc": arc,
    "hellaswag": hellaswag,
    "winogrande": winogrande,
    "piqa": piqa,
    "gsm8k": gsm8k,
    "lambada": lambada,
    "humaneval": humaneval,
    "mbpp": mbpp,
}
"""Adapters by the name that a recipe gives: (row, its place for errors, the file's subject) to the item."""

WITHOUT_HEADER = ("mmlu",)
"""Layouts whose CSV files begin with a row, not with names."""


def _given(value: Any) -> bool:
    return value is not None and str(value).strip() not in ("", "nan")


def _text(row: Row, field: str, *, where: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise RecipeError(f"has no {field!r}", where=where, mend="add it, or name the layout that the file has")
    return value


def _number(row: Row, field: str, where: str) -> int:
    try:
        return int(row[field])
    except (KeyError, TypeError, ValueError):
        raise RecipeError(f"{field!r} is no number", where=where, mend="give a split that has its answers") from None


def _indices(labels: Iterable[Any], options: list[Any], where: str) -> tuple[int, ...]:
    found = tuple(options.index(label) for label in labels if label in options)
    if not found:
        raise RecipeError("the answer is not among the choices", where=where, mend="give a split that has its answers")
    return found


def _without_stage_words(text: str) -> str:
    return re.sub(r" {2,}", " ", re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". ")))
