"""How progress, amounts and lists are put into words, the same in a task's log and in the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

RATED = ("tokens", "documents")
"""Figures that add up while a stage works, in the order in which one is chosen to tell its rate."""


def units(progress: Mapping[str, Any] | None) -> str:
    """``12 of 40 parts``."""
    return "" if not progress else f"{progress['done']:,} of {progress['total']:,} {progress['unit']}"


def figures(progress: Mapping[str, Any] | None) -> str:
    """The named figures of the moment, and the rate: ``3,201 documents, loss 4.18, 410 documents/s``."""
    if not progress:
        return ""
    said = [_figure(name, value) for name, value in progress["figures"].items()]
    if rate := progress.get("rate"):
        said.append(f"{amount(rate['per_s'])} {rate['of']}/s")
    return ", ".join(said)


def time_left(progress: Mapping[str, Any] | None) -> str:
    """``2 min 05 s left``, where there is an estimate."""
    left = (progress or {}).get("eta_s")
    return f"{duration(left)} left" if left else ""


def duration(seconds: float) -> str:
    """``8 s``, ``3 min 05 s``, ``2 h 07 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def amount(value: float) -> str:
    """A number for people: ``1,234,567,890``, ``4.182``, ``0.0003``; never ``1.23457e+09``."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"


def listed(names: Sequence[str], most: int) -> str:
    """The first of many: ``a, b, c and 12 more``."""
    return ", ".join(names[:most]) + and_more(len(names), most)


def and_more(count: int, shown: int) -> str:
    """`` and 12 more``, where some of so many are not shown."""
    return f" and {count - shown} more" if count > shown else ""


def _figure(name: str, value: float) -> str:
    if name == "bytes":
        return f"{value / 1e6:,.1f} MB"
    if name.endswith("_per_s"):
        return f"{amount(value)} {name.removesuffix('_per_s')}/s"
    return f"{amount(value)} {name}" if isinstance(value, int) else f"{name} {amount(value)}"
