"""Models made to know one thing alone, over a tokenizer of bytes: what a form does to each of them is known."""

import re
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from evaluation.benchmarks.encoding import Sequence
from evaluation.benchmarks.judge import judge
from evaluation.benchmarks.told import Told
from smelt.recipe.benchmarks import Benchmark

END = 256


def byte_tokenizer() -> Tokenizer:
    """A token a byte."""
    alphabet = sorted(ByteLevel.alphabet())
    tokenizer = Tokenizer(BPE(vocab={char: number for number, char in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    tokenizer.add_special_tokens(["<end>"])
    return tokenizer


TOKENIZER = byte_tokenizer()


class Standin:
    """A model by what it thinks of a text after a context.

    Args:
        likes: (context, ending) to the ending's log-likelihood in nats.
        writes: context to what it goes on with.
        learns: (text, context, ending) to the ending's log-likelihood once it was trained on that text; by default it
            learns nothing.
    """

    longest = 100_000

    def __init__(
        self,
        likes: Callable[[str, str], float] = lambda context, ending: 0.0,
        writes: Callable[[str], str] = str,
        learns: Callable[[str, str, str], float] | None = None,
    ) -> None:
        self.likes, self.writes, self.learns = likes, writes, learns

    def reread(
        self, texts: list[list[int]], questions: list[list[list[Sequence]]]
    ) -> Iterator[tuple[list[list[Told]], list[list[Told]]]]:
        for ids, own in zip(texts, questions, strict=True):
            likes = self.likes if self.learns is None else partial(self.learns, TOKENIZER.decode(ids[1:]))
            yield self.score(own), Standin(likes, self.writes).score(own)

    def score(self, questions: list[list[Sequence]]) -> list[list[Told]]:
        return [[self._told(sequence) for sequence in question] for question in questions]

    def _told(self, sequence: Sequence) -> Told:
        context, ending = (
            TOKENIZER.decode(list(ids)) for ids in (sequence.ids[1 : sequence.start], sequence.ids[sequence.start :])
        )
        count = len(sequence.ids) - sequence.start
        return Told(
            np.full(count, -self.likes(context, ending) / count), greedy=self.writes(context).startswith(ending), rank=1
        )

    def write(self, prompts: list[list[int]], num_tokens: int, done: Callable[[list[int]], bool]) -> list[list[int]]:
        found = []
        for ids in prompts:
            new: list[int] = []
            for token in TOKENIZER.encode(self.writes(TOKENIZER.decode(ids[1:]))).ids[:num_tokens]:
                new.append(token)
                if done(new):
                    break
            found.append(new)
        return found


def accuracy(model: Standin, benchmark: Benchmark) -> dict[str, float]:
    """By form, the share of the items that the model has right."""
    [forms] = judge(model, TOKENIZER, [benchmark], end=END).values()
    return {form: score["accuracy"] for form, score in forms.items()}


def options_of(context: str) -> dict[str, str]:
    """The labels and options of the last question in a context."""
    question = re.split("Question: |问题：", context)[-1]
    return dict(re.findall(r"^(\S+?)\. (.*)$", question, re.MULTILINE))
