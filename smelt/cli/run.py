"""``smelt run``: a recipe through Airflow, followed from the terminal."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from smelt.cli.main import app
from smelt.cli.recipe import Overrides, parse_overrides

LOOK_EVERY_S = 1.5


@app.command()
def run(
    recipe: Annotated[str, typer.Argument(help="The recipe's YAML file.", metavar="RECIPE")] = "",
    overrides: Overrides = None,
    force: Annotated[
        list[str] | None, typer.Option(help="Build this stage anew, and what follows.", metavar="STAGE")
    ] = None,
    approve: Annotated[
        list[str] | None, typer.Option(help="Ask a person when this stage's gate fails.", metavar="STAGE")
    ] = None,
    attach: Annotated[str, typer.Option(help="Follow this run again instead of starting one.", metavar="RUN")] = "",
) -> None:
    """Run a recipe: start the services where they are down, then show the run until it ends."""
    from smelt.errors import RecipeError
    from smelt.following.airflow import Airflow
    from smelt.lake import Lake
    from smelt.recipe import load_recipe
    from smelt.run import safe_run_id
    from smelt.services import stack
    from smelt.settings import home_folder
    from smelt.steering.stopping import request_of

    if bool(recipe) == bool(attach):
        raise RecipeError("nothing to run", mend="write `smelt run RECIPE`, or `smelt run --attach RUN`")
    parsed = parse_overrides(overrides)
    name = load_recipe(recipe, parsed).name if recipe else ""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.print("starting the services")
    with console.status("starting the services"):
        state = stack.up(home_folder())
        airflow = Airflow.of(state)
        airflow.wait_for_dag()
    run_id = attach or f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    if recipe:
        params = {
            "recipe": str(Path(recipe).resolve()),
            "overrides": parsed,
            "force": force or [],
            "approve": approve or [],
        }
        run_id = airflow.trigger(run_id, params)
    try:
        ended = _follow(console, airflow, run_id)
    except KeyboardInterrupt:
        console.print(f"The run goes on. `smelt run --attach {run_id}` shows it again; {airflow.page(run_id)}")
        raise typer.Exit(130) from None
    request = request_of(Lake.connect(), safe_run_id(run_id))
    if ended == "success" and request is not None and request.stage:
        console.print(f"{request.stage} has stopped, as was asked. `smelt resume {run_id}` goes on.", highlight=False)
    elif ended == "success":
        _where_things_lie(console, airflow, run_id, state)
    else:
        _what_failed(console, airflow, run_id)
        raise typer.Exit(1)


def _follow(console: Console, airflow, run_id: str) -> str:
    """Show the run until it ends; its final state."""
    from smelt.following.show import Lines, Screen
    from smelt.following.stages import rows
    from smelt.lake import Lake
    from smelt.run import find_run, progress_key, safe_run_id

    lake, safe_id, found = Lake.connect(), safe_run_id(run_id), None
    with (Screen if console.is_terminal else Lines)(console, f"run {run_id}") as shown:
        while True:
            state = airflow.state(run_id)
            ahead = airflow.ahead(run_id) if state == "queued" else []
            shown.note(f"queued, behind {', '.join(ahead)}" if ahead else "")
            found = found or find_run(lake, safe_id)
            stages = found.plan.stages if found else ()
            shown.update(
                rows(airflow.tasks(run_id), stages, lambda stage: lake.find_json(progress_key(safe_id, stage)))
            )
            if state in ("success", "failed"):
                return state
            time.sleep(LOOK_EVERY_S)


def _what_failed(console: Console, airflow, run_id: str) -> None:
    for task in airflow.tasks(run_id).values():
        if task.state == "failed":
            line = airflow.error(run_id, task.name) or "its process ended without a word"
            console.print(f"{task.name} failed: {line}", style="red", markup=False, highlight=False)
            console.print(f"  its log: {airflow.page(run_id, task.name)}", highlight=False)


def _where_things_lie(console: Console, airflow, run_id: str, state) -> None:
    from smelt.cli.services import addresses, print_addresses
    from smelt.lake import Lake
    from smelt.run import load_run, safe_run_id

    lake = Lake.connect()
    found = load_run(lake, safe_run_id(run_id))
    report = lake.settings.home / "reports" / f"{found.id}.html"
    lake.download(found.report_key, report)
    print_addresses(
        [
            ("Report", str(report), f"{airflow.address}/smelt/lake/{found.report_key}"),
            ("Model", lake.path(found.planned("export").artifact.key("parts", "hf", "/")), ""),
            ("Run", airflow.page(run_id), ""),
            *addresses(state),
        ]
    )
