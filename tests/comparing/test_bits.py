"""Intervals of bits per byte: known values, and how often they hold the truth."""

import numpy as np
import pytest

from smelt.comparing.bits import paired_bits, paired_documents, per_byte, read, written
from smelt.comparing.paired import Z


def test_the_interval_is_that_of_a_ratio_of_sums() -> None:
    ratio, low, high = per_byte([2.0, 4.0, 6.0], [1, 1, 1])  # of equal sizes: of a mean, 4 with a standard error of …
    half = Z * 2 / 3**0.5
    assert (ratio, low, high) == pytest.approx((4.0, 4 - half, 4 + half))
    ratio, low, high = per_byte([3.0, 6.0, 30.0], [1, 2, 10])  # items differ in length alone
    assert (ratio, low, high) == pytest.approx((3.0, 3.0, 3.0))
    assert per_byte([8.0], [4]) == (2.0, None, None)


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    draw, held = np.random.default_rng(0), 0
    for _ in range(2000):
        sizes = draw.integers(1, 12, 200)
        _, low, high = per_byte((sizes * draw.gamma(2, 0.7, 200)).tolist(), sizes.tolist())
        assert low is not None and high is not None
        held += low < 1.4 < high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)


def test_the_same_items_are_compared_with_themselves() -> None:
    """Items differ far more than checkpoints do, which the pairing takes out."""
    draw = np.random.default_rng(1)
    before = draw.gamma(2, 4, 100)
    sizes = written([4] * 100)
    one, other = (
        {"gold_bits": written(bits), "gold_bytes": sizes} for bits in (before, before - 0.4 * draw.random(100))
    )
    change = paired_bits(one, other)
    assert change["low"] < change["difference"] < change["high"] < 0
    assert change["difference"] == pytest.approx(-0.05, abs=0.01)
    _, low, high = per_byte(read(one["gold_bits"]), [4] * 100)
    assert high - low > 10 * (change["high"] - change["low"])
    assert paired_bits(one, one) == {"difference": 0.0, "low": 0.0, "high": 0.0}
    assert read(written([1.25, 100.0, 0.0001])) == [1.25, 100.0, 0.0001]


def test_held_out_text_is_compared_on_the_documents_that_both_read_whole() -> None:
    before = {"zh": _read("a b c", [10, 20, 30], [5, 5, 10]), "en": _read("d", [9], [3]), "code": _read("e", [4], [2])}
    after = {"zh": _read("a b c", [8, 16, 99], [5, 5, 7]), "en": _read("d", [6], [3]), "code": _read("f", [4], [2])}
    change = paired_documents(before, after)
    assert change["zh"]["documents"] == 2, "c was cut elsewhere"
    assert change["zh"]["difference"] == pytest.approx(-0.6)
    assert change["en"] == {"difference": -1.0, "low": None, "high": None, "documents": 1}
    assert "code" not in change, "no document is the same"
    assert change["all"]["documents"] == 3 and change["all"]["difference"] == pytest.approx(-9 / 13)
    assert paired_documents({"zh": {}}, after) == {}, "an earlier Smelt's evaluation kept none"


def _read(ids: str, bits: list[float], sizes: list[int]) -> dict[str, str]:
    return {"document_ids": ids, "document_bits": written(bits), "document_bytes": written(sizes)}
