"""``smelt train --local``: a recipe's training in this process alone, to debug and profile it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from smelt.cli.main import app
from smelt.cli.recipe import Overrides, RecipePath


@app.command()
def train(
    recipe: RecipePath,
    local: Annotated[bool, typer.Option("--local", help="In this process, without Ray and Airflow.")] = False,
    phase: Annotated[int, typer.Option(min=1, help="Which of the recipe's phases.", metavar="N")] = 1,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many.", metavar="N")] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Write a Chrome trace of a few warm steps there.", metavar="DIR")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Train on the blocks that the lake holds, in one process, for debugging; changes nothing in the lake.

    Where blocks are still being made, it begins with the first of them, and waits for each that isn't there yet.
    """
    from dataclasses import replace
    from importlib import import_module

    from smelt import settings
    from smelt.cli.recipe import parse_overrides
    from smelt.engine.make import make_context
    from smelt.errors import RecipeError, StageError
    from smelt.explaining.traced import Making
    from smelt.lake import Artifact, Lake, Manifest
    from smelt.lake.artifact import RECORD
    from smelt.plan import is_kind
    from smelt.recipe.blocks import block_sizes
    from smelt.run import preview

    if not local:
        raise RecipeError("a run trains through Airflow", mend=f"write `smelt run {recipe}`, or add --local")
    found = settings.load()
    read, plan = preview(recipe, parse_overrides(overrides), found)
    if phase > (last := len(read.phases)):
        raise RecipeError(f"there are {last} phases, and no {phase}", where=str(recipe), mend="write another --phase")
    lake, planned = Lake(found), plan.planned(f"train-{phase}")
    blocks, unfinished = plan.planned(f"blocks-{phase}"), dict[str, Manifest]()
    first = next(iter(block_sizes(read.blocks_config(phase))))
    for name, fingerprint in planned.inputs.items():
        if not is_kind(name) or Artifact(name, fingerprint).manifest(lake) is not None:
            continue
        if name == blocks.kind and lake.exists(blocks.artifact.key("parts", first, RECORD)):
            unfinished[name] = Making.of(blocks).unfinished
            continue
        where = f"{name}/{fingerprint}"
        raise StageError("not made yet", where=where, mend=f"`smelt run {recipe}` makes it, with the same --set")
    name = f"local-{read.name}-{datetime.now():%Y%m%d-%H%M%S}"
    folder = (found.home / "local" / name).resolve()
    training = import_module("training.local")  # by name, since nothing here depends on the stages
    context = make_context(read, planned, lake, training.show, unfinished=unfinished)
    context = replace(context, artifact=Artifact("train", name))
    typer.echo(f"training in this process; metrics and events: {folder}")
    try:
        training.train_local(context, folder, num_steps=steps, profile=profile)
    except KeyboardInterrupt:
        typer.echo(f"stopped; {folder}")
        raise typer.Exit(130) from None
