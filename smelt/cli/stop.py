"""``smelt stop`` and ``smelt resume``: a run's training ends behind its next checkpoint, and goes on from there."""

from typing import Annotated

import typer

from smelt.cli.main import app

RunId = Annotated[str, typer.Argument(help="The run's id.", metavar="RUN")]


@app.command()
def stop(run: RunId) -> None:
    """Have a run stop behind the next checkpoint of its training. It ends without a failure, and nothing is lost."""
    from smelt.lake import Lake
    from smelt.run import load_run, safe_run_id
    from smelt.steering import stopping

    lake = Lake.connect()
    stage = stopping.ask(lake, load_run(lake, safe_run_id(run)))
    typer.echo(f"{stage} stops behind its next checkpoint; `smelt resume {run}` goes on from there")


@app.command()
def resume(run: RunId) -> None:
    """Go on with a run that was asked to stop, with the policies, resources and tolerances its recipe has by now."""
    from smelt.errors import RecipeError
    from smelt.following.airflow import Airflow
    from smelt.lake import Lake
    from smelt.run import load_run, safe_run_id
    from smelt.services import stack
    from smelt.settings import home_folder
    from smelt.steering import stopping

    lake, safe = Lake.connect(), safe_run_id(run)
    load_run(lake, safe)
    if (request := stopping.request_of(lake, safe)) is None:
        raise RecipeError("nobody has asked it to stop", where=run, mend="`smelt run --attach` shows how far it is")
    if request.stage:
        state = stack.up(home_folder())
        airflow = Airflow.of(state)
        airflow.clear(run, f"{request.stage}.run")
        typer.echo(f"{request.stage} goes on; `smelt run --attach {run}` shows it")
    else:
        typer.echo("it had not stopped yet, and goes on")
    stopping.take_back(lake, safe)
