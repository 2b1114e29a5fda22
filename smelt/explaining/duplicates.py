"""The largest clusters of duplicates that dedup has found, with their least alike copies; and where the document lies
that another one went for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from heapq import nlargest, nsmallest
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from smelt.errors import StageError
from smelt.explaining.find import Place, find
from smelt.explaining.row import row
from smelt.lake import Artifact, Lake, Manifest, PartRecord, held
from smelt.plan import BEFORE, days_of
from smelt.recipe.dedup import DUPLICATE_DAY

CLUSTERS = 20
COPIES = 5
"""Of a cluster, those that are shown."""
EXCERPT_CHARS = 240
_THREADS = 8


class Member(BaseModel):
    """A document of a cluster.

    Attributes:
        part, row: where it lies.
        similarity: to the one that stays; None of that one itself, and of copies that have its address alone.
        reason: why it goes; "" of the one that stays.
    """

    id: str
    part: str
    row: int
    url: str = ""
    source: str = ""
    similarity: float | None = None
    reason: str = ""


class Cluster(BaseModel):
    """A document and those that went for it.

    Attributes:
        copies: how many went for it.
        shown: the least alike of them, those that go by their address alone last.
        excerpt: the beginning of its text.
    """

    stays: Member
    copies: int
    shown: list[Member]
    excerpt: str


class Clusters(BaseModel):
    """The largest clusters, the largest first."""

    clusters: list[Cluster]


class Better(BaseModel):
    """Where the document lies that another one went for: in which artifact of dedup, and where in that."""

    fingerprint: str
    part: str
    row: int


def largest(lake: Lake, dedup: Manifest) -> Clusters:
    """The clusters of an artifact of dedup in which most documents went for one; of some as large, the first ones.

    What a later day has dropped for a document of this one counts there.

    Raises:
        StageError: when the texts that it has decided on were deleted.
    """
    clean = _input(lake, dedup, "clean")
    with ThreadPoolExecutor(_THREADS) as threads:
        of_parts = threads.map(lambda part: _heads(lake, dedup, part), dedup.parts)
        heads = nlargest(CLUSTERS, chain.from_iterable(of_parts), key=lambda head: head[0])  # stable
        dropping = [part for part in dedup.parts if part.stats.get("dropped")]
        names = pa.array([stays.id for _, stays in heads], pa.string())
        copies: dict[str, list[Member]] = {stays.id: [] for _, stays in heads}
        for found in threads.map(lambda part: _copies(lake, dedup, part, names), dropping):
            for better, more in found.items():
                copies[better] = _least_alike([*copies[better], *more])

        def told(count: int, stays: Member) -> Cluster:
            shown = [_described(lake, clean, copy) for copy in copies[stays.id]]
            [text] = row(lake, clean, _place(stays), columns=["id", "text"])["text"].to_pylist()
            excerpt = " ".join((text or "").split())[:EXCERPT_CHARS]
            return Cluster(stays=_described(lake, clean, stays), copies=count, shown=shown, excerpt=excerpt)

        return Clusters(clusters=list(threads.map(told, *zip(*heads, strict=True)) if heads else []))


def better_of(lake: Lake, dedup: Manifest, part: str, number: int) -> Better:
    """Where the document lies for which one went that stands in this row of a part.

    Raises:
        StageError: when it did not go for another, or that one's artifacts were deleted.
    """
    for first, table in _groups(lake, dedup, dedup.part(part), ["duplicate_of", DUPLICATE_DAY]):
        if number < first + len(table):
            [own] = table.slice(number - first, 1).to_pylist()
            break
    else:
        raise StageError(f"no row {number}", where=f"part {part}")
    if own["duplicate_of"] is None:
        mend = "ask about one that dedup has dropped"
        raise StageError("went for no other document", where=f"row {number} of part {part}", mend=mend)
    fingerprint = days_of(dedup.inputs, BEFORE).get(own.get(DUPLICATE_DAY) or "", dedup.fingerprint)
    of = Artifact("dedup", fingerprint).manifest(lake)
    if of is None:
        raise _deleted(f"dedup/{fingerprint}")
    place = find(lake, _input(lake, of, "clean"), own["duplicate_of"])
    return Better(fingerprint=fingerprint, part=place.part, row=place.row)


def _heads(lake: Lake, dedup: Manifest, part: PartRecord) -> list[tuple[int, Member]]:
    """The documents of a part for which most others went, and how many these are."""
    found: list[tuple[int, Member]] = []
    for first, table in _groups(lake, dedup, part, ["id", "duplicates"]):
        counts = table["duplicates"].to_numpy()
        most = np.argsort(-counts, kind="stable")[:CLUSTERS]
        most = most[counts[most] > 0]
        ids = table["id"].take(pa.array(most)).to_pylist()
        for number, name in zip(most.tolist(), ids, strict=True):
            found.append((int(counts[number]), Member(id=name, part=part.name, row=first + number)))
    return nlargest(CLUSTERS, found, key=lambda head: head[0])


def _copies(lake: Lake, dedup: Manifest, part: PartRecord, names: pa.Array) -> dict[str, list[Member]]:
    """The least alike documents of a part that went for each of those with these ids."""
    found: dict[str, list[Member]] = {}
    for first, table in _groups(lake, dedup, part, ["id", "duplicate_of", "similarity", "reason", DUPLICATE_DAY]):
        gone = pc.is_in(table["duplicate_of"], names)
        if DUPLICATE_DAY in table.column_names:  # of another day's document, which may have the same id
            gone = pc.and_(gone, pc.is_null(table[DUPLICATE_DAY]))
        rows = pc.indices_nonzero(gone)
        for number, copy in zip(rows.to_pylist(), table.take(rows).to_pylist(), strict=True):
            about = {name: copy[name] for name in ("id", "similarity", "reason")}
            found.setdefault(copy["duplicate_of"], []).append(Member(**about, part=part.name, row=first + number))
    return {better: _least_alike(copies) for better, copies in found.items()}


def _least_alike(copies: list[Member]) -> list[Member]:
    return nsmallest(
        COPIES, copies, key=lambda copy: (copy.similarity is None, copy.similarity or 0, copy.part, copy.row)
    )


def _groups(lake: Lake, dedup: Manifest, part: PartRecord, names: list[str]) -> Iterator[tuple[int, pa.Table]]:
    """The row groups of a part, as far as it has these columns, each with the number of its first row."""
    file, first = held.open_parquet(lake, dedup, part), 0
    own = [name for name in names if name in file.schema_arrow.names]
    for number in range(file.num_row_groups):
        table = file.read_row_group(number, own)
        yield first, table
        first += len(table)


def _described(lake: Lake, clean: Manifest, member: Member) -> Member:
    """With where it is from."""
    [said] = row(lake, clean, _place(member), columns=["id", "url", "source"]).to_pylist()
    return member.model_copy(update={"url": said["url"] or "", "source": said["source"] or ""})


def _place(member: Member) -> Place:
    return Place(member.id, "", member.part, member.row)


def _input(lake: Lake, dedup: Manifest, stage: str) -> Manifest:
    found = Artifact(stage, dedup.inputs[stage]).manifest(lake)
    if found is None:
        raise _deleted(f"{stage}/{dedup.inputs[stage]}")
    return found


def _deleted(name: str) -> StageError:
    return StageError("was deleted", where=name, mend="run the recipe again to have it made")
