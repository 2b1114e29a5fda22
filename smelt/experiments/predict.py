"""What an experiment expects of a run that has not been made yet."""

from collections.abc import Mapping
from typing import Any

from smelt.errors import StageError
from smelt.experiments.answers import doubled
from smelt.experiments.fits.repeated import effective_tokens
from smelt.experiments.outcome import ALL, fitted_law, fitted_steps
from smelt.lake import Artifact, Lake, Manifest
from smelt.plan import Plan
from smelt.recipe import Recipe
from smelt.recipe.training.figures import figures


def predict(recipe: Recipe, plan: Plan, experiment: Manifest, outcome: Mapping[str, Any], lake: Lake) -> dict[str, Any]:
    """The expected losses and scores of a run.

    Args:
        plan: the run's.
        experiment: the experiment's artifact, ``outcome`` what it holds.

    Returns:
        ``experiment``, ``parameters``, ``tokens``, ``worth`` (of the tokens, new ones), ``loss`` by label (and
        ``all``) and ``scores`` by benchmark, each ``expected``, ``low``, ``high`` (95 %); ``doubled``; ``notes``.

    Raises:
        StageError: when the experiment has no loss law.
    """
    if ALL not in outcome["laws"]:
        raise StageError(
            outcome["refused"].get(f"loss law, {ALL}", "it has no loss law"),
            where=f"experiment {experiment.config['name']}",
            mend="add cells",
        )
    workers = recipe.resources_of("train").workers or 1
    costs = figures(recipe.train_config(), vocab_size=recipe.embedding_rows, workers=workers)
    laws = {label: fitted_law(found) for label, found in outcome["laws"].items()}
    unique = _unique(recipe, costs.tokens, outcome)
    worth = effective_tokens(costs.tokens, unique)
    losses = {}
    for label, fit in laws.items():
        low, high = fit.loss_interval(costs.parameters, worth)
        losses[label] = {"expected": fit.law.loss(costs.parameters, worth), "low": low, "high": high}
    drawn = [draw.loss(costs.parameters, worth) for draw in laws[ALL].draws]
    scores = {}
    for name, found in outcome["benchmarks"].items():
        steps = fitted_steps(found)
        low, high = steps.accuracy_interval(drawn)
        scores[name] = {"expected": steps.steps.accuracy(losses[ALL]["expected"]), "low": low, "high": high}
    return {
        "experiment": f"{experiment.stage}/{experiment.fingerprint}",
        "name": experiment.config["name"],
        "parameters": costs.parameters,
        "tokens": costs.tokens,
        "worth": worth,
        "loss": losses,
        "scores": scores,
        "doubled": doubled(laws[ALL], costs.parameters, worth),
        "notes": list(_notes(plan, costs.parameters, costs.tokens, outcome, lake)),
    }


def _unique(recipe: Recipe, tokens: float, outcome: Mapping[str, Any]) -> float:
    """Tokens of the run that differ, by the groups' sizes in the experiment; all of them where groups are others."""
    sizes: dict[str, float] = {}
    for point in outcome["points"]:
        sizes |= point["available"]
    weights = recipe.mixture.weights
    if not weights or not set(weights) <= set(sizes):
        return min(tokens, sum(sizes.values())) if not weights and sizes else tokens
    total = sum(weights.values())
    return sum(min(tokens * weight / total, sizes[group]) for group, weight in weights.items())


def _notes(plan: Plan, parameters: float, tokens: float, outcome: Mapping[str, Any], lake: Lake) -> list[str]:
    """What makes this less than a prediction of like by like."""
    points = [point for point in outcome["points"] if not point["held_out"]]
    said = []
    beyond = {
        name: value / max(point[name] for point in points)
        for name, value in (("parameters", parameters), ("tokens", tokens))
    }
    said += [f"{name} are {times:.1f} times those of the largest cell" for name, times in beyond.items() if times > 1]
    cell = Artifact("evaluate", points[0]["artifact"]).manifest(lake)
    if cell is None:
        said.append("the cells' artifacts are gone: whether they were trained on the same text is not known")
    elif cell.inputs["tokens"] != plan.planned("tokens").fingerprint:
        said.append("the cells were trained and judged on other text or another tokenizer")
    return said
