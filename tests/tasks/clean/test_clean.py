"""The clean pass as a whole: what a reader of the columns would notice."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smelt.recipe.clean import CleanConfig, StepConfig
from tasks.clean import clean
from tests.tasks.clean.cleaning import cleaned


def test_signals_say_what_they_are_called() -> None:
    text = "The fox, don't jump... to it.\n\n- one item\n- one item\n中文的测试。"
    _, _, found = cleaned(text)
    at = {name: values[0] for name, values in found.items()}
    assert (at["num_chars"], at["num_bytes"], at["num_lines"]) == (len(text), len(text.encode()), 4)
    assert (at["num_newlines"], at["num_paragraphs"], at["num_ellipses"], at["num_stop_words"]) == (4, 2, 1, 1)
    assert at["dup_line_share"] == 0.25 and at["dup_line_chars"] == 10 and at["zh_function_share"] == 0.2


def test_repetition_counts_like_its_definition() -> None:
    _, _, found = cleaned("a b c d e f " * 4 + "g")
    assert found["top_2_gram_share"][0] == pytest.approx(3 * 4 / 49)
    assert found["dup_5_gram_share"][0] == pytest.approx(15 / 49)


def test_a_dropped_document_keeps_its_row_and_reason() -> None:
    step = "datatrove.pipeline.filters.lambda_filter.LambdaFilter"
    config = CleanConfig(steps=(StepConfig(step=step, args={"filter_function": lambda d: "keep" in d.text}),))
    texts, _, reasons, signals = clean(
        pa.array(["keep me", "not me"], pa.large_string()), np.zeros(2, np.bool_), config
    )
    assert texts.to_pylist() == ["keep me", "not me"]
    assert reasons == [None, "LambdaFilter"] and signals["num_chars"].tolist() == [7, 6]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=200) | st.text("0123456789 -+().@:x\n京A作者：", max_size=60), min_size=1, max_size=4))
@example(["e\u200b\u0301", "¬¢\rà\x80", "\xa0×¯", "á\x91\x1f¯"])
def test_any_text_is_edited_once_and_for_all(texts: list[str]) -> None:
    once, _, found = cleaned(*texts)
    again, _, _ = cleaned(*once)
    assert again == once
    assert [len(text) for text in once] == found["num_chars"].tolist()
    assert all(np.isfinite(values).all() for values in found.values())
