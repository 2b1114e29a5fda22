"""The documents that a page about bias shows: chosen from a few parts' candidates, with the beginning of their text.

``select`` writes the candidates (``.samples.parquet`` beside each part) and reads no text; the text of the few
that are shown is read here, from the row groups of ``clean`` that hold them.
"""

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from smelt.gates.bias.candidates import KEEPS_SHOWN, REJECTS_PER_RULE, SUFFIX
from smelt.gates.even import evenly
from smelt.lake import Lake, Manifest, PartRecord, held

MAX_PARTS = 8
EXCERPT_CHARS = 280


@dataclass(frozen=True)
class Shown:
    """A document on the page: where it is from, the beginning of its text, and for a keep the nearest limit."""

    id: str
    url: str
    source: str
    text: str
    rule: str = ""
    margin: float = 0.0
    found: float = 0.0


def choose(lake: Lake, selected: Manifest, cleaned: Manifest) -> tuple[dict[str, list[Shown]], list[Shown]]:
    """Rejects by reason, and keeps at the margin, out of at most MAX_PARTS parts and one more a rare reason."""
    frames = []
    for part in _parts(selected):
        frame = held.open_parquet(lake, selected, part, SUFFIX).read().to_pandas()
        frames.append(frame.assign(part=part.name))
    if not frames:
        return {}, []
    candidates = pd.concat(frames, ignore_index=True).sort_values(["draw", "id"], kind="stable")
    rejects = candidates[candidates["reason"].notna()].groupby("reason", sort=False).head(REJECTS_PER_RULE)
    keeps = candidates[candidates["reason"].isna()].sort_values(["margin", "draw"], kind="stable").head(KEEPS_SHOWN)
    texts = _texts(lake, cleaned, pd.concat([rejects, keeps]))
    by_reason: dict[str, list[Shown]] = {}
    for row in rejects.itertuples():
        by_reason.setdefault(row.reason, []).append(Shown(row.id, *texts[row.id]))
    near = [Shown(row.id, *texts[row.id], row.rule, row.margin, row.found) for row in keeps.itertuples()]
    return by_reason, near


def _parts(selected: Manifest) -> list[PartRecord]:
    """Parts at even distances, and for each reason that none of them has the first part that has it."""
    parts = [part for part in selected.parts if SUFFIX in part.files]
    chosen = {parts[i].name: parts[i] for i in evenly(len(parts), MAX_PARTS)}
    for reason in selected.stats.get("dropped", {}):
        having = [part for part in parts if reason in part.stats.get("dropped", {})]
        if having and not any(part.name in chosen for part in having):
            chosen[having[0].name] = having[0]
    return [chosen[name] for name in sorted(chosen)]


def _texts(lake: Lake, cleaned: Manifest, rows: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    """By id: url, source and the beginning of the text."""
    found: dict[str, tuple[str, str, str]] = {}
    for name, wanted in rows.groupby("part", sort=True):
        part = cleaned.part(str(name))
        file = held.open_parquet(lake, cleaned, part)
        first = 0
        for group in range(file.num_row_groups):
            num_rows = file.metadata.row_group(group).num_rows
            here = wanted[(wanted["row"] >= first) & (wanted["row"] < first + num_rows)]
            if len(here):
                table = file.read_row_group(group, ["id", "url", "source", "text"])
                for item in table.take(pa.array(here["row"] - first, pa.int64())).to_pylist():
                    found[item["id"]] = (item["url"] or "", item["source"] or "", _excerpt(item["text"]))
            first += num_rows
    return found


def _excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text[: 2 * EXCERPT_CHARS].split())
    return line[:EXCERPT_CHARS] + ("…" if len(line) > EXCERPT_CHARS or len(text) > 2 * EXCERPT_CHARS else "")
