"""Intervals and tests against their published or hand-made values."""

import pytest
from scipy.stats import binomtest, spearmanr

from evaluation.benchmarks.statistics import interval, trend


@pytest.mark.parametrize(("right", "items"), [(0, 10), (10, 10), (3, 20), (250, 400)])
def test_intervals_are_wilsons(right: int, items: int) -> None:
    expected = binomtest(right, items).proportion_ci(0.95, method="wilson")
    assert interval(right, items) == pytest.approx((expected.low, expected.high), abs=1e-6)


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
