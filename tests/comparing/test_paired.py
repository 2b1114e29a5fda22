"""A difference on the same items against the exact test."""

import pytest
from scipy.stats import binomtest

from smelt.comparing.paired import paired


def test_checkpoints_are_compared_on_the_same_items() -> None:
    before, after = [True] * 40 + [False] * 60, [True] * 38 + [False] * 2 + [True] * 15 + [False] * 45
    found = paired(before, after)
    assert (found["gained"], found["lost"]) == (15, 2)
    assert found["p"] == pytest.approx(binomtest(15, 17).pvalue)
    assert found["difference"] == pytest.approx(0.13)
    assert 0 < found["low"] < 0.13 < found["high"]
    assert paired(before, before)["p"] == 1.0
    with pytest.raises(ValueError, match="100 items before, 1 after"):
        paired(before, [True])
