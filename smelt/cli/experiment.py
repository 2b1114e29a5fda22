"""``smelt experiment``: many runs of one recipe, followed from the terminal, and what follows from them."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smelt.cli.main import app
from smelt.cli.tables import print_whole

if TYPE_CHECKING:
    from smelt.experiments.plan import ExperimentPlan
    from smelt.following.experiment import Going

LOOK_EVERY_S = 3.0
_TERMS = (("A", "N", "alpha"), ("B", "D", "beta"))


@app.command()
def experiment(
    file: Annotated[str, typer.Argument(help="The experiment's YAML file.", metavar="FILE")],
    only_plan: Annotated[bool, typer.Option("--plan", help="Print the cells and what they cost, and stop.")] = False,
) -> None:
    """Run an experiment: each cell that is not in the lake yet, then every fit that its cells allow."""
    from smelt.experiments.load import load_experiment
    from smelt.experiments.plan import make_plan
    from smelt.following.airflow import Airflow
    from smelt.following.experiment import Going
    from smelt.following.show import Lines, Screen
    from smelt.lake import Lake
    from smelt.services import stack
    from smelt.settings import home_folder

    plan = make_plan(load_experiment(file), file)
    console = Console(soft_wrap=True)
    _print_plan(plan, console)
    if only_plan:
        return
    with console.status("starting the services"):
        state = stack.up(home_folder())
        airflow = Airflow.of(state)
        airflow.wait_for_dag()
    going = Going(plan, airflow, Lake.connect())
    going.find_done()
    found = going.standing.write_page(going.lake)
    try:
        with (Screen if console.is_terminal else Lines)(console, f"experiment {plan.experiment.name}") as shown:
            shown.update(going.table)
            while not going.over:
                if going.step():
                    found = going.standing.write_page(going.lake)
                    shown.note(_so_far(going, found))
                shown.update(going.table)
                time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        console.print(f"Runs that were started go on. `smelt experiment {file}` goes on from what is done.")
        raise typer.Exit(130) from None
    _finish(console, going, airflow.address)


def _print_plan(plan: "ExperimentPlan", console: Console) -> None:
    table = Table("cell", "values", "parameters", "tokens", "FLOPs", "", box=None)
    for cell in plan.cells:
        held = "held out" if cell.held_out else ""
        table.add_row(
            cell.name, escape(cell.title), f"{cell.parameters:,}", f"{cell.tokens:,}", f"{cell.flops:.3g}", held
        )
    print_whole(table, console)
    console.print(
        f"{len(plan.cells)} runs, {plan.flops:.3g} FLOPs of a budget of {plan.experiment.budget_flops:.3g}, "
        f"{plan.hours:.2g} hours of training at {plan.experiment.worker_flops:.3g} FLOP/s a worker"
    )


def _so_far(going: "Going", found: dict[str, Any]) -> str:
    from smelt.experiments.outcome import ALL

    said = f"{len(going.points)} of {len(going.plan.cells)} cells done"
    if ALL in found["laws"]:
        law = found["laws"][ALL]["law"]
        of_n, of_d = (f"{law[name]:.3g}/{axis}^{law[power]:.3f}" for name, axis, power in _TERMS)
        said += f"; bits per byte = {law['E']:.3f} + {of_n} + {of_d}"
    return said


def _finish(console: Console, going: "Going", address: str) -> None:
    from smelt.cli.services import print_addresses
    from smelt.experiments import store

    plan = going.plan
    for name, why in going.failed.items():
        title = next(cell.title for cell in plan.cells if cell.name == name)
        console.print(f"{title} failed: {why}", style="red", markup=False, highlight=False)
    found, manifest = going.standing.conclude(going.lake)
    for label, one in ((label, one) for label, law in found["laws"].items() for one in law["held_out"]):
        console.print(
            f"{one['title']}, loss of {label}: expected {one['expected']:.4f} ({one['low']:.4f} to {one['high']:.4f}), "
            f"measured {one['measured']:.4f}, off by {100 * one['error']:+.2f} %",
            highlight=False,
        )
    for line in [*found["refused"].values(), *(found["mixture"] or {"says": ()})["says"]]:
        console.print(line, markup=False, highlight=False)
    if manifest is None:
        console.print(f"{len(going.failed)} of {len(plan.cells)} cells failed; the same command runs those alone")
        raise typer.Exit(1)
    local = going.lake.settings.home / "experiments" / f"{plan.experiment.name}.html"
    going.lake.download(manifest.key(store.KIND, store.PAGE), local)
    print_addresses(
        [
            ("Page", str(local), f"{address}/smelt/lake/{store.page_key(plan.experiment.name)}"),
            ("Outcome", going.lake.path(manifest.key(store.KIND, store.OUTCOME)), ""),
        ]
    )
