"""``smelt branch``: another way on from a checkpoint of a run."""

from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.main import app
from smelt.cli.recipe import Overrides


@app.command()
def branch(
    run: Annotated[str, typer.Argument(help="The run to branch off from.", metavar="RUN")],
    at: Annotated[int | None, typer.Option(help="Behind the checkpoint of this step.", metavar="STEP")] = None,
    set_aside: Annotated[
        str, typer.Option(help="Go back to before this block, such as 0-00004, and leave it out.", metavar="BLOCK")
    ] = "",
    overrides: Overrides = None,
    name: Annotated[str, typer.Option(help="Of the new recipe.", metavar="NAME")] = "",
    start: Annotated[bool, typer.Option(help="Start it, or only write the recipe.")] = True,
) -> None:
    """Write a run's recipe as it would go on otherwise from a checkpoint, and start it: what lies before isn't trained
    again. `--set branch.learning_rate=1e-4` is of the phase that the branch begins with."""
    import yaml

    from smelt import settings
    from smelt.cli.recipe import parse_overrides
    from smelt.cli.run import run as start_run
    from smelt.errors import RecipeError
    from smelt.lake import Lake
    from smelt.run import Origin, load_run, safe_run_id
    from smelt.steering.branching import branch as made
    from smelt.steering.branching import branch_name

    if at is None and not set_aside:
        raise RecipeError("no place to branch off", mend="write --at STEP, --set-aside BLOCK or both")
    lake = Lake(settings.load())
    found = load_run(lake, safe_run_id(run))
    name = name or branch_name(found, Origin(run=found.id, step=at, set_aside=set_aside))
    recipe = made(found, lake, name=name, step=at, overrides=parse_overrides(overrides), set_aside=set_aside)
    file = Path(found.recipe_path).with_name(f"{name}.yaml")
    if file.exists():
        raise RecipeError("is there already", where=str(file), mend="write another --name, or remove it")
    said = f"# A branch of run {found.id}" + (f" behind step {at}" if at else "") + "\n"
    file.write_text(said + yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    typer.echo(f"wrote {file}")
    if start:
        start_run(str(file))
