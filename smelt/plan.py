"""The plan: every stage's fingerprint, known before anything runs, and why it has to run.

A fingerprint needs no data of the stages before it, only their fingerprints, so the whole chain is
computed in one go. A stage is *cached* when its artifact exists and has passed the very gate that the
recipe asks for, or a person has approved it under that gate's tolerances. The reason of a stage that is
not cached comes from comparing the plan with that of the recipe's last run: which config field changed, or
which input.
"""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import BaseModel, ConfigDict

from smelt.errors import RecipeError, StageError
from smelt.gates.approval import find_approval
from smelt.gates.suite import result_key, suite_id
from smelt.identity import canonical, fingerprint
from smelt.lake import Artifact, Lake
from smelt.recipe.graph import StageSpec, kind_of, stages
from smelt.recipe.graph import spec as spec_of
from smelt.recipe.recipe import Recipe
from smelt.recipe.training.config import TrainConfig
from smelt.words import listed

LISTING = "listing"  # name of the input that stands for the raw files
REBUILD = "rebuild"  # name of the input that sets a stage that was built anew apart
CHECKPOINT, TEXT, VOCABULARY = "checkpoint", "text", "vocabulary"  # inputs of a judgement: digests of what they hold
DAY = "day "  # begins the name of an input that is what a day of a corpus has of the same kind: `day 2026-11-01`
BEFORE = "before "  # the same of an input that is what an earlier day has, which a day is compared with
NO_ARTIFACTS = (LISTING, REBUILD, CHECKPOINT, TEXT, VOCABULARY)


def is_kind(name: str) -> bool:
    """Whether an input of that name is the artifact of an earlier stage, and the name its kind."""
    return name not in NO_ARTIFACTS and not name.startswith((DAY, BEFORE))


def days_of(inputs: Mapping[str, str], which: str = DAY) -> dict[str, str]:
    """Of inputs, the artifacts of days: fingerprint by day, in order.

    Args:
        which: ``DAY`` for those that are gathered, ``BEFORE`` for earlier ones that a day is compared with.
    """
    return {name.removeprefix(which): value for name, value in sorted(inputs.items()) if name.startswith(which)}


class Planned(BaseModel):
    """One stage of a plan.

    Attributes:
        stage: its name, such as ``clean`` or ``train-2``.
        inputs: kind of the input stage to fingerprint; ``listing`` to the digest of the raw files' listing; ``rebuild``
            to how often the stage was built anew; of what is gathered from the days of a corpus ``day 2026-11-01`` to
            the fingerprint of that day's artifact; ``before 2026-11-01`` to that of an earlier day that is compared.
        config: the config as it entered the fingerprint.
        suite: id of the gate's suite under this recipe.
        cached: whether artifact and passed (or approved) gate are in the lake already.
        reason: why it runs, or "cached".
        drift: the fingerprint that a pinned stage's config would give, where it differs from the pin.
        policies: of a training, the settings that enter no fingerprint and take effect when it starts the next time.
    """

    model_config = ConfigDict(frozen=True)
    stage: str
    version: int
    fingerprint: str
    inputs: dict[str, str]
    config: Any
    suite: str
    cached: bool
    reason: str
    drift: str | None = None
    policies: dict[str, Any] = {}

    @property
    def artifact(self) -> Artifact:
        """Address of the artifact."""
        return Artifact(self.kind, self.fingerprint)

    @property
    def kind(self) -> str:
        """What kind of stage it is: ``train`` for each phase's training."""
        return kind_of(self.stage)

    @property
    def title(self) -> str:
        """The name for a reader: ``train-2 (anneal)`` says the phase too."""
        return self.stage if self.stage == self.kind else f"{self.stage} ({self.config['phases'][-1]['name']})"

    @property
    def days(self) -> dict[str, str]:
        """Of what is not made but gathered from the days of a corpus: the fingerprint of theirs, by day."""
        return days_of(self.inputs)

    @property
    def idle(self) -> bool:
        """Whether its recipe leaves it nothing to do; what is pinned, or gathered from days, was made by others."""
        idle = spec_of(self.stage).idle
        return idle is not None and not self.drift and not self.days and idle(self.config)

    @property
    def gate_key(self) -> str:
        """Key of its gate's result."""
        return result_key(self.kind, self.fingerprint, self.suite)


class Plan(BaseModel):
    """The stages of a run, from top to bottom, and what there is to say of its raw files."""

    model_config = ConfigDict(frozen=True)
    recipe: str
    stages: tuple[Planned, ...]
    notes: tuple[str, ...] = ()

    def planned(self, stage: str) -> Planned:
        """The stage of that name; for a kind that each phase has one of, the last phase's.

        Raises:
            StageError: when the plan has no such stage.
        """
        if not (found := [item for item in self.stages if stage in (item.stage, item.kind)]):
            raise StageError(
                f"no stage {stage!r} in the plan of {self.recipe}",
                mend=f"stages: {', '.join(item.stage for item in self.stages)}",
            )
        return found[-1]

    @property
    def to_do(self) -> list[str]:
        """Names of the stages that are not cached."""
        return [item.stage for item in self.stages if not item.cached]

    @property
    def settled(self) -> list[str]:
        """Names of the stages that are cached and come from such stages alone: what follows needn't wait for them.

        A pinned stage is cached while what it comes from is still to do. So is one that has nothing to do, but what
        follows that waits for what it comes from, too.
        """
        names = {item.stage for item in self.stages}
        found: list[str] = []
        for item in self.stages:
            above = [name for name in spec_of(item.stage).inputs if name in names]
            if item.cached and (item.idle or all(name in found for name in above)):
                found.append(item.stage)
        return found


def make_plan(recipe: Recipe, lake: Lake, *, listing_digest: str) -> Plan:
    """Plan a recipe against what the lake holds.

    Args:
        listing_digest: digest of the listing of the recipe's raw files.
    """
    last = lake.find_json(_last_key(recipe.name))
    previous = Plan.model_validate(last) if last else None
    drafts = _drafts(recipe, listing_digest)
    with ThreadPoolExecutor(len(drafts)) as threads:
        states = list(threads.map(lambda draft: state_of(draft, lake), drafts))
    planned = [
        draft.model_copy(update={"cached": state == "cached", "reason": _reason(draft, state, previous)})
        for draft, state in zip(drafts, states, strict=True)
    ]
    return Plan(recipe=recipe.name, stages=tuple(planned), notes=tuple(_changed_policies(planned, previous)))


def with_changed(plan: Plan, recipe: Recipe) -> Plan:
    """The plan under a recipe that differs in what enters no artifact's name: its gates, and a training's policies.

    The report shows the gates' results, so its name alone follows from them.
    """
    listing = next(item.inputs[LISTING] for item in plan.stages if LISTING in item.inputs)
    drafts = {draft.stage: draft for draft in _drafts(recipe, listing)}
    return plan.model_copy(update={"stages": tuple(_followed(item, drafts[item.stage]) for item in plan.stages)})


def _followed(item: Planned, draft: Planned) -> Planned:
    if item.fingerprint != draft.fingerprint:
        return draft.model_copy(update={"reason": item.reason}) if item.kind == "report" else item
    return item.model_copy(update={"suite": draft.suite, "policies": draft.policies})


def _changed_policies(planned: list[Planned], previous: Plan | None) -> Iterator[str]:
    """A line for each training to do whose policies are others than in the recipe's last run."""
    before = {item.stage: item.policies for item in previous.stages} if previous else {}
    for item in planned:
        if item.cached or not item.policies or not before.get(item.stage):
            continue
        changes = [f"{path} {was} → {now}" for path, was, now in differences(before[item.stage], item.policies)]
        if changes:
            yield f"{item.stage}: {', '.join(changes)} from its next start on; no step that was made changes"


def built_anew(recipe: Recipe, forced: Collection[str], lake: Lake, *, listing_digest: str) -> Recipe:
    """The recipe under which these stages have no artifact yet: each at the first generation that nobody has made.

    The artifacts that exist stay for the runs that use them, and what follows a stage that is built anew follows
    the new one. A stage that isn't made at all yet keeps its generation.

    Raises:
        RecipeError: for a stage that does not exist, that the recipe pins, or that is gathered from a corpus's days.
    """
    check_stages(forced, recipe, where="force")
    specs = [spec for spec in stages(len(recipe.phases)) if spec.name in forced or spec.kind in forced]
    if pinned := sorted({spec.name for spec in specs} & set(recipe.pins)):
        raise RecipeError("the stage is pinned", where=f"force: {pinned[0]}", mend=f"remove pins.{pinned[0]}")
    if recipe.corpus and (gathered := [spec.kind for spec in specs if recipe.corpus.made(spec.kind)]):
        line, mend = "is taken as the days' runs have made it", "force it in a run of the day"
        raise RecipeError(line, where=f"force: {gathered[0]}", mend=mend)
    for spec in specs:  # from top to bottom, since a stage's fingerprint depends on those above
        while True:
            draft = next(item for item in _drafts(recipe, listing_digest) if item.stage == spec.name)
            if draft.artifact.manifest(lake) is None:
                break
            generation = recipe.generation(spec.name) + 1
            recipe = recipe.model_copy(update={"rebuild": {**recipe.rebuild, spec.name: generation}})
    return recipe


def check_stages(given: Collection[str], recipe: Recipe, *, where: str) -> None:
    """Raises a RecipeError for a name that is no stage's and no kind's."""
    names = [spec.name for spec in stages(len(recipe.phases))]
    for name in given:
        if name not in names and name not in map(kind_of, names):
            raise RecipeError(f"no stage {name!r}", where=where, mend=f"stages: {', '.join(names)}")


def remember(plan: Plan, lake: Lake) -> None:
    """Keep the plan as the one that the recipe's next plan is compared with."""
    lake.put(_last_key(plan.recipe), plan.model_dump_json().encode())


def _drafts(recipe: Recipe, listing_digest: str) -> list[Planned]:
    """All stages with their fingerprints, before anybody has looked what is there."""
    known: dict[str, str] = {}
    drafts: list[Planned] = []
    for spec in stages(len(recipe.phases)):
        draft = _draft(spec, recipe, known, listing_digest)
        known[spec.name] = draft.fingerprint
        drafts.append(draft)
    return drafts


def _draft(spec: StageSpec, recipe: Recipe, known: dict[str, str], listing_digest: str) -> Planned:
    config = spec.config(recipe)
    inputs = {kind_of(name): known[name] for name in spec.inputs}
    if spec.reads_files:
        inputs[LISTING] = listing_digest
    if recipe.corpus:
        inputs |= {f"{DAY}{day}": made for day, made in recipe.corpus.made(spec.kind).items()}
    earlier = [day for day in recipe.earlier or () if spec.kind in day.artifacts]
    inputs |= {f"{BEFORE}{day.date}": day.artifacts[spec.kind] for day in earlier}
    if generation := recipe.generation(spec.name):
        inputs[REBUILD] = str(generation)
    derived = fingerprint(stage=spec.kind, version=spec.version, config=config, inputs=inputs)
    pinned = recipe.pins.get(spec.name, derived)
    return Planned(
        stage=spec.name,
        version=spec.version,
        fingerprint=pinned,
        inputs=inputs,
        config=config.model_dump(mode="json"),
        suite=suite_id(spec.kind, recipe.gates),
        cached=False,
        reason="",
        drift=derived if derived != pinned else None,
        policies=config.policies if isinstance(config, TrainConfig) else {},
    )


def state_of(draft: Planned, lake: Lake) -> str:
    """How far a planned stage is: ``absent``, ``gate to do``, ``gate failed`` or ``cached``."""
    if not lake.exists(draft.artifact.root + "manifest.json"):
        return "absent"
    result = lake.find_json(draft.gate_key)
    if result is None:
        return "gate to do"
    if result["success"]:
        return "cached"
    approval = find_approval(lake, draft.kind, draft.fingerprint, draft.suite)
    return "cached" if approval is not None and approval.approved else "gate failed"


def _reason(draft: Planned, state: str, previous: Plan | None) -> str:
    if state != "absent":
        return state
    before = {item.stage: item for item in previous.stages} if previous else {}
    if draft.stage not in before:
        return "first run"
    old = before[draft.stage]
    if old.fingerprint == draft.fingerprint:
        return "unfinished"
    changes = [f"version {old.version} → {draft.version}"] if old.version != draft.version else []
    changes += [f"{path} {was} → {now}" for path, was, now in differences(old.config, draft.config)]
    inputs = dict.fromkeys([*draft.inputs, *old.inputs])
    changes += [f"input {name}" for name in inputs if old.inputs.get(name) != draft.inputs.get(name)]
    return "changed: " + listed(changes, 4)


def differences(old: Any, new: Any, path: str = "") -> list[tuple[str, str, str]]:
    """Where two configs differ: (dotted path, old value, new value), values shortened for a line."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [
            found
            for key in keys
            for found in differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            found
            for i, (one, other) in enumerate(zip(old, new, strict=True))
            for found in differences(one, other, f"{path}[{i}]")
        ]
    return [] if canonical(old) == canonical(new) else [(path, _short(old), _short(new))]


def _short(value: Any) -> str:
    text = canonical(value).decode()
    return text if len(text) <= 40 else text[:37] + "..."


def _last_key(recipe: str) -> str:
    return f"recipes/{recipe}/last.json"
