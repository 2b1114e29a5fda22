"""Garbage collection: artifacts and listings that no kept run refers to, and shared parts that no artifact refers to.

Kept are

* what the newest runs of each recipe planned; where the dates of a crawl are laid over a recipe, as ``corpus`` does,
  those of each recipe and dates, and with them the newest run that published the asset ``corpus`` for these dates;
* what every run planned that has not ended, whatever the policy says: Airflow leaves in the lake that it has
  (``operators.ends``);
* what every run planned that is pinned, or that wrote anything within the grace time;
* what the cells of every experiment planned that is not finished (``smelt.experiments.unfinished``);
* what a recipe of any run pins: somebody wrote that fingerprint by hand;
* the artifacts of the days that a kept run gathers;
* a checkpoint's judgement, as long as an evaluation that uses it is;
* whatever has an object younger than the grace time, which is what a stage that runs now looks like.

A part that artifacts share (``smelt.lake.shared``) goes when the last artifact that refers to it has gone, and it is
older than the grace time itself. Its record goes first, and its objects only if no reference has come since: who takes
a part over refers to it before looking for its record.

A run that was taken over from another to evaluate it counts among none of the newest: it has planned nothing.

Nothing else of the lake is touched: runs stay as a record, and so does what Smelt did not name.

An artifact's manifest goes first, then its parts' records, then their objects: one that is half collected does
not exist, and whoever makes it again finds no record of a part that is gone. So two collections at a time do no more
than one. Runs are read once more before each deletion; what is left is the moment in which a run plans with an
artifact that is on its way out: that run fails with "an input is missing", and started again it makes what it lacks.
"""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from smelt.experiments import unfinished
from smelt.identity import canonical
from smelt.lake import Artifact, Lake
from smelt.lake.artifact import MANIFEST, RECORD
from smelt.lake.shared import REFERENCES, SHARED, SharedPart
from smelt.lake.store import Listed
from smelt.maintenance.pins import pin_key
from smelt.plan import BEFORE, LISTING, days_of
from smelt.recipe.graph import ARTIFACTS, JUDGEMENT, USED, kind_of
from smelt.run import ended_key, published_key, run_key
from smelt.sources.listed import LISTINGS, listing_key

CORPUS = "corpus"
"""Name of the asset whose artifacts stay."""
THREADS = 8


@dataclass(frozen=True)
class Policy:
    """What is kept.

    Attributes:
        keep_runs: newest runs of each recipe (and dates laid over it) whose artifacts stay.
        grace: age below which nothing goes.
    """

    keep_runs: int = 3
    grace: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Garbage:
    """An artifact, a trunk of one, a listing, or a shared part that may go.

    Attributes:
        name: ``<stage>/<fingerprint>/``, the key of a listing, or ``shared/<kind>/<name>/``.
        objects: its objects; of an artifact also its references to shared parts.
        users: of a shared part, the artifacts that refer to it, as ``name`` has them.
    """

    name: str
    objects: tuple[Listed, ...]
    users: frozenset[str] = frozenset()

    @property
    def bytes(self) -> int:
        """Bytes that its deletion frees."""
        return sum(item.bytes for item in self.objects)

    @property
    def wanted_as(self) -> set[str]:
        """Names of which one is kept where it is: its own, and of a judgement the evaluations that use it."""
        used = f"{self.name}{USED}/"
        users = [item.key.removeprefix(used) for item in self.objects if item.key.startswith(used)]
        return {self.name, *(Artifact("evaluate", fingerprint).root for fingerprint in users)}

    @property
    def newest(self) -> datetime:
        """When it was last written to."""
        return max(item.modified for item in self.objects)


def find_garbage(lake: Lake, policy: Policy, *, now: datetime | None = None) -> list[Garbage]:
    """What may go, by name; deletes nothing.

    Args:
        now: by the store's clock, which it is asked for where nothing is given.
    """
    now = now or lake.now()
    found = list(_collectable(lake))  # before the runs: what a run plans with meanwhile is then seen as kept
    kept = _Runs(lake).kept_names(policy, now=now)
    going = [item for item in found if not kept & item.wanted_as and now - item.newest >= policy.grace]
    gone = {item.name for item in going}
    return [item for item in going if item.users <= gone]


def collect(lake: Lake, garbage: list[Garbage], policy: Policy, *, now: datetime | None = None) -> Iterator[Garbage]:
    """Delete what ``find_garbage`` has found, one after the other; yields what is gone.

    What a run has come to want since is left where it is.
    """
    runs = _Runs(lake)
    for item in garbage:
        if item.name.startswith(SHARED):
            if _collect_shared(lake, item):
                yield item
        elif not runs.kept_names(policy, now=now or lake.now()) & _seen_now(lake, item).wanted_as:
            for keys in _in_order([listed.key for listed in item.objects]):
                lake.delete(keys)
            yield item


def _collect_shared(lake: Lake, item: Garbage) -> bool:
    """Delete a shared part that is as it was found, and that nobody refers to; whether it is gone."""
    for doomed in (lambda key: key.endswith(RECORD), lambda key: True):
        now = lake.objects(item.name)
        if set(now) - set(item.objects) or any(REFERENCES in listed.key for listed in now):
            return False
        lake.delete([listed.key for listed in now if doomed(listed.key)])
    return True


@dataclass(frozen=True)
class _Run:
    """What a run says of the artifacts it keeps.

    Attributes:
        group: runs of one group are counted together: recipe, and dates that are laid over it.
        taken_over: whether it has its plan from another run.
        names: what it planned, as ``Garbage.name`` has it.
        pins: what its recipe pins, likewise.
    """

    group: bytes
    created: str
    taken_over: bool
    names: frozenset[str]
    pins: frozenset[str]


class _Runs:
    """The lake's runs, listed as often as they are asked for, each read once: a run does not change."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._read: dict[tuple[str, str], _Run | None] = {}

    def kept_names(self, policy: Policy, *, now: datetime) -> set[str]:
        """Names of everything that the kept runs and all pins refer to, as ``Garbage.name`` has them."""
        listed = {item.key: item for item in self.lake.objects("runs/")}
        written: dict[str, datetime] = {}
        for item in listed.values():
            run_id = item.key.split("/")[1]
            written[run_id] = max(item.modified, written.get(run_id, item.modified))
        runs = self._known({run_id: listed[run_key(run_id)] for run_id in written if run_key(run_id) in listed})
        groups: dict[bytes, list[str]] = defaultdict(list)
        for run_id in sorted(runs, key=lambda run_id: runs[run_id].created, reverse=True):
            if not runs[run_id].taken_over:
                groups[runs[run_id].group].append(run_id)
        kept = {run_id for run_ids in groups.values() for run_id in run_ids[: policy.keep_runs]}
        for run_ids in groups.values():
            kept |= set([run_id for run_id in run_ids if published_key(run_id, CORPUS) in listed][:1])
        kept |= {run_id for run_id in runs if pin_key(run_id) in listed or now - written[run_id] < policy.grace}
        kept |= {run_id for run_id in runs if ended_key(run_id) not in listed}
        return {
            *(name for run_id in kept for name in runs[run_id].names),
            *(name for run in runs.values() for name in run.pins),
            *(name for plan in unfinished.marked(self.lake) for name in _planned_names(plan)),
        }

    def _known(self, listed: dict[str, Listed]) -> dict[str, _Run]:
        """The runs by id; those that were not read yet are read."""
        new = [(item.key, item.etag) for item in listed.values() if (item.key, item.etag) not in self._read]
        with ThreadPoolExecutor(THREADS) as threads:
            self._read |= zip(new, threads.map(lambda version: self._find(version[0]), new), strict=True)
        found = {run_id: self._read[item.key, item.etag] for run_id, item in listed.items()}
        return {run_id: run for run_id, run in found.items() if run is not None}

    def _find(self, key: str) -> _Run | None:
        # plain JSON: a run that an older version wrote down keeps its artifacts although its recipe is no longer valid
        if (run := self.lake.find_json(key)) is None:
            return None
        dates = {key: value for key, value in run.get("overrides", {}).items() if key.endswith(".dates")}
        pins = run["recipe"].get("pins", {}).items()
        return _Run(
            group=canonical([run["plan"]["recipe"], dates]),
            created=run["created"],
            taken_over=bool(run.get("taken_from")),
            names=frozenset(_planned_names(run["plan"])),
            pins=frozenset(Artifact(kind_of(stage), fingerprint).root for stage, fingerprint in pins),
        )


def _planned_names(plan: dict[str, Any]) -> Iterator[str]:
    for planned in plan["stages"]:
        inputs = planned["inputs"]
        for fingerprint in (planned["fingerprint"], *days_of(inputs).values(), *days_of(inputs, BEFORE).values()):
            yield Artifact(kind_of(planned["stage"]), fingerprint).root
        if LISTING in planned["inputs"]:
            yield listing_key(planned["inputs"][LISTING])


def _collectable(lake: Lake) -> Iterator[Garbage]:
    parts: dict[str, list[Listed]] = defaultdict(list)
    references: dict[str, list[Listed]] = defaultdict(list)
    users: dict[str, set[str]] = defaultdict(set)
    for item in lake.objects(SHARED):
        _, kind, name, rest = item.key.split("/", 3)
        part = SharedPart(kind, name).root
        if rest.startswith(REFERENCES):
            user = Artifact(kind, rest.removeprefix(REFERENCES)).root
            references[user].append(item)
            users[part].add(user)
        else:
            parts[part].append(item)
    for kind in ARTIFACTS:
        named = {user.split("/")[1] for user in references if user.startswith(f"{kind}/")}
        for fingerprint in sorted(named.union(lake.folders(f"{kind}/"))):
            root = Artifact(kind, fingerprint).root
            if objects := [*lake.objects(root), *references[root]]:
                yield Garbage(root, tuple(objects))
    for item in lake.objects(LISTINGS):
        yield Garbage(item.key, (item,))
    for part, objects in parts.items():
        yield Garbage(part, tuple(objects), frozenset(users[part]))


def _seen_now(lake: Lake, item: Garbage) -> Garbage:
    """The same, with those that have come to use it since."""
    return Garbage(item.name, tuple(lake.objects(item.name))) if item.name.startswith(f"{JUDGEMENT}/") else item


def _in_order(keys: list[str]) -> list[list[str]]:
    manifests = [key for key in keys if key.endswith("/" + MANIFEST)]
    records = [key for key in keys if key.endswith(RECORD)]
    return [manifests, records, sorted(set(keys) - {*manifests, *records})]
