"""A checkpoint's benchmarks: stretches of items, each answered on its own, and the scores of all answers.

A stretch is what one worker takes, and what is kept when the evaluation is killed. Its rows depend on the checkpoint,
the benchmark and the stretch alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from evaluation.benchmarks import execution, extract
from evaluation.benchmarks.asking import Asked, ask
from evaluation.benchmarks.encoding import Sequence, decode, encode, together
from evaluation.benchmarks.memory import gained, remembered
from evaluation.benchmarks.statistics import interval
from evaluation.benchmarks.told import Reads, Rereads, Told
from evaluation.perplexity import DIGITS
from smelt.comparing.bits import per_byte, written
from smelt.recipe.benchmarks import Benchmark, Item
from smelt.recipe.benchmarks.form import Form

STRETCH = 256
"""Items that a worker takes at once."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Stretch:
    """Items ``start`` to ``stop`` of a benchmark (by its place in the recipe) in a form."""

    benchmark: int
    form: str
    start: int
    stop: int


@lru_cache(maxsize=8)
def _known(benchmark: Benchmark) -> tuple[tuple[Item, ...], tuple[Item, ...], dict[str, Form]]:
    """A set's items, examples and forms, read once in a process: its digest is part of what it is known by."""
    return benchmark.items(), benchmark.examples(), {form.name: form for form in benchmark.asked_in()}


def stretches(benchmarks: Many[Benchmark]) -> list[Stretch]:
    """All items in all forms, cut into what a worker takes."""
    found = []
    for number, benchmark in enumerate(benchmarks):
        items, _, forms = _known(benchmark)
        found += [
            Stretch(number, form, start, start + STRETCH) for form in forms for start in range(0, len(items), STRETCH)
        ]
    return found


def answer(
    reader: Rereads, tokenizer: Tokenizer, benchmarks: Many[Benchmark], stretch: Stretch, *, end: int
) -> list[Row]:
    """The model's answers to a stretch, a row for each time that an item is asked.

    Args:
        end: the end-of-document token, which every context comes after.

    Returns:
        ``benchmark``, ``form``, ``item``, ``subject``, ``right``, ``chance`` (of guessing it), ``said`` (the number of
        the chosen option, or what was written), ``gold_bits`` and ``gold_bytes`` of the right answer's words. With
        ``unseen`` these are of the trained copy, and with them go ``right_before``, ``bits_before`` and what the answer
        ``gained``.
    """
    benchmark = benchmarks[stretch.benchmark]
    items, examples, forms = _known(benchmark)
    form = forms[stretch.form]
    asked = [
        one
        for item in items[stretch.start : stretch.stop]
        for one in ask(item, form, examples, shots=benchmark.shots, seed=benchmark.seed)
    ]
    put = [_put(tokenizer, one, form, end=end, longest=reader.longest) for one in asked]
    before: list[list[list[Told]] | None] = [None] * len(asked)
    if "unseen" in form.changes:
        texts = [[end, *encode(tokenizer, one.question.rstrip())] for one in asked]
        pairs = list(reader.reread(texts, put))
        before, told = [was for was, _ in pairs], [now for _, now in pairs]
    else:
        scored = iter(reader.score([question for own in put for question in own]))
        told = [[next(scored) for _ in own] for own in put]
    if form.style == "generate":
        answered = _generated(reader, tokenizer, benchmark, form, asked, end=end)
    else:
        answered = [choose(one, form, *own) for one, own in zip(asked, told, strict=True)]
    rows = []
    for one, was, now, (right, said) in zip(asked, before, told, answered, strict=True):
        gold = one.right[0]
        compared = {} if was is None else _compared(one, form, was, now)
        rows.append(
            {
                "benchmark": benchmark.name,
                "form": form.name,
                "item": one.id,
                "subject": one.item.subject,
                "right": right,
                "chance": len(one.right) / len(one.labels) if one.labels else 0.0,
                "said": said,
                "gold_bits": round(now[0][gold].bits, DIGITS),
                "gold_bytes": len(one.endings[gold].encode()),
                **compared,
            }
        )
    return rows


def _put(tokenizer: Tokenizer, one: Asked, form: Form, *, end: int, longest: int) -> list[list[Sequence]]:
    """What is scored of an item: its endings in their contexts, and where that counts without the question too."""
    contexts = [one.contexts if len(one.contexts) == len(one.endings) else one.contexts * len(one.endings)]
    if form.option == "unconditional":
        contexts.append((one.bare,) * len(one.endings))
    return [
        [
            together(tokenizer, context, ending, end=end, longest=longest)
            for context, ending in zip(own, one.endings, strict=True)
        ]
        for own in contexts
    ]


def _compared(one: Asked, form: Form, was: list[list[Told]], now: list[list[Told]]) -> Row:
    """What an answer was before the question was read again, and what it gained."""
    return {
        "right_before": choose(one, form, *was)[0],
        "bits_before": round(was[0][one.right[0]].bits, DIGITS),
        "gained": round(gained(one, was[0], now[0]), DIGITS),
    }


def choose(one: Asked, form: Form, scored: Many[Told], alone: Many[Told] | None = None) -> tuple[bool, str]:
    """Whether the likeliest option is right, and which it is; without options, whether the answer is what would be
    written.

    Args:
        alone: the endings without their question, where likelihoods are taken against these.
    """
    if not one.item.choices:
        return any(told.greedy for told in scored), ""
    sums = np.array([-told.losses.sum() for told in scored])
    if form.option == "bytes":
        sums /= [len((one.endings[0] if one.item.contexts else choice).encode()) for choice in one.item.choices]
    elif form.option == "tokens":
        sums /= [len(told.losses) for told in scored]
    elif alone is not None:
        sums += [told.losses.sum() for told in alone]
    chosen = int(sums.argmax())
    return chosen in one.right, str(chosen)


def _generated(
    reader: Reads, tokenizer: Tokenizer, benchmark: Benchmark, form: Form, asked: Many[Asked], *, end: int
) -> list[tuple[bool, str]]:
    rule = form.option
    ended = extract.stops(rule)

    def done(ids: list[int]) -> bool:
        return ids[-1] == end or ended(decode(tokenizer, ids, end))

    num_tokens = benchmark.max_new_tokens or extract.TOKENS.get(rule, extract.TOKENS["number"])
    num_tokens = min(num_tokens, reader.longest - 1)
    prompts = [[end, *encode(tokenizer, one.contexts[0])] for one in asked]
    texts = [extract.cut(decode(tokenizer, ids, end), rule) for ids in reader.write(prompts, num_tokens, done)]
    if rule == "code":
        return [
            (execution.passes(one.item.question + text, one.item.tests), text)
            for one, text in zip(asked, texts, strict=True)
        ]
    return [
        (extract.is_right(text, rule, [one.endings[index] for index in one.right], one.labels), text)
        for one, text in zip(asked, texts, strict=True)
    ]


def scores(rows: Iterable[Row]) -> dict[str, dict[str, dict[str, Any]]]:
    """By benchmark and form: ``items``, ``accuracy`` with its 95 % interval ``low`` to ``high``, ``chance``,
    ``bits_per_byte`` of the right answers with its interval ``bits_low`` to ``bits_high`` (None of one item alone); to
    pair checkpoints by, ``right`` (a character an item), ``gold_bits`` and ``gold_bytes`` (a number an item); with
    ``unseen`` also what ``remembered`` gives, by that name."""
    grouped: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["benchmark"], row["form"]].append(row)
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (benchmark, form), own in grouped.items():
        right, items = sum(row["right"] for row in own), len(own)
        low, high = interval(right, items)
        gold, sizes = ([row[figure] for row in own] for figure in ("gold_bits", "gold_bytes"))
        bits, bits_low, bits_high = per_byte(gold, sizes)
        found[benchmark][form] = {
            "items": items,
            "accuracy": round(right / items, DIGITS),
            "low": round(low, DIGITS),
            "high": round(high, DIGITS),
            "chance": round(sum(row["chance"] for row in own) / items, DIGITS),
            "bits_per_byte": round(bits, DIGITS),
            "bits_low": None if bits_low is None else round(max(0.0, bits_low), DIGITS),
            "bits_high": None if bits_high is None else round(bits_high, DIGITS),
            "right": "".join("01"[row["right"]] for row in own),
            "gold_bits": written(gold),
            "gold_bytes": written(sizes),
        }
        if "gained" in own[0]:
            found[benchmark][form]["unseen"] = remembered(own)
    return dict(found)


def judge(reader: Rereads, tokenizer: Tokenizer, benchmarks: Many[Benchmark], *, end: int) -> dict[str, Any]:
    """The scores of all benchmarks, in this process."""
    return scores(
        row for stretch in stretches(benchmarks) for row in answer(reader, tokenizer, benchmarks, stretch, end=end)
    )
