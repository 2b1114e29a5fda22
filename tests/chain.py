"""Running a recipe's stages without an orchestrator, for tests of what they make."""

from smelt.engine.make import Mapper, make_artifact, make_context, serially
from smelt.lake import Lake, Manifest
from smelt.plan import Plan, make_plan
from smelt.recipe import Recipe
from smelt.sources.listing import kept_listing

RECIPE = """
name: {name}
sources:
  - {{name: notes, kind: files, paths: ["{folder}/*.txt"], lang: en}}
model: {{preset: tiny}}
phases:
  - {{name: main, tokens: 100000, sequence_length: 64, global_batch_size: 8}}
"""
"""The smallest recipe, to be formatted with a ``name`` and the ``folder`` of its texts."""


def plan_of(recipe: Recipe, lake: Lake) -> Plan:
    """The plan, with the listing of raw files put where ``ingest`` looks for it."""
    files = kept_listing(recipe.file_sources, lake)
    return make_plan(recipe, lake, listing_digest=files.digest)


def dies_after(count: int) -> Mapper:
    """A mapper that works on so many shards of a round and is then interrupted, where there are more."""

    def mapper(context, index, shards):
        yield from serially(context, index, shards[:count])
        if len(shards) > count:
            raise KeyboardInterrupt

    return mapper


def make_through(recipe: Recipe, lake: Lake, last: str, *, mapper: Mapper = serially) -> dict[str, Manifest]:
    """Make every artifact from the top of the pipeline through ``last``, a stage or a kind; manifests by stage."""
    made: dict[str, Manifest] = {}
    for planned in plan_of(recipe, lake).stages:
        made[planned.stage] = make_artifact(planned, make_context(recipe, planned, lake), mapper)
        if last in (planned.stage, planned.kind):
            break
    return made
