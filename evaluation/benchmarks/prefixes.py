"""Which sequences begin alike: what of them goes through the model once, and which go through together."""

from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, field

from evaluation.benchmarks.encoding import Sequence

WORTH = 32
"""Tokens that sequences must share at their beginning to form a family."""


def common(rows: Many[tuple[int, ...]], *, less: int = 0) -> tuple[int, ...]:
    """The ids that all rows begin with, of the shortest row at most all but the last ``less``."""
    first, last = min(rows), max(rows)  # of sorted rows the first and the last share what all share
    size = min(len(row) for row in rows) - less
    while first[:size] != last[:size]:
        size -= 1
    return first[: max(0, size)]


@dataclass(frozen=True)
class Question:
    """The sequences of one question.

    Attributes:
        number: its place among the questions given.
        endings: its sequences.
        stem: the ids that go through the model once: those that all sequences share before anything is scored.
    """

    number: int
    endings: list[Sequence]
    stem: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stem", common([ending.ids[: ending.start] for ending in self.endings]))

    @property
    def length(self) -> int:
        """Ids of its longest sequence."""
        return max(len(ending.ids) for ending in self.endings)


def families(questions: list[Question]) -> Iterator[list[Question]]:
    """Questions that share at least ``WORTH`` ids at the beginning, together; the others as one family."""
    ordered = sorted(questions, key=lambda question: question.stem)
    alone: list[Question] = []
    family: list[Question] = []
    for question in ordered:
        if family and question.stem[:WORTH] == family[0].stem[:WORTH] and len(question.stem) > WORTH:
            family.append(question)
            continue
        yield from _family(family, alone)
        family = [question]
    yield from _family(family, alone)
    if alone:
        yield alone


def _family(family: list[Question], alone: list[Question]) -> list[list[Question]]:
    if len(family) > 1:
        return [family]
    alone.extend(family)
    return []


def batches(family: list[Question], shared: int, more: int, limit: int) -> Iterator[list[Question]]:
    """The family's questions by length, as many together as hold at most ``limit`` ids, padding included.

    Args:
        shared: ids of the family's common prefix.
        more: ids that will be written after each.
    """
    batch: list[Question] = []
    rows = 0
    for question in sorted(family, key=lambda question: -question.length):
        longest = max(shared + 1, (batch[0] if batch else question).length) + more
        if batch and (rows + len(question.endings)) * longest > limit:
            yield batch
            batch, rows = [], 0
        batch.append(question)
        rows += len(question.endings)
    if batch:
        yield batch
