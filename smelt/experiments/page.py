"""An experiment's page: plots that say one thing each, the laws, what was refused, and every cell with its state.

Axes of sizes, tokens and FLOPs are logs to base 10. Points are measured; a line is the fit, solid within what was
measured and dashed beyond; grey lines are its 95 % interval.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from smelt.charts import Line, charts_style, line_chart, share_bars
from smelt.experiments.answers import sentences
from smelt.experiments.fits import law
from smelt.experiments.outcome import ALL, fitted_law, fitted_steps
from smelt.experiments.plan import ExperimentPlan

_HERE = Path(__file__).parent
BEYOND = 10.0
"""How far plots go beyond the largest cell."""
PLACES = 40
DONE = "done"
Figure = tuple[str, str, Markup]
"""A title, what there is to say, and the chart."""


def render(plan: ExperimentPlan, outcome: Mapping[str, Any], states: Mapping[str, str]) -> str:
    """The page as one HTML document.

    Args:
        outcome: as ``smelt.experiments.outcome.outcome`` gives it.
        states: of each cell by name: ``waiting``, ``running``, ``done``, or what failed.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    laws = outcome["laws"]
    bits = {point["cell"]: point["bits_per_byte"] for point in outcome["points"]}
    residuals = laws[ALL]["residuals"] if ALL in laws else {}
    return environment.get_template("page.html.j2").render(
        name=plan.experiment.name,
        description=plan.experiment.description,
        style=Markup((_HERE / "page.css").read_text()) + charts_style(),
        outcome=outcome,
        flops=f"{plan.flops:.3g}",
        failed=len(outcome["left_out"]),
        answers=sentences(outcome, fitted_law(laws[ALL])) if ALL in laws else [],
        figures=list(figures(outcome)),
        held_out=[(label, one) for label, found in laws.items() for one in found["held_out"]],
        laws=list(laws.items()),
        coefficients=law.COEFFICIENTS,
        cells=[
            {
                "title": cell.title,
                "held_out": cell.held_out,
                "state": states.get(cell.name, "waiting"),
                "failed": cell.title in outcome["left_out"],
                "parameters": cell.parameters,
                "tokens": cell.tokens,
                "flops": cell.flops,
                "bits": bits.get(cell.name),
                "residual": residuals.get(cell.name),
            }
            for cell in plan.cells
        ],
    )


def figures(outcome: Mapping[str, Any]) -> list[Figure]:
    """Every plot that the outcome has something for."""
    found: list[Figure] = []
    if ALL in outcome["laws"]:
        own = outcome["laws"][ALL]
        fit = fitted_law(own)
        points = [point for point in outcome["points"] if point["cell"] in own["residuals"] or point["held_out"]]
        largest = max(points, key=lambda point: (point["parameters"], point["tokens"]))
        found.append(_along("parameters", "tokens", points, largest["tokens"], fit))
        found.append(_along("tokens", "parameters", points, largest["parameters"], fit))
        found.append(_residuals(points, own["residuals"]))
    if outcome["profiles"]:
        found.append(_profiles(outcome))
    found += [_benchmark(name, one, outcome["points"]) for name, one in outcome["benchmarks"].items()]
    if outcome["mixture"]:
        found.append(_mixture(outcome))
    return found


def _along(axis: str, other: str, points: Sequence[Mapping[str, Any]], fixed: float, fit: law.Fitted) -> Figure:
    """Loss against one of the two, at the other's largest value."""
    shown = sorted(
        (point[axis], point["bits_per_byte"], point["held_out"]) for point in points if point[other] == fixed
    )
    last = max(x for x, _, _ in shown)

    def place(x: float) -> tuple[float, float]:
        return (x, fixed) if axis == "parameters" else (fixed, x)

    inner = np.geomspace(min(point[axis] for point in points), last, PLACES)
    outer = np.geomspace(last, BEYOND * last, PLACES)
    every = [*inner, *outer[1:]]
    limits = [fit.loss_interval(*place(x)) for x in every] if fit.draws else []
    lines = [
        Line("fit", _logged(inner, lambda x: fit.law.loss(*place(x))), 1),
        Line("expected", _logged(outer, lambda x: fit.law.loss(*place(x))), 1, dashed=True),
        Line("cells", [(math.log10(x), y) for x, y, held in shown if not held], 2, dots=True, joined=False),
        Line("held out", [(math.log10(x), y) for x, y, held in shown if held], 5, dots=True, joined=False),
    ]
    for name, side in (("95 %", 0), ("95 %", 1)):
        lines.append(Line(name, [(math.log10(x), limit[side]) for x, limit in zip(every, limits, strict=False)], 8))
    return (
        f"Loss falls with {axis}",
        f"At {fixed:,.0f} {other}; the line goes on to {BEYOND:g} times the largest cell.",
        line_chart(lines, y_name="bits per byte", x_name=f"log10 of {axis}", height=280),
    )


def _residuals(points: Sequence[Mapping[str, Any]], residuals: Mapping[str, float]) -> Figure:
    shown = sorted(
        (math.log10(point["flops"]), 100 * residuals[point["cell"]]) for point in points if point["cell"] in residuals
    )
    lines = [
        Line("cells", shown, 2, dots=True, joined=False),
        Line("the law", [(shown[0][0], 0.0), (shown[-1][0], 0.0)], 8, dashed=True),
    ]
    chart = line_chart(lines, y_name="measured over expected, %", x_name="log10 of training FLOPs", height=200)
    return "What the law leaves unexplained", "A trend here would say that the form is wrong.", chart


def _profiles(outcome: Mapping[str, Any]) -> Figure:
    lines = []
    for number, profile in enumerate(outcome["profiles"], start=1):
        own = [
            p for p in outcome["points"] if abs(math.log(6 * p["parameters"] * p["tokens"] / profile["flops"])) < 0.1
        ]
        sizes = [point["parameters"] for point in own]
        colour = min(number, 7)
        curve = np.geomspace(min(sizes), max(sizes), PLACES)
        lines.append(
            Line(
                f"{profile['flops']:.2g}",
                [(math.log10(x), float(np.polyval(profile["curve"], math.log(x)))) for x in curve],
                colour,
            )
        )
        dots = sorted((math.log10(point["parameters"]), point["bits_per_byte"]) for point in own)
        lines.append(Line("", dots, colour, dots=True, joined=False))
    said = [
        f"at {profile['flops']:.2g} FLOPs {profile['parameters']:,.0f} parameters"
        if profile["parameters"]
        else f"at {profile['flops']:.2g} FLOPs outside the sizes that were trained"
        for profile in outcome["profiles"]
    ]
    chart = line_chart(lines, y_name="bits per byte", x_name="log10 of parameters", height=280)
    return "Each budget has a best size", f"Lowest: {'; '.join(said)}.", chart


def _benchmark(name: str, found: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> Figure:
    fit = fitted_steps(found)
    shown = sorted((p["bits_per_byte"], p["benchmarks"][name]["accuracy"]) for p in points if name in p["benchmarks"])
    low, high = shown[0][0], shown[-1][0]
    inner, outer = np.linspace(low, high, PLACES), np.linspace(0.7 * low, low, PLACES)
    lines = [
        Line("expected", [(float(x), fit.steps.accuracy(x)) for x in outer], 1, dashed=True),
        Line("fit", [(float(x), fit.steps.accuracy(x)) for x in inner], 1),
        Line("cells", shown, 2, dots=True, joined=False),
    ]
    every = np.linspace(0.7 * low, high, PLACES)
    limits = [fit.accuracy_interval([x]) for x in every] if fit.draws else []
    for side in (0, 1):
        lines.append(Line("95 %", [(float(x), limit[side]) for x, limit in zip(every, limits, strict=False)], 8))
    chart = line_chart(lines, y_name="share answered right", x_name="held-out bits per byte", height=280)
    return f"{name} follows the loss", f"{found['items']} items; guessing gives {fit.steps.chance:.3f}.", chart


def _mixture(outcome: Mapping[str, Any]) -> Figure:
    found = outcome["mixture"]
    groups = sorted(found["shares"])
    tried = [
        (str(p["values"]["mixture"]), p["shares"])
        for p in outcome["points"]
        if str(p["values"].get("mixture")) in found["gains"]
    ]
    gains = "; ".join(
        f"expected to gain {gain:+.4f} ({low:+.4f} to {high:+.4f}) on the {name} one"
        for name, (gain, low, high) in found["gains"].items()
    )
    return (
        "The mixture that the cells speak for",
        f"Mean of all labels' bits per byte: {gains}.",
        share_bars([*tried, ("suggested", found["shares"])], groups),
    )


def _logged(places: Sequence[float] | np.ndarray, value: Callable[[float], float]) -> list[tuple[float, float | None]]:
    return [(math.log10(x), value(float(x))) for x in places]
