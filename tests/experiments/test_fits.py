"""Fits give back what losses were made from, and the published laws' published answers."""

import numpy as np
import pytest

from smelt.errors import StageError
from smelt.experiments.fits import isoflop, law, mixtures, repeated, scores

BESIROGLU = law.Law(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
"""Besiroglu et al. 2024, their estimate from Chinchilla's own points."""
SIZES = np.geomspace(44e6, 16e9, 9)
TOKENS = np.geomspace(300e6, 300e9, 9)


def _points(truth: law.Law, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, d = (grid.ravel() for grid in np.meshgrid(SIZES, TOKENS))
    deviations = np.exp(np.random.default_rng(seed).normal(0, noise, len(n)))
    return n, d, np.array([truth.loss(*place) for place in zip(n, d, strict=True)]) * deviations


def test_the_optimum_of_a_budget_is_the_published_one():
    parameters, tokens = BESIROGLU.optimum(5.76e23)
    assert parameters == pytest.approx(73e9, rel=0.02)
    assert tokens == pytest.approx(1.31e12, rel=0.02)
    at = BESIROGLU.loss(parameters, tokens)
    assert all(at < BESIROGLU.loss(parameters * by, tokens / by) for by in (0.9, 1.1))
    assert BESIROGLU.loss(70e9, 1.4e12) == pytest.approx(1.8172 + 482.01 / 70e9**0.3478 + 2085.43 / 1.4e12**0.3658)


def test_known_coefficients_come_back_within_their_intervals():
    found = law.fit(*_points(BESIROGLU, 0.002, seed=3), resamples=60)
    for name in law.COEFFICIENTS:
        low, high = found.interval(name)
        assert low <= getattr(BESIROGLU, name) <= high, (name, low, high)
        assert low < high
    low, high = found.loss_interval(70e9, 1.4e12)
    assert low < BESIROGLU.loss(70e9, 1.4e12) < high < 1.05 * low
    assert len(found.residuals) == 81
    assert np.std(found.residuals) == pytest.approx(0.002, rel=0.3)


def test_without_noise_the_law_is_exact():
    found = law.fit(*_points(BESIROGLU, 0.0, seed=0), resamples=0)
    for name in law.COEFFICIENTS:
        assert getattr(found.law, name) == pytest.approx(getattr(BESIROGLU, name), rel=1e-3)


def test_one_point_far_off_moves_the_law_little():
    n, d, losses = _points(BESIROGLU, 0.001, seed=1)
    losses[40] *= 1.3
    found = law.fit(n, d, losses, resamples=0)
    assert found.law.loss(70e9, 1.4e12) == pytest.approx(BESIROGLU.loss(70e9, 1.4e12), rel=0.005)
    assert max(found.residuals) == pytest.approx(np.log(1.3), rel=0.05)


def test_too_few_places_are_refused():
    with pytest.raises(StageError, match="loss law: 2 different sizes and numbers of tokens"):
        law.fit([1e6, 1e6, 2e6], [1e8, 1e8, 1e8], [3.0, 3.1, 2.9])


def test_tokens_until_a_loss():
    tokens = BESIROGLU.tokens_for(7e9, BESIROGLU.loss(7e9, 2e11))
    assert tokens == pytest.approx(2e11)
    assert BESIROGLU.tokens_for(7e9, 1.8) is None


def test_repeats_are_worth_what_was_published():
    assert repeated.loss(6.34e9, 242e9, 25e9) == pytest.approx(2.2256, abs=5e-5)
    assert repeated.effective_tokens(25e9, 25e9) == 25e9
    assert repeated.effective_tokens(100e9, 25e9) > 0.9 * 100e9  # four times: nearly as good as new
    assert repeated.effective_tokens(1e15, 25e9) == pytest.approx(25e9 * (1 + repeated.R_D), rel=1e-6)


def test_profiles_have_their_lowest_point_at_the_laws_optimum():
    budgets = [1e19, 1e20, 1e21]
    runs = [(n, c / 6 / n) for c in budgets for n in BESIROGLU.optimum(c)[0] * np.geomspace(0.5, 2, 7)]
    n, d = zip(*runs, strict=True)
    found = isoflop.profiles(n, d, [BESIROGLU.loss(*run) for run in runs])
    assert [profile.flops for profile in found] == pytest.approx(budgets)
    for profile in found:
        assert profile.parameters == pytest.approx(BESIROGLU.optimum(profile.flops)[0], rel=0.03)
    line = isoflop.frontier(found)
    assert line is not None
    assert line.exponent == pytest.approx(BESIROGLU.beta / (BESIROGLU.alpha + BESIROGLU.beta), abs=0.01)
    assert line.optimum(1e23)[0] == pytest.approx(BESIROGLU.optimum(1e23)[0], rel=0.1)


def test_a_profile_whose_lowest_point_was_not_trained_has_none():
    best = BESIROGLU.optimum(1e20)[0]
    sizes = best * np.geomspace(2, 8, 5)
    (found,) = isoflop.profiles(sizes, 1e20 / 6 / sizes, [BESIROGLU.loss(n, 1e20 / 6 / n) for n in sizes])
    assert found.parameters is None
    assert found.tokens is None
    assert isoflop.frontier([found]) is None


def _scored(truth: scores.Steps, items: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    losses = np.linspace(2.2, 4.5, 14)
    random = np.random.default_rng(5)
    bits = np.array([truth.bits(loss) for loss in losses]) * np.exp(random.normal(0, 0.005, 14))
    accuracies = random.binomial(items, [truth.accuracy(loss) for loss in losses]) / items
    return losses, bits, accuracies


def test_scores_follow_from_losses_that_were_not_seen():
    truth = scores.Steps(scale=0.3, power=1.4, middle=1.2, slope=4.0, chance=0.25)
    found = scores.fit(*_scored(truth, 2000), name="x", chance=0.25, items=2000, resamples=60)
    for loss in (2.0, 2.7):
        low, high = found.accuracy_interval([loss])
        assert low < truth.accuracy(loss) < high
        assert found.steps.accuracy(loss) == pytest.approx(truth.accuracy(loss), abs=0.03)
    assert truth.loss_for(truth.accuracy(2.5)) == pytest.approx(2.5)
    assert truth.loss_for(0.2) is None


def test_a_benchmark_without_signal_is_refused_by_name():
    losses, bits, _ = _scored(scores.Steps(0.3, 1.4, 1.2, 4.0, 0.25), 100)
    guessed = np.random.default_rng(0).binomial(100, 0.25, 14) / 100
    with pytest.raises(StageError, match="benchmark riddles: no signal at these sizes"):
        scores.fit(losses, bits, np.minimum(guessed, 0.3), name="riddles", chance=0.25, items=100)
    with pytest.raises(StageError, match="do not follow"):
        scores.fit(losses, bits, np.linspace(0.3, 0.6, 14), name="riddles", chance=0.25, items=100)


SLOPES = np.array([[-1.2, 0.4, 0.3], [0.5, -1.0, 0.2], [0.3, 0.2, -0.9]])
FLOORS = np.array([0.5, 0.4, 0.6])
GROUPS = ["code", "en", "zh"]


def _mixed(noise: float) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    random = np.random.default_rng(2)
    cells = [*random.dirichlet([1, 1, 1], 22), np.full(3, 1 / 3), np.array([0.1, 0.2, 0.7])]
    losses = [(FLOORS + np.exp(SLOPES @ cell)) * np.exp(random.normal(0, noise, 3)) for cell in cells]
    return [dict(zip(GROUPS, cell, strict=True)) for cell in cells], [
        dict(zip(GROUPS, loss, strict=True)) for loss in losses
    ]


def _suggest(noise: float, **kwargs) -> mixtures.Suggestion:
    shares, losses = _mixed(noise)
    baselines = {"natural": shares[-1], "stratified": mixtures.stratified(GROUPS)}
    return mixtures.suggest(shares, losses, baselines, **{"tokens": 1e6, "available": {}, "resamples": 60} | kwargs)


def test_the_suggested_mixture_is_the_best_there_is():
    found = _suggest(0.002)
    mean = lambda cell: float((FLOORS + np.exp(SLOPES @ np.array(cell))).mean())  # noqa: E731
    grid = [(a, b, 1 - a - b) for a in np.linspace(0, 1, 41) for b in np.linspace(0, 1, 41) if a + b <= 1]
    assert mean([found.shares[group] for group in GROUPS]) == pytest.approx(min(map(mean, grid)), rel=0.003)
    assert sum(found.shares.values()) == pytest.approx(1)
    for group in GROUPS:
        low, high = found.intervals[group]
        assert low <= found.shares[group] <= high
    assert found.gains["natural"][1] > 0
    assert "It beats the natural mixture" in " ".join(found.says)


def test_it_says_when_it_beats_neither():
    found = _suggest(0.6)
    assert any("beats neither baseline (natural, stratified)" in line for line in found.says), found
    better = min(found.gains, key=lambda name: found.gains[name][0])
    assert f"Take the {better} one" in " ".join(found.says)


def test_limits_on_repeats_hold_and_more_than_four_is_said():
    found = _suggest(0.002, available={"code": 0.05e6}, max_epochs=4)
    assert found.shares["code"] == pytest.approx(0.2, abs=1e-6)
    assert found.repeats["code"] == pytest.approx(4)
    assert "code" in found.bounded
    found = _suggest(0.002, available={"code": 0.05e6}, max_epochs=40)
    assert any(line.startswith("code would be read") for line in found.says)
    with pytest.raises(StageError, match="at most 4 times"):
        _suggest(0.002, available=dict.fromkeys(GROUPS, 0.05e6))


def test_too_few_mixtures_are_refused():
    shares, losses = _mixed(0.0)
    with pytest.raises(StageError, match="it takes 5 different ones"):
        mixtures.suggest(shares[:4], losses[:4], {}, tokens=1e6, available={})
