"""The report's first words: what failed, what training was disturbed by, and what the run before did worse or better.

A score counts as changed where the 95 % interval of its change, on the same items, leaves 0 out; so do the bits per
byte of right answers, and those of held-out text document by document. Of many scores some do so by chance.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from evaluation.report.benchmarks import memories
from evaluation.report.probes import probe_alarms
from smelt.comparing.bits import paired_documents
from smelt.comparing.difference import judged_last, scores
from smelt.lake import Artifact, Lake, Manifest
from smelt.phases import ALARMS
from smelt.run import earlier_runs

LOOKED_AT = 20
"""Earlier runs that are looked at, until one has an evaluation of its own."""
DISTURBING = {
    "spike": "spikes",
    "fault": "faults",
    "rollback": "roll-backs",
    "heldout": "held-out losses that rose",
    **dict.fromkeys(ALARMS, "alarms"),
}


@dataclass(frozen=True)
class Before:
    """The last run of the recipe that was evaluated otherwise.

    Attributes:
        evaluate, tokenizer: fingerprints of its artifacts.
        judged: what is said of its last checkpoint.
    """

    run: str
    created: str
    evaluate: str
    tokenizer: str
    judged: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What stands first.

    Attributes:
        failed: each failed gate with what does not hold.
        disturbed: how often training was, by what it is called.
        alarms: of probes.
        bits: bits per byte of the run before and of this, over all and by label; and the change on the documents that
            both read, as ``paired_documents`` has it, where there are any.
        better, worse: scores that changed, by name, as ``paired`` has them; ``same`` how many did not.
        likelier, less_likely: those whose right answers take fewer bits per byte or more, as ``paired_bits`` has them.
        noise: benchmarks that tell nothing, with the reason.
        remembered: benchmarks whose items the last checkpoint has learnt, with the form that told.
    """

    failed: list[tuple[str, str]]
    disturbed: list[tuple[str, int]]
    alarms: int
    bits: dict[str, tuple[float, float, Mapping[str, Any] | None]]
    better: Mapping[str, Mapping[str, Any]]
    worse: Mapping[str, Mapping[str, Any]]
    same: int
    likelier: Mapping[str, Mapping[str, Any]]
    less_likely: Mapping[str, Mapping[str, Any]]
    noise: list[tuple[str, str]]
    remembered: list[str]


def before(lake: Lake, recipe: str, run: str, inputs: Mapping[str, Manifest]) -> Before | None:
    """The run that this one is compared with; None where there is none."""
    own = inputs["evaluate"].fingerprint
    for other, created, plan in islice(earlier_runs(lake, recipe, run), LOOKED_AT):
        evaluate, tokenizer = (plan.planned(stage).fingerprint for stage in ("evaluate", "tokenizer"))
        manifest = None if evaluate == own else Artifact("evaluate", evaluate).manifest(lake)
        if manifest is not None:
            return Before(other, created, evaluate, tokenizer, judged_last(lake, manifest))
    return None


def verdict(values: Mapping[str, Any], benchmarks: Sequence[Mapping[str, Any]]) -> Verdict:
    """The verdict on what ``stage.gather`` gives.

    Args:
        benchmarks: rows of the table of benchmarks.
    """
    counted = Counter(DISTURBING[event.kind] for event in values["events"] if event.kind in DISTURBING)
    found, now = values["before"], values["now"]
    changes = {} if found is None else scores(found.judged, now)
    paired = {name: change for name, change in changes.items() if "low" in change}
    better = {name: change for name, change in paired.items() if change["low"] > 0}
    worse = {name: change for name, change in paired.items() if change["high"] < 0}
    gold = {name: change["bits"] for name, change in changes.items() if change.get("bits", {}).get("low") is not None}
    return Verdict(
        failed=[
            (stage, "; ".join(item["name"] for item in result["expectations"] if not item["success"]))
            for stage, result in values["gates"].items()
            if result and not result["success"]
        ],
        disturbed=[(words, counted[words]) for words in dict.fromkeys(DISTURBING.values()) if counted[words]],
        alarms=len(probe_alarms(values["evaluations"], values["max_probe_fall"])),
        bits={} if found is None else _bits(found.judged, now),
        better=better,
        worse=worse,
        same=len(paired) - len(better) - len(worse),
        likelier={name: change for name, change in gold.items() if change["high"] < 0},
        less_likely={name: change for name, change in gold.items() if change["low"] > 0},
        noise=[(f"{row['name']} {row['form']}", row["trend"]["noise"]) for row in benchmarks if row["trend"]["noise"]],
        remembered=[f"{one['name']} {one['form']}" for one in memories(benchmarks) if one["remembered"]],
    )


def _bits(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, tuple[float, float, Mapping[str, Any] | None]]:
    one, other = ({"all": said["heldout"], **said["heldout"]["by_label"]} for said in (first, second))
    paired = paired_documents(*(said["heldout"]["by_label"] for said in (first, second)))
    return {
        name: (one[name]["bits_per_byte"], other[name]["bits_per_byte"], paired.get(name))
        for name in one
        if name in other
    }
