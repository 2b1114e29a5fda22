"""The public rule sets decide as datatrove's own filters do: the same documents go, for the same reason."""

import pyarrow as pa
import pytest
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

from bench.clean import columns_of, reasons_of
from bench.texts import texts
from tests.tasks.clean.signals.rule_examples import EXAMPLES

REASONS = {
    "gopher": {
        "gopher_short_doc": "gopher_short",
        "gopher_long_doc": "gopher_long",
        "gopher_below_avg_threshold": "gopher_short_words",
        "gopher_above_avg_threshold": "gopher_long_words",
        "gopher_too_many_hashes": "gopher_hashes",
        "gopher_too_many_ellipsis": "gopher_ellipses",
        "gopher_too_many_bullets": "gopher_bullets",
        "gopher_too_many_end_ellipsis": "gopher_ellipsis_lines",
        "gopher_below_alpha_threshold": "gopher_few_alpha_words",
        "gopher_enough_stop_words": "gopher_few_stop_words",
    },
    "gopher-repetition": {
        "dup_para_frac": "dup_paragraphs",
        "dup_para_char_frac": "dup_paragraph_chars",
        "dup_line_frac": "dup_lines",
        "dup_line_char_frac": "dup_line_chars",
        **{f"top_{n}_gram": f"top_{n}_gram" for n in range(2, 5)},
        **{f"duplicated_{n}_n_grams": f"dup_{n}_gram" for n in range(5, 11)},
    },
    "c4": {
        "lorem_ipsum": "c4_lorem_ipsum",
        "curly_bracket": "c4_curly_bracket",
        "too_few_sentences": "c4_few_sentences",
    },
    "fineweb": {
        "line_punct_ratio": "fineweb_few_terminal_lines",
        "short_line_ratio": "fineweb_short_lines",
        "char_dup_ratio": "fineweb_dup_chars",
        "list_ratio": "fineweb_list",
    },
}
FILTERS = {
    "gopher": GopherQualityFilter,
    "gopher-repetition": GopherRepetitionFilter,
    "c4": C4QualityFilter,
    "fineweb": FineWebQualityFilter,
}
NUM_DOCUMENTS = 300


@pytest.fixture(scope="module")
def documents() -> pa.Array:
    """English documentation: help pages, a library reference, a handbook."""
    column = texts("en", 60)
    return column.take(pa.array(range(0, len(column), len(column) // NUM_DOCUMENTS)))


@pytest.mark.parametrize("preset", FILTERS)
def test_a_preset_drops_what_the_public_filter_drops(preset: str, documents: pa.Array) -> None:
    step = FILTERS[preset]()
    ours = reasons_of(columns_of(documents), preset)
    theirs = []
    for text in documents.to_pylist():
        verdict = step.filter(Document(text=text, id=""))
        theirs.append(REASONS[preset][verdict[1]] if isinstance(verdict, tuple) else None)
    differing = [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    assert sum(reason is not None for reason in theirs) > 20, "the rules are asked something"
    assert len(differing) <= 0.005 * len(documents), differing


@pytest.mark.parametrize(("preset", "rule"), EXAMPLES)
def test_each_rule_has_a_text_that_trips_it_and_one_that_just_does_not(preset: str, rule: str) -> None:
    trips, does_not = EXAMPLES[preset, rule]
    found = reasons_of(columns_of(pa.array([trips, does_not], pa.large_string())), preset)
    assert found[0] == rule and found[1] != rule
