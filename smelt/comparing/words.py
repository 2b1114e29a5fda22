"""How differences are put into words, the same in the terminal and on the page."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

TITLES = {
    "recipe": "recipe",
    "artifacts": "artifact",
    "documents": "documents after",
    "dropped": "documents dropped by",
    "mixture": "share of tokens",
    "training": "training loss at last",
    "heldout": "held out",
    "probes": "probe",
}

Row = tuple[str, ...]


def tables(found: Mapping[str, Any]) -> Iterator[tuple[Row, list[Row]]]:
    """Head and rows of a table for each kind of difference that ``difference`` found."""
    for name, title in TITLES.items():
        if found[name]:
            rows = [(what, *map(_shown, pair), _change(*pair)) for what, pair in found[name].items()]
            yield (title, *found["runs"], "change"), rows
    if found["bits"]:
        yield ("held out, document by document", "documents", "bits per byte", "95 %"), list(_documents(found["bits"]))
    if found["benchmarks"]:
        yield (
            ("benchmark", *found["runs"], "change", "95 %", "p", "bits per byte", "95 %"),
            list(_scores(found["benchmarks"])),
        )


def said(found: Mapping[str, Any]) -> list[str]:
    """What is to be said beside the tables."""
    lines = []
    if found["refused"]:
        lines.append(f"loss and perplexity are not compared: {found['refused']}; bits per byte are")
    if not any(found[name] for name in ("recipe", "artifacts")):
        lines.append("one recipe, and the same artifacts")
    return lines


def _documents(bits: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    for what, own in bits.items():
        yield what, f"{own['documents']:,}", f"{own['difference']:+.4f}", _span(own, 4)


def _scores(benchmarks: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    for what, own in benchmarks.items():
        apart = ("", "other items", "")
        if "p" in own:
            apart = (f"{own['difference']:+.3f}", _span(own), f"{own['p']:.2g}")
        bits = (f"{own['bits']['difference']:+.3f}", _span(own["bits"])) if "bits" in own else ("", "")
        yield what, *(f"{score:.3f}" for score in own["accuracy"]), *apart, *bits


def _span(own: Mapping[str, Any], digits: int = 3) -> str:
    """The 95 % interval of a change; one item alone has none of its bits."""
    return "" if own["low"] is None else f"{own['low']:+.{digits}f} to {own['high']:+.{digits}f}"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _change(first: Any, second: Any) -> str:
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (first, second)]
    return f"{second - first:+.4g}" if all(numbers) else ""
