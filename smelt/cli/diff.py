"""``smelt diff``: what two runs differ in."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.main import app
from smelt.cli.tables import print_whole

TITLES = {
    "recipe": "recipe",
    "artifacts": "artifact",
    "documents": "documents after",
    "dropped": "documents dropped by",
    "mixture": "share of tokens",
    "training": "training loss at last",
    "heldout": "held out",
    "probes": "probe",
}


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="A run's id.", metavar="RUN_A")],
    second: Annotated[str, typer.Argument(help="Another's.", metavar="RUN_B")],
    as_json: Annotated[Path | None, typer.Option("--json", help="Write it all there.", metavar="FILE")] = None,
) -> None:
    """Show what two runs differ in: recipe, artifacts, drops, mixture, losses, scores and probes."""
    from importlib import import_module

    from smelt.lake import Lake

    module = import_module("evaluation.difference")  # by name, since nothing here depends on the stages
    found = module.difference(Lake.connect(), first, second)
    if as_json is not None:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    console = Console(highlight=False)
    for table in tables(found):
        print_whole(table, console)
    if found["refused"]:
        said = f"loss and perplexity are not compared: {found['refused']}; bits per byte are"
        console.print(said, style="yellow", markup=False, soft_wrap=True)
    if not any(found[name] for name in ("recipe", "artifacts")):
        console.print("one recipe, and the same artifacts")


def tables(found: dict[str, Any]) -> list[Table]:
    """A table for each kind of difference that there is."""
    made = []
    for name, title in TITLES.items():
        if not found[name]:
            continue
        table = Table(title, *(escape(run) for run in found["runs"]), "change", box=None)
        for what, pair in found[name].items():
            table.add_row(escape(what), *(_shown(value) for value in pair), _change(*pair))
        made.append(table)
    if found["benchmarks"]:
        table = Table("benchmark", *(escape(run) for run in found["runs"]), "change", "95 %", "p", box=None)
        for what, own in found["benchmarks"].items():
            scores = [f"{score:.3f}" for score in own["accuracy"]]
            apart = ("", "other items", "")
            if "p" in own:
                apart = (f"{own['difference']:+.3f}", f"{own['low']:+.3f} to {own['high']:+.3f}", f"{own['p']:.2g}")
            table.add_row(escape(what), *scores, *apart)
        made.append(table)
    return made


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return escape(json.dumps(value, ensure_ascii=False)) if value is not None else "–"
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _change(first: Any, second: Any) -> str:
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (first, second)]
    return f"{second - first:+.4g}" if all(numbers) else ""
