"""Gathering: an artifact whose parts are those that the days of a corpus have, none of them made again.

The parts stand day after day. What every day has read again, since it is no crawl's (a package's files), comes with the
first day alone. Shared parts are referred to, and small ones that are a day's own (decisions) are copied inside the
store.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, Manifest, PartRecord
from smelt.lake.artifact import merge_stats
from smelt.lake.shared import SharedPart
from smelt.metrics import PARTS_REUSED
from smelt.metrics import record as count
from smelt.plan import Planned
from smelt.stage import Context, Progress

WHOLE = ("fetch", "classifiers")
"""Stages of which every day has the same: the first day's are taken."""
ROUND = "days"
"""Round of what days have counted beside their parts, a record a day that has."""
_AT_ONCE = 16


def gather(planned: Planned, context: Context) -> tuple[list[PartRecord], list[PartRecord]]:
    """All records of the artifact, and those of its parts in order.

    Raises:
        StageError: when a day's artifact is gone.
    """
    lake, artifact = context.lake, context.artifact
    names = list(planned.days.values())
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        manifests = list(threads.map(lambda name: there(lake, planned.kind, name), names))
        if planned.kind in WHOLE:
            manifests = manifests[:1]
            chosen = [(manifests[0], part, part.name) for part in manifests[0].parts]
        else:
            documents = list(threads.map(lambda manifest: _ingested(lake, manifest), manifests))
            parts = list(_chosen(manifests, documents))
            chosen = [(manifest, part, f"{number:05d}") for number, (manifest, part) in enumerate(parts)]
        final = []
        for record in threads.map(lambda one: _taken(lake, artifact, *one), chosen):
            final.append(record)
            context.report(Progress(len(final), len(chosen)))
    count(PARTS_REUSED, len(final), run=context.run, stage=artifact.stage)
    return [*_beside(lake, artifact, manifests), *final], final


def of_day(lake: Lake, manifest: Manifest, part: PartRecord, days: Sequence[str]) -> tuple[Manifest, PartRecord]:
    """The artifact of one of these days that a gathered part was taken from, and its part there.

    Raises:
        StageError: when it is gone.
    """
    for name in days:
        found = there(lake, manifest.stage, name)
        for other in found.parts:
            if other.at == part.at:
                return found, other
    raise StageError("no day has the part", where=f"{manifest.stage}/{manifest.fingerprint}", mend="plan the run again")


def there(lake: Lake, kind: str, fingerprint: str) -> Manifest:
    """The artifact of a day.

    Raises:
        StageError: when it is gone.
    """
    if (found := Artifact(kind, fingerprint).manifest(lake)) is None:
        raise StageError("a day's artifact is missing", where=f"{kind}/{fingerprint}", mend="plan the run again")
    return found


def _ingested(lake: Lake, manifest: Manifest) -> Manifest:
    """The documents that a day's artifact is about."""
    if manifest.stage == "ingest":
        return manifest
    above = "ingest" if "ingest" in manifest.inputs else "clean"
    return _ingested(lake, there(lake, above, manifest.inputs[above]))


def _chosen(manifests: Sequence[Manifest], documents: Sequence[Manifest]) -> Iterator[tuple[Manifest, PartRecord]]:
    """The parts that are taken: all of the first day, and of each later one those of its crawls."""
    seen: set[str] = set()
    for manifest, ingested in zip(manifests, documents, strict=True):
        by_name = {part.name: part for part in manifest.parts}
        crawls = {source["name"] for source in ingested.config["sources"] if source["kind"] == "crawl"}
        for part in ingested.parts:
            sources = set(part.stats.get("by_source", ()))
            if part.at not in seen and (ingested is documents[0] or not sources or sources & crawls):
                yield manifest, by_name[part.name]
            seen.add(part.at)


def _taken(lake: Lake, artifact: Artifact, manifest: Manifest, part: PartRecord, name: str) -> PartRecord:
    record = part.model_copy(update={"name": name})
    if part.at:
        SharedPart.holding(part).refer(lake, artifact)
    else:
        for suffix in part.files:
            lake.copy(manifest.key(part, suffix), artifact.key_of(record, suffix))
    artifact.write_record(lake, record)
    return record


def _beside(lake: Lake, artifact: Artifact, manifests: Sequence[Manifest]) -> Iterator[PartRecord]:
    """What the days' other rounds have counted, which their statistics hold: of shared records each once."""
    seen: set[str] = set()
    for number, manifest in enumerate(manifests):
        if manifest.stats == merge_stats([part.stats for part in manifest.parts]):
            continue
        last = {part.round for part in manifest.parts}
        rounds = [name for name in lake.folders(manifest.artifact.root) if name not in last]
        records = [record for name in rounds for record in manifest.artifact.records(lake, name).values()]
        stats = [record.stats for record in records if not record.at or record.at not in seen]
        seen |= {record.at for record in records}
        yield artifact.write_part(lake, ROUND, f"{number:05d}", files={}, rows=0, stats=merge_stats(stats))
