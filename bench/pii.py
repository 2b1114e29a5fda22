"""Personal data: recall and false hits by kind, beside Presidio's and datatrove's on the same lines.

The lines are those of the labelled set (docs/edits.md), in which personal data is marked, and as many in which there is
none. A value is found when the text no longer holds it; a placeholder more than values found is a false hit. Presidio
runs in an environment of its own with its pattern recognizers alone, since a language model can't be had there; what it
has no recognizer for, and what datatrove's formatter doesn't replace, is left out of their figures. How often something
is replaced in real text (docs in English and Chinese, Python sources) is counted for Smelt.

    python -m bench.pii --json FILE [--megabytes 1]
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.pipeline.formatters import PIIFormatter

from bench.command import command
from bench.peers.environment import ask
from bench.texts import texts
from smelt.recipe.clean import PLACEHOLDERS, CleanConfig
from tasks.clean.edits.edit import edit
from tasks.clean.personal.judge import counted, judge, labelled, plain

CONFIG = CleanConfig().with_digests()


def shares(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, float]]:
    """Recall and false hits by kind, and both over all kinds."""
    whole = {name: sum(kind[name] for kind in counts.values()) for name in ("found", "missed", "false")}
    return {
        kind: {
            "marked": figures["found"] + figures["missed"],
            "recall": figures["found"] / max(1, figures["found"] + figures["missed"]),
            "false": figures["false"],
        }
        for kind, figures in {**counts, "all": whole}.items()
    }


def presidio(marked: list[str]) -> dict[str, dict[str, float]] | None:
    """Figures of Presidio's pattern recognizers; None where it can't be installed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.jsonl"
        file.write_text("".join(json.dumps({"text": plain(text)}) + "\n" for text in marked))
        answer = ask("presidio", file)
    return None if answer is None else shares(counted(marked, answer["texts"], answer["kinds"]))


def datatrove(marked: list[str]) -> dict[str, dict[str, float]]:
    """Figures of datatrove's formatter, which knows addresses."""
    formatter = PIIFormatter(email_replacement=PLACEHOLDERS["email"], ip_replacement=PLACEHOLDERS["ip"])
    return shares(counted(marked, [formatter.format(plain(text)) for text in marked], ("email", "ip")))


def replaced_in(lang: str, megabytes: float) -> dict[str, float]:
    """Placeholders a megabyte of real text, by kind."""
    documents = texts(lang, megabytes)
    _, edits = edit(documents, np.full(len(documents), lang == "code", np.bool_), CONFIG)
    return {kind: float(edits[f"edit_{kind}"].sum()) / (documents.nbytes / 1e6) for kind in PLACEHOLDERS}


def measure(megabytes: float) -> dict[str, Any]:
    """Figures of each, and the ratio of recalls over the kinds that both have."""
    marked = [text for text, _ in labelled(CONFIG.pii)]
    ours = judge(CONFIG)
    figures: dict[str, Any] = {"labelled": {"smelt": shares(ours), "datatrove": datatrove(marked)}}
    if (peer := presidio(marked)) is not None:
        figures["labelled"]["presidio"] = peer
    figures["replaced_per_mb"] = {lang: replaced_in(lang, megabytes) for lang in ("en", "zh", "code")}
    ratios = {}
    for name in ("presidio", "datatrove"):
        if theirs := figures["labelled"].get(name):
            same = shares({kind: ours[kind] for kind in theirs if kind != "all"})
            ratios[f"recall_{name}"] = same["all"]["recall"] / max(theirs["all"]["recall"], 1e-9)
    return {"ratios": ratios, "figures": figures}


def table(figures: dict[str, Any]) -> list[str]:
    """Recall and false hits of each by kind, and what is replaced in real text."""
    lines = []
    for name, kinds in figures["labelled"].items():
        for kind, of in kinds.items():
            lines.append(
                f"{name:10} {kind:10} {of['marked']:5} marked, recall {of['recall']:6.1%}, {of['false']:4} false"
            )
    for lang, kinds in figures["replaced_per_mb"].items():
        lines.append(
            f"replaced a MB, {lang}: " + ", ".join(f"{kind} {rate:.1f}" for kind, rate in kinds.items() if rate)
        )
    return lines


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=1.0)
