"""A run: one execution of a recipe, written down before anything starts.

``runs/<run id>/run.json`` holds the whole recipe and the plan, so that a stage's job needs to be told
no more than the run's id and the stage's name, and so that what was run can be read long after the
recipe file has changed.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from smelt import takedown
from smelt.errors import RecipeError, StageError
from smelt.lake import Lake
from smelt.lake.probe import require_once
from smelt.plan import Plan, Planned, built_anew, make_plan, remember
from smelt.recipe import Recipe, load_recipe
from smelt.settings import Settings
from smelt.sources import days, earlier, ocr
from smelt.sources.listing import kept_listing


class Origin(BaseModel):
    """Where a run branches off from another, instead of beginning from its recipe's file.

    Attributes:
        run: the other's id.
        step: of its checkpoint that is gone on from; None where a block is left out and all else is the same.
        set_aside: name of a block that is not trained on; "" for none.
    """

    model_config = ConfigDict(frozen=True)
    run: str
    step: int | None = None
    set_aside: str = ""


class Run(BaseModel):
    """A run's recipe and plan.

    Attributes:
        id: unique in the lake; Airflow's run id, made safe for object keys.
        recipe_path: the file it was started from; of a branch, that of the run it branches off from.
        overrides: what was laid over the file.
        force: stages that were to be built anew; the recipe's ``rebuild`` says which generation that made.
        created: ISO 8601 time.
        taken_from: id of the run that recipe and plan were taken over from; empty for a run that planned itself.
        recipe_digest: of the file as it was then; "" for runs of old, and for branches.
        origin: where it branches off; None where it is no branch, or one that has a recipe file of its own.
    """

    model_config = ConfigDict(frozen=True)
    id: str
    recipe_path: str
    overrides: dict[str, Any]
    force: tuple[str, ...] = ()
    recipe: Recipe
    plan: Plan
    created: str
    taken_from: str = ""
    recipe_digest: str = ""
    origin: Origin | None = None

    def planned(self, stage: str) -> Planned:
        """The plan of one stage."""
        return self.plan.planned(stage)

    @property
    def outdated(self) -> str:
        """One line where the recipe's file is another by now: a run keeps the plan that it has; else ""."""
        if self.recipe_digest in ("", _digest_of(self.recipe_path)):
            return ""
        return f"planned at {self.created}; {self.recipe_path} has changed since, trigger a new run to use it"

    @property
    def report_key(self) -> str:
        """Key of the run's report."""
        return self.planned("report").artifact.key("parts", "report", "/report.html")


def preview(
    recipe_path: str | Path, overrides: Mapping[str, Any], settings: Settings, *, force: Collection[str] = ()
) -> tuple[Recipe, Plan]:
    """The recipe and its plan, without starting or writing anything but the listing of raw files.

    Args:
        force: stages to build anew; see ``smelt.plan.built_anew``.
    """
    return _planned(load_recipe(recipe_path, overrides), Lake(settings), force)


def _planned(recipe: Recipe, lake: Lake, force: Collection[str]) -> tuple[Recipe, Plan]:
    recipe, of_days = days.resolved(recipe.with_start().with_blocked(takedown.freeze(lake)), lake)
    recipe, of_earlier = earlier.compared(recipe, lake)
    if recipe.ingest.ocr is not None:
        ocr.address(recipe.ingest.ocr)  # better said before anything starts
    files = kept_listing(recipe.file_sources, lake)
    asked = recipe.rebuild
    recipe = built_anew(recipe, force, lake, listing_digest=files.digest)
    plan = make_plan(recipe, lake, listing_digest=files.digest)
    notes = [*files.notes, *of_days, *of_earlier, *plan.notes]
    if recipe.rebuild != asked:
        lines = ", ".join(f"{stage}: {generation}" for stage, generation in recipe.rebuild.items())
        notes.append(f"built anew for this run alone; `rebuild: {{{lines}}}` in the recipe makes its later runs use it")
    return recipe, plan.model_copy(update={"notes": tuple(notes)})


def create_run(
    recipe_path: str | Path,
    overrides: Mapping[str, Any],
    run_id: str,
    settings: Settings,
    *,
    force: Collection[str] = (),
    origin: Origin | None = None,
) -> Run:
    """Check and plan the recipe and write the run down; an id that is taken returns that run.

    Args:
        recipe_path: not read where there is an ``origin``, whose run's recipe is changed.
        force: stages to build anew; see ``smelt.plan.built_anew``.
        origin: the run to branch off from.

    Raises:
        RecipeError: when the recipe is wrong; nothing is written then.
        LakeError: when the object store is none to commit in.
    """
    from smelt.engine.idle import commit_idle
    from smelt.supply.forecast import forecast, warnings  # with polars, which those who load a run need not import

    lake = Lake(settings)
    if (run := find_run(lake, run_id)) is not None:
        asked = (dict(overrides), tuple(force), origin)
        if (run.overrides, run.force, run.origin) != asked or (origin is None and run.recipe_path != str(recipe_path)):
            raise RecipeError("the run id is taken by another run", where=run_id, mend="choose another id")
        return run
    if origin is None:
        recipe, plan = preview(recipe_path, overrides, settings, force=force)
    else:
        from smelt.steering.branching import branched  # which knows runs

        recipe_path, recipe = branched(lake, origin, overrides)
        recipe, plan = _planned(recipe, lake, force)
    require_once(lake)
    short = warnings(forecast(recipe, plan, lake), recipe, plan, lake)
    plan = commit_idle(plan.model_copy(update={"notes": (*plan.notes, *short)}), lake)
    run = Run(
        id=run_id,
        recipe_path=str(recipe_path),
        overrides=dict(overrides),
        force=tuple(force),
        recipe=recipe,
        plan=plan,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        recipe_digest=_digest_of(recipe_path) if origin is None else "",
        origin=origin,
    )
    lake.put(run_key(run_id), run.model_dump_json().encode())
    lake.put(_listed_key(run), b"")
    remember(plan, lake)
    return run


def listed_runs(lake: Lake, recipe: str = "") -> list[tuple[str, str]]:
    """Time and id of all runs that a recipe was planned in, or any recipe, the newest first."""
    keys = (item.key.partition("/runs/") for item in lake.objects(f"recipes/{recipe}/runs/" if recipe else "recipes/"))
    names = sorted((name for _, runs, name in keys if runs), reverse=True)
    return [(created, run_id) for created, _, run_id in (name.partition("~") for name in names)]


def earlier_runs(lake: Lake, recipe: str, run_id: str) -> Iterator[tuple[str, str, Plan]]:
    """Id, time and plan of the runs of a recipe that were planned before this one, the newest first.

    Args:
        run_id: of a run of that recipe; where it is none, all of the recipe's runs are earlier.
    """
    listed = listed_runs(lake, recipe)
    own = next((number for number, (_, other) in enumerate(listed) if other == run_id), -1)
    for created, other in listed[own + 1 :]:
        found = lake.find_json(run_key(other))  # plain JSON: its recipe may be one that this Smelt refuses
        try:
            yield other, created, Plan.model_validate((found or {}).get("plan"))
        except ValidationError:
            continue


def take_over(lake: Lake, source: str, run_id: str) -> Run:
    """The run ``source`` under another id: its recipe and its plan as they are, to run stages of it elsewhere.

    Raises:
        StageError: when there is no such run.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    run = load_run(lake, source).model_copy(update={"id": run_id, "created": created, "taken_from": source})
    lake.put(run_key(run_id), run.model_dump_json().encode())
    return run


def load_run(lake: Lake, run_id: str) -> Run:
    """The run of that id.

    Raises:
        StageError: when there is none.
    """
    if (found := find_run(lake, run_id)) is None:
        raise StageError("no such run", where=run_id, mend="`smelt artifacts --runs` lists them")
    return found


def find_run(lake: Lake, run_id: str) -> Run | None:
    """The run of that id, or None while it isn't planned yet.

    Raises:
        StageError: when its recipe is no longer valid: another version of Smelt wrote it down.
    """
    found = lake.find_json(run_key(run_id))
    try:
        return None if found is None else Run.model_validate(found)
    except ValidationError:
        line = "was planned by another version of Smelt, whose recipe this one refuses"
        raise StageError(line, where=run_id, mend="plan the recipe again") from None


def safe_run_id(text: str) -> str:
    """An id that may stand in object keys and job ids, made from any text (Airflow's run ids have colons)."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-")


def run_key(run_id: str) -> str:
    """Key of the run itself."""
    return f"runs/{run_id}/run.json"


def published_key(run_id: str, asset: str) -> str:
    """Key of the object that tells that the run has published an asset."""
    return f"runs/{run_id}/published/{asset}.json"


def _listed_key(run: Run) -> str:
    """Key of the empty object that lists the run among its recipe's; sorts by time."""
    return f"recipes/{run.plan.recipe}/runs/{run.created}~{run.id}"


def ended_key(run_id: str) -> str:
    """Key of the object that is there once the run has ended, and goes when it goes on."""
    return f"runs/{run_id}/ended.json"


def progress_key(run_id: str, stage: str) -> str:
    """Key of the small object that tells how far a stage is."""
    return f"runs/{run_id}/progress/{stage}.json"


def _digest_of(recipe_path: str | Path) -> str:
    """Of the file's content, whatever it holds; of nothing where it is gone."""
    path = Path(recipe_path)
    return sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
