"""Garbage collection: artifacts and listings that no kept run refers to.

Kept are

* what the newest runs of each recipe planned, and every run that wrote anything within the grace time (so a
  training run of months keeps its blocks, for its progress is written all along);
* what a recipe of any run pins: somebody wrote that fingerprint by hand;
* whatever has an object younger than the grace time, which is what a stage that runs now looks like.

Nothing else of the lake is touched: runs stay as a record, and so does what Smelt did not name.

An artifact's manifest goes first, then its parts' records, then their objects: one that is half collected does
not exist, and whoever makes it again finds no record of a part that is gone. Runs are read once more before
each deletion; what is left is the moment in which a run plans with an artifact that is on its way out: that run
fails with "an input is missing", and started again it makes what it lacks.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from smelt.lake import Artifact, Lake
from smelt.lake.artifact import MANIFEST, RECORD
from smelt.lake.store import Listed
from smelt.plan import LISTING
from smelt.recipe.graph import KINDS, kind_of
from smelt.sources.listing import LISTINGS, listing_key


@dataclass(frozen=True)
class Policy:
    """What is kept.

    Attributes:
        keep_runs: newest runs of each recipe whose artifacts stay.
        grace: age below which nothing goes.
    """

    keep_runs: int = 3
    grace: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Garbage:
    """An artifact, a trunk of one, or a listing that may go.

    Attributes:
        name: ``<stage>/<fingerprint>/``, or the key of a listing.
        objects: its objects.
    """

    name: str
    objects: tuple[Listed, ...]

    @property
    def bytes(self) -> int:
        """Bytes that its deletion frees."""
        return sum(item.bytes for item in self.objects)

    @property
    def newest(self) -> datetime:
        """When it was last written to."""
        return max(item.modified for item in self.objects)


def find_garbage(lake: Lake, policy: Policy, *, now: datetime | None = None) -> list[Garbage]:
    """What may go, by name; deletes nothing."""
    now = now or datetime.now(UTC)
    found = list(_collectable(lake))  # before the runs: what a run plans with meanwhile is then seen as kept
    kept = kept_names(lake, policy, now=now)
    return [item for item in found if item.name not in kept and now - item.newest >= policy.grace]


def collect(lake: Lake, garbage: list[Garbage], policy: Policy, *, now: datetime | None = None) -> Iterator[Garbage]:
    """Delete what ``find_garbage`` has found, one after the other; yields what is gone.

    What a run has come to want since is left where it is.
    """
    for item in garbage:
        if item.name not in kept_names(lake, policy, now=now or datetime.now(UTC)):
            for keys in _in_order([listed.key for listed in item.objects]):
                lake.delete(keys)
            yield item


def kept_names(lake: Lake, policy: Policy, *, now: datetime) -> set[str]:
    """Names of everything that the kept runs and all pins refer to, as ``Garbage.name`` has them."""
    written: dict[str, datetime] = {}
    for item in lake.objects("runs/"):
        run_id = item.key.split("/")[1]
        written[run_id] = max(item.modified, written.get(run_id, item.modified))
    # plain JSON: a run that an older version wrote down keeps its artifacts although its recipe is no longer valid
    runs = {run_id: run for run_id in written if (run := lake.find_json(f"runs/{run_id}/run.json")) is not None}
    by_recipe: dict[str, list[str]] = defaultdict(list)
    for run_id in sorted(runs, key=lambda run_id: runs[run_id]["created"], reverse=True):
        by_recipe[runs[run_id]["plan"]["recipe"]].append(run_id)
    kept = {run_id for run_ids in by_recipe.values() for run_id in run_ids[: policy.keep_runs]}
    kept |= {run_id for run_id in runs if now - written[run_id] < policy.grace}
    names = {name for run_id in kept for name in _planned_names(runs[run_id])}
    pins = (run["recipe"].get("pins", {}).items() for run in runs.values())
    return names | {Artifact(kind_of(stage), fingerprint).root for items in pins for stage, fingerprint in items}


def _planned_names(run: dict[str, Any]) -> Iterator[str]:
    for planned in run["plan"]["stages"]:
        yield Artifact(kind_of(planned["stage"]), planned["fingerprint"]).root
        if LISTING in planned["inputs"]:
            yield listing_key(planned["inputs"][LISTING])


def _collectable(lake: Lake) -> Iterator[Garbage]:
    for kind in KINDS:
        for fingerprint in lake.folders(f"{kind}/"):
            root = Artifact(kind, fingerprint).root
            if objects := lake.objects(root):
                yield Garbage(root, tuple(objects))
    for item in lake.objects(LISTINGS):
        yield Garbage(item.key, (item,))


def _in_order(keys: list[str]) -> list[list[str]]:
    manifests = [key for key in keys if key.endswith("/" + MANIFEST)]
    records = [key for key in keys if key.endswith(RECORD)]
    return [manifests, records, sorted(set(keys) - {*manifests, *records})]
