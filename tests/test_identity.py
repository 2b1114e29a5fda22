"""What makes two artifacts the same."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smelt.errors import SmeltError
from smelt.identity import canonical, fingerprint

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), plain))
def test_the_order_of_keys_does_not_matter(mapping):
    assert canonical(mapping) == canonical(dict(reversed(mapping.items())))


def test_a_whole_float_and_its_integer_are_the_same_config():
    assert canonical({"share": 1.0}) == canonical({"share": 1})


@pytest.mark.parametrize("value", [{1, 2}, math.nan, math.inf, object(), {1: "a"}, b"bytes"])
def test_a_value_without_one_form_is_refused_with_its_place(value):
    with pytest.raises(SmeltError, match=r"^\$\.config"):
        canonical({"config": value})


def test_each_part_of_the_identity_counts():
    base = {"stage": "clean", "version": 1, "config": {"a": 1}, "inputs": {"ingest": "x"}}
    changed = [{"stage": "score"}, {"version": 2}, {"config": {"a": 2}}, {"inputs": {"ingest": "y"}}]
    prints = {fingerprint(**base)} | {fingerprint(**{**base, **change}) for change in changed}
    assert len(prints) == 5


def test_another_process_finds_the_same_fingerprint():
    code = (
        "from smelt.identity import fingerprint;"
        "print(fingerprint(stage='清洗', version=3, config={'b': [1.5, None], 'a': '转载'}, inputs={}))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert answers == {
        fingerprint(stage="清洗", version=3, config={"a": "转载", "b": [1.5, None]}, inputs={}) + "\n",
    }
