"""The whole story of a document, stage by stage, as ``smelt explain`` tells it."""

from typing import Any

import pyarrow as pa
from pydantic import BaseModel

from smelt.errors import SmeltError, StageError
from smelt.explaining.find import QUARANTINE, Place, find
from smelt.explaining.judged import Judged, judge
from smelt.explaining.page import seen_page
from smelt.explaining.row import row
from smelt.explaining.seen import SeenPage
from smelt.explaining.training import Encoded, Reading, encoded, reading
from smelt.lake import Artifact, Lake, Manifest
from smelt.plan import BEFORE, Plan, days_of
from smelt.recipe.decontaminate import Benchmark
from smelt.recipe.dedup import DUPLICATE_DAY
from smelt.recipe.signals import EDITS, LABELS, SIGNALS
from smelt.run import load_run
from smelt.takedown import Blocked, blocked

STAGES = ("ingest", "clean", "score", "select", "dedup", "decontaminate", "tokens")
"""The stages that a document goes through before each phase's blocks."""
_DECIDING = ("select", "dedup", "decontaminate")


class Dropped(BaseModel):
    """The stage that dropped a document, and its reason."""

    stage: str
    reason: str


class Better(BaseModel):
    """The document that another one was dropped for, how alike they are where that is known, and what became of it; of
    an earlier day that is compared with, which, and no address where that day's artifacts were deleted since."""

    id: str
    url: str
    similarity: float | None
    dropped: Dropped | None
    day: str | None = None


class Contaminated(BaseModel):
    """The benchmark item that was met; its text, or why it can't be shown; and the passages that are cut for items."""

    benchmark: str
    item: int
    text: str | None = None
    note: str = ""
    cut: list[str] = []


class Story(BaseModel):
    """What became of a document.

    Attributes:
        fate: ``kept``, ``dropped``, ``quarantined``, or ``undecided`` while a stage that decides isn't made.
        ingest: what ``ingest`` says of it, without the text: of a refused one the reason and its detail.
        dropped: the stage that dropped it, and why.
        day: of what was gathered from the days of a corpus, the day that it is of and its artifact of ``ingest``.
        text: the cleaned text, or None where ``clean`` isn't made or the document was refused.
        edits, labels, signals, scores: the columns of ``clean`` and ``score``; edits only where something was edited.
        judged: the rules that it met.
        better: the document that it is a duplicate of.
        duplicates: how many documents were dropped for it.
        cut: passages of its text that are left out, since other documents or it itself hold them too.
        page: the web page that it was made of, where that was asked for.
        taken_down: the entry of the list that it falls under by now, be it that the run was planned before.
        missing: stages that the run has not made.
    """

    id: str
    url: str
    part: str
    row: int
    fate: str
    ingest: dict[str, Any]
    dropped: Dropped | None = None
    day: tuple[str, str] | None = None
    text: str | None = None
    edits: dict[str, int] = {}
    labels: dict[str, Any] = {}
    signals: dict[str, Any] = {}
    scores: dict[str, float | None] = {}
    judged: Judged | None = None
    better: Better | None = None
    duplicates: int = 0
    cut: list[str] = []
    contaminated: Contaminated | None = None
    encoded: Encoded | None = None
    reading: Reading | None = None
    page: SeenPage | None = None
    taken_down: Blocked | None = None
    missing: list[str] = []


def newest_plan(lake: Lake) -> Plan:
    """The plan of the run that was started last.

    Raises:
        StageError: when there is no run.
    """
    runs = [load_run(lake, name) for name in lake.folders("runs/")]
    if not runs:
        raise StageError("there is no run", where=lake.url, mend="`smelt run RECIPE` makes one, or give --recipe")
    return max(runs, key=lambda run: run.created).plan


def tell(lake: Lake, plan: Plan, wanted: str, *, with_page: bool = False) -> Story:
    """The story of a document under a plan, as far as its artifacts are made.

    Args:
        wanted: id, beginning of an id, address or path.
        with_page: reads its web page again, with the decision on each block.

    Raises:
        StageError: when nothing is ingested yet, not exactly one document is meant, or its page can't be read again.
    """
    met = [item for item in plan.stages if item.stage in STAGES or item.kind == "blocks"]
    made = {item.stage: manifest for item in met if (manifest := item.artifact.manifest(lake))}
    if "ingest" not in made:
        raise StageError("nothing is ingested yet", where=plan.recipe, mend="run the recipe first")
    place = find(lake, made["ingest"], wanted)
    [ingested] = row(lake, made["ingest"], place, place.suffix).to_pylist()
    ingested = {name: value for name, value in ingested.items() if name not in ("id", "text", "url")}
    about = {"id": place.id, "url": place.url, "part": place.part, "row": place.row, "ingest": ingested}
    about["taken_down"] = blocked(lake).find(id=place.id, url=place.url)
    about["day"] = _day(made["ingest"], ingested.get("date"))
    about["page"] = seen_page(lake, made["ingest"], place) if with_page else None
    if place.suffix == QUARANTINE:
        return Story(**about, fate="quarantined")
    found: dict[str, Any] = {}
    decided = _decisions(lake, made, place)
    dropped = _dropped(decided)
    if "clean" in made:
        measured = {stage: row(lake, made[stage], place) for stage in ("clean", "score") if stage in made}
        columns = {name: table[name] for table in measured.values() for name in table.column_names}
        found |= _described({name: values[0].as_py() for name, values in columns.items()})
        if "select" in decided:
            found["judged"] = judge(made["select"], pa.table(columns), decided["select"]["reason"])
    if "dedup" in decided:
        found["duplicates"] = decided["dedup"]["duplicates"]
        found["cut"] = _passages(found.get("text"), decided["dedup"].get("cuts") or [])
    if dropped and dropped.stage == "dedup":
        found["better"] = _better(lake, made, decided["dedup"])
    if "decontaminate" in decided and decided["decontaminate"].get("item") is not None:
        found["contaminated"] = _met(made["decontaminate"], decided["decontaminate"], found.get("text"))
    if dropped is None and "tokens" in made:
        found["encoded"] = encoded(lake, made["tokens"], place.part, place.id)
        blocks = [manifest for manifest in made.values() if manifest.stage == "blocks"]
        if blocks and found["encoded"] and found["encoded"].split == "training":
            found["reading"] = reading(lake, blocks, place.id)
    missing = [item.stage for item in met if item.stage not in made]
    undecided = any(stage in missing for stage in _DECIDING)
    fate = "dropped" if dropped else "undecided" if undecided else "kept"
    return Story(**about, **found, fate=fate, dropped=dropped, missing=missing)


def _day(ingest: Manifest, said: str | None) -> tuple[str, str] | None:
    """Whose day a document is of, and that day's artifact; what is no crawl's came with the first day."""
    days = days_of(ingest.inputs)
    day = said if said in days else min(days, default=None)
    return (day, f"ingest/{days[day]}") if day is not None else None


def _decisions(lake: Lake, made: dict[str, Manifest], place: Place) -> dict[str, dict[str, Any]]:
    """The document's row in each stage that decides."""
    return {stage: row(lake, made[stage], place).to_pylist()[0] for stage in _DECIDING if stage in made}


def _dropped(decided: dict[str, dict[str, Any]]) -> Dropped | None:
    """The first stage that does not keep the document."""
    for stage, columns in decided.items():
        if not columns["keep"]:
            return Dropped(stage=stage, reason=columns["reason"])
    return None


def _described(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": columns["text"],
        "edits": {name: columns[name] for name in EDITS if columns.get(name)},
        "labels": {name: columns[name] for name in LABELS if columns.get(name) is not None},
        "signals": {name: columns[name] for name in SIGNALS if name in columns},
        "scores": {name: value for name, value in columns.items() if name.startswith("score_")},
    }


def _passages(text: str | None, cuts: list[int]) -> list[str]:
    content = (text or "").encode()
    return [content[start:end].decode() for start, end in zip(cuts[::2], cuts[1::2], strict=True)]


def _better(lake: Lake, made: dict[str, Manifest], decided: dict[str, Any]) -> Better:
    about = {"similarity": decided["similarity"]}
    day, before = decided.get(DUPLICATE_DAY), days_of(made["dedup"].inputs, BEFORE)
    if day in before:
        about["day"], made = day, _compared(lake, before[day])
        if "ingest" not in made:
            return Better(**about, id=decided["duplicate_of"], url="", dropped=None)
    place = find(lake, made["ingest"], decided["duplicate_of"])
    dropped = _dropped(_decisions(lake, made, place))
    return Better(**about, id=place.id, url=place.url, dropped=dropped)


def _compared(lake: Lake, fingerprint: str) -> dict[str, Manifest]:
    """What there still is of an earlier day that dedup has compared with."""
    dedup = Artifact("dedup", fingerprint).manifest(lake)
    names = {"dedup": fingerprint} | ({kind: dedup.inputs[kind] for kind in ("ingest", "select")} if dedup else {})
    found = {kind: Artifact(kind, name).manifest(lake) for kind, name in names.items()}
    return {kind: manifest for kind, manifest in found.items() if manifest is not None}


def _met(decontaminate: Manifest, decided: dict[str, Any], text: str | None) -> Contaminated:
    name, item = decided["benchmark"], decided["item"]
    [raw] = [raw for raw in decontaminate.config["benchmarks"] if raw["name"] == name]
    cut = _passages(text, decided.get("cuts") or [])
    try:
        said = Benchmark.model_validate(raw).texts()[item - 1]
        return Contaminated(benchmark=name, item=item, text=said, cut=cut)
    except SmeltError as error:  # the file is gone, or another than the one that was met
        return Contaminated(benchmark=name, item=item, note=error.what, cut=cut)
