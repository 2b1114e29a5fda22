"""Dedup sized to need: what each rung of the ladder leaves of the documents with a target of tokens, as its statistics
have it, and the rung that is taken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smelt.lake import Lake, Manifest
from smelt.plan import Plan
from smelt.recipe.dedup import RUNGS, DedupConfig
from smelt.recipe.groups import Matching

STAGE = "dedup"


@dataclass(frozen=True)
class Ladder:
    """The rungs of a pool of documents.

    Attributes:
        pool: which documents, in words.
        target: tokens that must be left.
        rungs: documents and tokens, about, that each rung leaves, the mildest first.
        taken: the rung.
        left: tokens that dedup left in the end: of several pools on rungs of their own a document can go for one of
            another pool that stays at that one's rung, so it may be another number than the rung's.
    """

    pool: str
    target: int
    rungs: dict[str, tuple[int, int]]
    taken: str
    left: int

    @property
    def warning(self) -> str:
        """One line where the target is missed, or ""."""
        if self.left >= self.target:
            return ""
        if all(tokens < self.target for _, tokens in self.rungs.values()):
            most = self.rungs[RUNGS[0]][1]
            said = f"no rung leaves {self.target:,} tokens of {self.pool}: {RUNGS[0]}, the mildest, leaves {most:,}"
        else:
            said = f"{self.left:,} of {self.target:,} tokens of {self.pool} are left, since other groups' rungs differ"
        return f"dedup: {said}"


def choose(config: DedupConfig, table: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, str]:
    """The strictest rung that leaves its target, by the number of the pool; the mildest where none does.

    Args:
        table: ``documents`` and ``tokens`` by pool and rung.
    """
    return {
        str(pool): next(
            (rung for rung in reversed(RUNGS) if table.get(str(pool), {}).get(rung, _NONE)["tokens"] >= target),
            RUNGS[0],
        )
        for pool, target in config.targets.items()
    }


def ladders(manifest: Manifest, asked: DedupConfig | None = None) -> list[Ladder]:
    """The ladders of a dedup artifact; none where nothing has a target.

    Args:
        asked: a config that differs in its targets alone: the rungs are those that would be taken for it, and what is
            left is what they leave.
    """
    table = manifest.stats.get("ladder", {})
    if not table:
        return []
    config = asked or DedupConfig.model_validate(manifest.config)
    taken = choose(config, table)
    found = []
    for pool, target in config.targets.items():
        rungs = {rung: table.get(str(pool), {}).get(rung, _NONE) for rung in RUNGS}
        left = rungs[taken[str(pool)]] if asked else manifest.stats.get("left", {}).get(str(pool), _NONE)
        counted = {rung: (size["documents"], size["tokens"]) for rung, size in rungs.items()}
        found.append(Ladder(pool_name(config, pool), target, counted, taken[str(pool)], left["tokens"]))
    return found


def known(plan: Plan, config: DedupConfig, lake: Lake) -> tuple[list[Ladder], str]:
    """The ladders that a plan's dedup has, or is going to have as far as an earlier run tells, and where they are from.

    An artifact of the same inputs and another target has the same ladder. Where there is none, nothing is known:
    the rungs follow from signatures, which dedup makes.
    """
    planned = plan.planned(STAGE)
    if (made := planned.artifact.manifest(lake)) is not None:
        return ladders(made), f"of {STAGE}/{made.fingerprint}"
    for manifest in _made_of(lake, planned.inputs):
        other = DedupConfig.model_validate(manifest.config)
        if _without_targets(other) == _without_targets(config) and other.pools == config.pools:
            return ladders(manifest, config), f"as {STAGE}/{manifest.fingerprint} counted it for other targets"
    return [], ""


def warnings(plan: Plan, config: DedupConfig, lake: Lake) -> list[str]:
    """A line for each target that is missed, as far as that is known."""
    found = known(plan, config, lake)[0] if config.targets else []
    return [ladder.warning for ladder in found if ladder.warning]


def pool_name(config: DedupConfig, pool: int) -> str:
    """Which documents a pool has, in words."""
    if pool == 0:
        return "all" if len(config.targets) == 1 and set(config.pools) == {0} else "all others"
    group = config.groups[pool - 1]
    said = [f"{name} {', '.join(getattr(group, name))}" for name in Matching.model_fields if getattr(group, name)]
    return " and ".join(said) or f"groups[{pool - 1}]"


_NONE = {"documents": 0, "tokens": 0}


def _made_of(lake: Lake, inputs: Mapping[str, str]) -> Iterator[Manifest]:
    """Dedup's artifacts of some inputs, by fingerprint."""
    from smelt.artifacts import existing

    for manifest in existing(lake, STAGE):
        if manifest.inputs == inputs and manifest.stats.get("ladder"):
            yield manifest


def _without_targets(config: DedupConfig) -> dict[str, Any]:
    said = config.model_dump(mode="json", exclude={"target_tokens"})
    for group in said["groups"]:
        group.pop("target_tokens")
    return said
