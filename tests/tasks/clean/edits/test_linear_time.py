"""No text takes an edit of form, layout or boilerplate longer than its size: the time of two sizes is compared."""

import time

import pytest

from smelt.recipe.clean import PLACEHOLDERS, CleanConfig, PiiConfig
from tasks.ingest.man import text_of
from tasks.ingest.pdf_characters import numbered
from tasks.ingest.pdf_lines import reflow
from tests.tasks.clean.cleaning import one

CONFIG = CleanConfig(pii=PiiConfig(**dict.fromkeys(PLACEHOLDERS, False)))
SIZE, GROWTH = 4_000, 8
SLACK = 4  # of the ratio, which would be GROWTH times as much again if the time were quadratic

HOSTILE = {
    "titles that don't end": "\x1b]0;",
    "sequences that don't end": "\x1b[1;",
    "parameters": "1;2",
    "backspaces": "ab\b\b",
    "phrases": "use cookies to ",
    "openings": "转载自",
    "a path": "Home > ",
    "full stops in full width": "１．",
    "lines that may be decoded wrongly": "IRMÃ” Ã”\n",
    "isolates": "\u2066a\u2069",
    "blank lines": " \u2003\n",
    "accents": "e\u0301\u0302",
}
ROFF = {
    "names that don't end": "\\[",
    "arguments that don't end": "\\w'",
    "conditions in each other": ".if n ",
    "braces": ".if t \\{\\\n",
    "brackets": ".if (",
    "quotes": '.B "\\*(a"',
    "lines that go on": "a\\\n",
}


def _ratio(work, text: str) -> float:
    """How many times longer GROWTH times the text takes: the least of three times."""
    times = []
    for count in (SIZE // len(text), GROWTH * SIZE // len(text)):
        given, best = text * count, float("inf")
        for _ in range(3):
            begin = time.process_time()
            work(given)
            best = min(best, time.process_time() - begin)
        times.append(max(best, 1e-3))
    return times[1] / times[0]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_edits_take_linear_time(text: str) -> None:
    assert _ratio(lambda given: one(given, config=CONFIG), text) < GROWTH * SLACK


@pytest.mark.parametrize("text", ROFF.values(), ids=ROFF)
def test_manual_pages_take_linear_time(text: str) -> None:
    assert _ratio(lambda given: text_of(f".TH X 1\nText.\n{given}"), text) < GROWTH * SLACK


@pytest.mark.parametrize("text", ["(cid:", "/g12", "G12 ", "a-\n", "字 ", "”", "well-\nknown "])
def test_lines_of_pdfs_take_linear_time(text: str) -> None:
    assert _ratio(lambda given: reflow(given.split("\n")) + str(numbered(given)), text) < GROWTH * SLACK
