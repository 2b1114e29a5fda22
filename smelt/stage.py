"""What a stage is made of: rounds of shards, and a function from a shard to a part.

A stage is declared in two halves. The *spec* (``smelt.recipe.graph``) says its name, version, config
and inputs; planning needs only that. The *stage* (here) says how the work is done; it is imported by
name inside the Ray job, so that orchestrator images need none of its libraries.

Most stages have one round. A stage whose work must be exchanged between shards (MinHash: signatures,
then buckets, then decisions) has several; the parts of the last one are the artifact's parts. Each
part of each round is committed on its own, so a killed stage goes on where it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from smelt.lake import Artifact, Lake, Manifest, PartRecord, held
from smelt.recipe.resources import Resources

SMALL_BYTES = 4_000_000
"""Of a stage's inputs as they lie in the lake: up to there one process reads and judges them in the seconds in which
two workers import what they need."""


@dataclass(frozen=True)
class Shard:
    """A unit of work: a name (unique in its round, sorting in document order) and what to work on."""

    name: str
    payload: Any = None


@dataclass(frozen=True)
class Part:
    """What a worker made of a shard.

    Attributes:
        files: content by key suffix, such as ``.parquet``; bytes, or a local file, which is deleted once it is in
            the lake.
        rows: rows in the part.
        stats: figures that add up over parts; see ``PartRecord.stats``.
        content_digest: see ``Artifact.write_part``.
    """

    files: Mapping[str, bytes | Path]
    rows: int
    stats: dict[str, Any] = field(default_factory=dict)
    content_digest: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far a stage is; shown by ``smelt run`` and in the task's log.

    Attributes:
        done, total: units of work (shards, or steps for training).
        unit: what the units are called.
        figures: named figures of the moment (documents, tokens, loss ...).
    """

    done: int
    total: int
    unit: str = "parts"
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What the stage's functions are given: the config, the inputs and the lake.

    Attributes:
        config: the stage's config model, as in its fingerprint.
        resources: how the stage is run; must not change the result.
        inputs: manifests of the input artifacts, by stage name; an ``external`` input is not in it.
        external: inputs that are no earlier stage's, by name: ``listing``, a digest; ``rebuild``, a generation.
        artifact: the address of what is being made.
        report: called with progress; cheap, callable as often as one likes.
        run: id of the run it is made for, or ""; for logs, metrics and the report's head alone.
    """

    lake: Lake
    config: Any
    resources: Resources
    inputs: dict[str, Manifest]
    external: dict[str, str]
    artifact: Artifact
    report: Callable[[Progress], None] = lambda progress: None
    run: str = ""

    def records(self, round_name: str) -> dict[str, PartRecord]:
        """Records of an earlier round of this same stage, by shard name, sorted."""
        return dict(sorted(self.artifact.records(self.lake, round_name).items()))

    def get(self, round_name: str, shard: str, suffix: str) -> bytes:
        """An object of an earlier round of this same stage, held to its record."""
        return held.read(self.lake, self.artifact, self.artifact.record(self.lake, round_name, shard), suffix)

    @cached_property
    def scratch(self) -> Path:
        """A local folder for this artifact's temporary files."""
        folder = self.lake.settings.home / "scratch" / self.artifact.stage / self.artifact.fingerprint
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True)
class Round:
    """One pass over shards.

    Attributes:
        name: folder of the round's parts in the artifact.
        shards: lists the shards, in the driver; a function of the context alone.
        work: makes a part of a shard, in a worker; a pure function of context and shard.
        made_of: for a part that is a function of less than all inputs: what decides its bytes beside the stage's
            version, as ``smelt.identity`` takes it. A part that another artifact has made of the same is taken over
            (``smelt.lake.shared``). Called in a worker.
        as_it_is: whether a part is what lies elsewhere, byte for byte: neither the stage's version nor a rebuild
            makes it anew.
        in_driver: whether the driver works on the shards itself, one after the other: where that takes less than the
            seconds in which a worker starts.
    """

    name: str
    shards: Callable[[Context], list[Shard]]
    work: Callable[[Context, Shard], Part]
    made_of: Callable[[Context, Shard], Any] | None = None
    as_it_is: bool = False
    in_driver: Callable[[Context], bool] = lambda context: False


def small(context: Context) -> bool:
    """Whether all that a stage may read is little."""
    return sum(manifest.bytes for manifest in context.inputs.values()) <= SMALL_BYTES


def always(context: Context) -> bool:
    """For rounds whose shards are few and take no time, whatever there is."""
    return True


@dataclass(frozen=True)
class Stage:
    """How a stage's artifact is made: by rounds of shards, or by one driver function.

    Attributes:
        rounds: for work that is spread over shards.
        run: for work that has its own launcher (training): called once in the driver; it writes parts
            with ``context.artifact.write_part``, resumes from those that are there, and returns the
            records that make up the artifact, in order.
    """

    name: str
    rounds: tuple[Round, ...] = ()
    run: Callable[[Context], list[PartRecord]] | None = None


def parts_as_shards(stage: str) -> Callable[[Context], list[Shard]]:
    """Shards for a stage that works part by part on one input: same names, same order."""

    def shards(context: Context) -> list[Shard]:
        return [Shard(part.name) for part in context.inputs[stage].parts]

    return shards
