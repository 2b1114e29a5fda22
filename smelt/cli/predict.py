"""``smelt predict``: what an experiment expects of a recipe's run, before it starts."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from smelt.cli.main import app
from smelt.cli.recipe import Overrides, RecipePath, parse_overrides
from smelt.cli.tables import print_whole


@app.command()
def predict(
    recipe: RecipePath,
    experiment: Annotated[
        str, typer.Option("--from", help="The experiment's name; the one that was finished last.", metavar="EXPERIMENT")
    ],
    until: Annotated[
        list[str] | None,
        typer.Option(help="Say on how many tokens the model reaches this score.", metavar="BENCHMARK:FORM=SHARE"),
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Write down the loss and the scores that a run is expected to have; its report shows them beside the outcome."""
    from smelt import settings
    from smelt.experiments import predictions, store
    from smelt.experiments.predict import predict as expected
    from smelt.lake import Lake
    from smelt.run import preview

    found = settings.load()
    lake = Lake(found)
    source, outcome = store.read(lake, experiment)
    read, plan = preview(recipe, parse_overrides(overrides), found)
    prediction = expected(read, plan, source, outcome, lake)
    manifest = predictions.write(lake, plan, prediction)
    console = Console(soft_wrap=True)
    table = Table("of", "expected", "95 %", box=None)
    for name, one in [*prediction["loss"].items(), *prediction["scores"].items()]:
        table.add_row(name, f"{one['expected']:.4f}", f"{one['low']:.4f} to {one['high']:.4f}")
    print_whole(table, console)
    for name, change in prediction["doubled"].items():
        console.print(f"twice the {name}: {change['change']:+.4f} bits per byte", highlight=False)
    for asked in until or []:
        console.print(_until(outcome, prediction["parameters"], asked), highlight=False, markup=False)
    for note in prediction["notes"]:
        console.print(note, style="yellow", markup=False)
    console.print(f"written to {lake.path(manifest.artifact.root)}", highlight=False)


def _until(outcome: Mapping[str, Any], parameters: float, asked: str) -> str:
    """The answer to ``BENCHMARK:FORM=SHARE``, in a sentence."""
    from smelt.errors import RecipeError
    from smelt.experiments.answers import tokens_until
    from smelt.experiments.outcome import ALL, fitted_law, fitted_steps

    name, _, share = asked.rpartition("=")
    if name not in outcome["benchmarks"]:
        known = ", ".join(outcome["benchmarks"]) or "none that has a signal"
        why = outcome["refused"].get(f"benchmark {name}", f"the experiment predicts no {name!r}")
        raise RecipeError(why, where=f"--until {asked}", mend=f"it predicts: {known}")
    try:
        wanted = float(share)
    except ValueError:
        raise RecipeError(f"{share!r} is no share", where=f"--until {asked}", mend="write 0.5") from None
    steps = fitted_steps(outcome["benchmarks"][name])
    tokens = tokens_until(fitted_law(outcome["laws"][ALL]), steps, parameters, wanted)
    reached = "on no number of tokens" if tokens is None else f"on {tokens:,.0f} new tokens"
    return f"{name} reaches {wanted:g} {reached}"
