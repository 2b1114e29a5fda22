"""Intervals and tests against their published or hand-made values."""

import pytest
from scipy.stats import binomtest, spearmanr

from evaluation.benchmarks.statistics import interval, paired, trend


@pytest.mark.parametrize(("right", "items"), [(0, 10), (10, 10), (3, 20), (250, 400)])
def test_intervals_are_wilsons(right: int, items: int) -> None:
    expected = binomtest(right, items).proportion_ci(0.95, method="wilson")
    assert interval(right, items) == pytest.approx((expected.low, expected.high), abs=1e-6)


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


def test_noise_is_named() -> None:
    steps = [10, 20, 30, 40]
    good = trend(steps, [0.3, 0.4, 0.4, 0.6], 0.25, 400)
    assert good["noise"] == "" and good["monotone"] == pytest.approx(spearmanr(steps, [0.3, 0.4, 0.4, 0.6]).statistic)
    assert trend(steps, [0.26, 0.25, 0.26, 0.25], 0.25, 400)["noise"].count(";") == 2
    assert trend(steps, [0.9, 0.8, 0.7, 0.6], 0.25, 400)["noise"] == "does not rise with training"
    assert trend(steps, [0.5] * 4, 0.25, 400)["noise"].startswith("does not rise")
    assert trend([10], [0.6], 0.25, 400) == {
        "monotone": None,
        "signal_to_noise": None,
        "above_chance": True,
        "noise": "",
    }
