"""The order of blocks for made-up documents: at once in one process, and by parts of the index and ranges of a stream.

A phase that reads a third of the documents follows one that reads another third, over four labels in the mixture 4 : 4
: 2. Each round works in a process of its own on all its shards, one after the other, as a Ray worker does. Measured are
what it holds at its peak beyond what it has imported, the processor's time in all, and what lies in between. And what a
block reads of the token files for each byte of its own, where a phase has so many blocks: the documents of a block are
drawn from a part by chance, and what ``gather`` would ask for is added up.

    python -m bench.blocks --json FILE [--documents 1000000 10000000]
"""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.command import arguments_of, publish
from bench.memory import memory_mb
from smelt.recipe.blocks import block_tokens, phase_tokens
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from tasks.blocks import mixing, scatter
from tasks.blocks.catalog import Catalog
from tasks.blocks.gather import runs
from tasks.blocks.large import drawn, ends, near, uses
from tasks.blocks.large.bounds import bounds
from tasks.blocks.large.counts import Counts, count, together
from tasks.blocks.phases import SLICE
from tasks.blocks.slices import cut, cut_range
from tasks.dedup import exchange

PART = 1 << 18
"""Documents of a part."""
MEAN = 1100
"""Tokens of a document, on average."""
AT_ONCE = 20_000_000
"""More documents than these are not ordered in one process here."""
BLOCKS = {1: 1 << 17, 100: 1 << 20, 10_000: 1 << 23}
"""Blocks of a phase, and the documents of the part that one of them is gathered from."""
TOKEN_BYTES = 2
_NAMES = (("code", "code"), ("en", "web"), ("zh", "book"), ("zh", "web"))


def config_of(documents: int) -> BlocksConfig:
    """Two phases over so many documents."""
    phases = [
        BlockPhase(
            name=name,
            tokens=documents * MEAN // 3,
            sequence_length=4096,
            global_batch_size=64,
            weights={"zh": 4, "en": 4, "code": 2},
        )
        for name in ("one", "two")
    ]
    return BlocksConfig(phases=tuple(phases), first_phase=1)


def part_of(number: int, documents: int) -> Catalog:
    """The documents of a part."""
    draw, size = np.random.default_rng(number), min(PART, documents - number * PART)
    tokens = lengths(draw, size)
    return Catalog(
        ids=draw.integers(0, 1 << 63, size).astype(np.uint64),
        parts=np.full(size, number, np.uint32),
        offsets=np.cumsum(tokens) - tokens,
        tokens=tokens,
        checksums=draw.integers(0, 1 << 63, size).astype(np.uint64),
        labels=draw.choice(4, size, p=(0.15, 0.45, 0.1, 0.3)).astype(np.int32),
        names=_NAMES,
    )


def lengths(draw: np.random.Generator, documents: int) -> np.ndarray:
    """Tokens of made-up documents."""
    return draw.lognormal(6.4, 1.1, documents).astype(np.int64) + 1


def whole(documents: int) -> Catalog:
    """The documents of all parts."""
    parts = [part_of(number, documents) for number in range(num_parts(documents))]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("ids", "parts", "offsets", "tokens", "checksums", "labels")
    }
    return replace(parts[0], **joined)


def num_parts(documents: int) -> int:
    """How many parts there are."""
    return -(-documents // PART)


def at_once(at: "Place") -> int:
    """As one process orders them; the number of slices."""
    config, catalog = config_of(at.documents), whole(at.documents)
    used = np.zeros(at.documents, np.int32)
    for phase in config.phases:
        stream = mixing.mix(catalog, used, phase, phase_tokens(phase) + 1, config, config.seed)
    slices, _ = cut(catalog, stream.pieces, phase_tokens(phase), block_tokens(phase, config))
    return len(slices)


@dataclass
class Place:
    """How many documents there are, where rounds write, and what they have found."""

    documents: int
    folder: Path
    counts: Any = None
    within: Any = None
    known: Any = None

    @property
    def parts(self) -> range:
        """The numbers of the parts."""
        return range(num_parts(self.documents))


def turns(at: Place) -> int:
    """Counts of each part."""
    config = config_of(at.documents)
    for number in at.parts:
        counts = count(uses.documents_of(part_of(number, at.documents), config), config).files()
        for suffix, content in counts.items():
            (at.folder / f"turns-{number}{suffix}").write_bytes(content)
    return len(at.parts)


def bounded(at: Place) -> Place:
    """All counts, and the bins in which the phases may end."""
    read = (
        Counts.read(*((at.folder / f"turns-{number}{suffix}").read_bytes() for suffix in (".counts", ".cells.json")))
        for number in at.parts
    )
    counts = together(read)
    return replace(at, counts=counts, within=bounds(counts, config_of(at.documents)))


def nearby(at: Place) -> int:
    """The uses in these bins, part by part."""
    config, found = config_of(at.documents), 0
    for number in at.parts:
        part = uses.documents_of(part_of(number, at.documents), config)
        own = near.near(part, at.within, config)
        own["cell"] = np.array([at.counts.cells.index(cell) for cell in part.cells])[own["cell"]]
        np.save(at.folder / f"near-{number}.npy", own)
        found += len(own)
    return found


def ended(at: Place) -> Place:
    """The phases' ends."""
    own = np.concatenate([np.load(at.folder / f"near-{number}.npy") for number in at.parts])
    return replace(at, known=ends.ends(at.counts, own, at.within, config_of(at.documents)))


def read(at: Place) -> int:
    """What the last phase reads of each part, by range."""
    config, found = config_of(at.documents), 0
    for number in at.parts:
        part = uses.documents_of(part_of(number, at.documents), config)
        own = drawn.read(part, at.known, 1, at.counts.names, config)
        order = np.argsort(own.ranges, kind="stable")
        np.save(at.folder / f"drawn-{number}.npy", own.drawn[order])
        np.save(at.folder / f"ranges-{number}.npy", own.ranges[order])
        found += len(order)
    return found


def ordered(at: Place) -> int:
    """The slices of each range; how many there are."""
    config, found, end = config_of(at.documents), 0, at.known[1]
    phase = config.phases[1]
    for place in range(len(end.ranges)):
        pieces = []
        for number in at.parts:
            first, last = np.searchsorted(np.load(at.folder / f"ranges-{number}.npy"), (place, place + 1))
            pieces.append(np.array(np.load(at.folder / f"drawn-{number}.npy", mmap_mode="r")[first:last]))
        own, start = drawn.in_range(np.concatenate(pieces), end, place)
        found += len(cut_range(own, start, phase_tokens(phase), block_tokens(phase, config))[0])
    return found


def measured(work: Callable[[Place], Any], at: Place) -> tuple[Any, dict[str, float]]:
    """What a round makes, and what it holds and takes in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, at))


def _measured(work: Callable[[Place], Any], at: Place) -> tuple[Any, dict[str, float]]:
    before, start = memory_mb("VmRSS"), time.process_time()
    made = work(at)
    return made, {"held_mb": memory_mb("VmHWM") - before, "seconds": time.process_time() - start}


def order(documents: int) -> dict[str, Any]:
    """Both ways to order so many documents."""
    found: dict[str, Any] = {"rounds": {}}
    with TemporaryDirectory() as name:
        at = Place(documents, Path(name))
        for work in (turns, bounded, nearby, ended, read, ordered):
            made, found["rounds"][work.__name__] = measured(work, at)
            at = made if isinstance(made, Place) else at
        for kind in ("turns", "near", "drawn"):
            size = sum(path.stat().st_size for path in at.folder.glob(f"{kind}*"))
            found[f"bytes of {kind} a document"] = size / documents
    found["ranges"] = len(at.known[1].ranges)
    found["held_mb"] = max(one["held_mb"] for one in found["rounds"].values())
    found["microseconds a document"] = sum(one["seconds"] for one in found["rounds"].values()) / documents * 1e6
    if documents <= AT_ONCE:
        slices, found["at once"] = measured(at_once, Place(documents, Path()))
        if slices != made:
            raise SystemExit(f"two ways to order {documents:,} documents have made {slices:,} and {made:,} slices")
        found["at once"]["bytes a document"] = found["at once"]["held_mb"] * 1e6 / documents
    return found


def gathered(blocks: int, documents: int) -> dict[str, float]:
    """What one of so many blocks reads of a part for each byte of its own, and its documents for each request: fetched
    from the token file, and as the stage does it, by way of scattered files where that reads less."""
    draw = np.random.default_rng(blocks)
    tokens = lengths(draw, documents)
    own = np.flatnonzero(draw.random(documents) < 1 / blocks)
    slices = np.zeros(len(own), SLICE)
    slices["length"] = slices["tokens"] = tokens[own]
    slices["document"] = (np.cumsum(tokens) - tokens)[own]
    fetched = runs(slices, TOKEN_BYTES)
    wanted = int(slices["tokens"].sum())
    reads = sum(int(run["document"][-1] + run["length"][-1] - run["document"][0]) for run in fetched) / wanted
    expected = scatter.gathered(int(tokens.sum()) * TOKEN_BYTES, documents, wanted * TOKEN_BYTES)
    scattered = expected > scatter.MOST
    return {
        "documents": len(own),
        "fetched": reads,
        "expected": expected,
        "documents a request": len(own) / len(fetched),
        "read": 2 + 2 * exchange.ENTRY_BYTES / (wanted * TOKEN_BYTES) if scattered else reads,
        "documents a request as it is read": len(own) / 2 if scattered else len(own) / len(fetched),
    }


def measure(documents: list[int]) -> dict[str, Any]:
    """Figures by number of documents and of blocks; ratios of what the largest holds to what the smallest does."""
    found = {f"{number:.0e}": order(number) for number in documents}
    least, most = found[f"{min(documents):.0e}"], found[f"{max(documents):.0e}"]
    ratios = {
        "memory of ten times as many documents": most["held_mb"] / least["held_mb"],
        "time a document of ten times as many": most["microseconds a document"] / least["microseconds a document"],
    }
    return {"ratios": ratios, "figures": found | {"gather": {str(n): gathered(n, size) for n, size in BLOCKS.items()}}}


if __name__ == "__main__":
    parser = arguments_of(__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[1_000_000, 10_000_000], help="made-up documents")
    given = parser.parse_args()
    result = measure(given.documents)
    for size, one in result["figures"].items():
        print(size, one)
    publish(result, given)
