"""What all benches share: the arguments, the table of ratios, the files for the figures, and how time is taken.

``docs/figures.json`` holds what each bench has last written with ``--record``: its ratios and figures, and the commit,
machine and date they are from. Nothing else writes it, and a test holds the figures in the documents to it.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smelt.checkout import CHECKOUT

RECORDS = CHECKOUT / "docs" / "figures.json"


def best_of(times: int, run: Callable[[], Any]) -> tuple[Any, float]:
    """What ``run`` returns, and its shortest time in seconds of the processor, so that neighbours don't count."""
    best, value = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        value = run()
        best = min(best, time.process_time() - start)
    return value, best


def arguments_of(about: str | None) -> argparse.ArgumentParser:
    """A parser with what every bench takes: where its figures go."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--record", action="store_true", help="keep the figures in docs/figures.json")
    return parser


def publish(result: dict[str, Any], given: argparse.Namespace) -> None:
    """Print the ratios, and write the result where ``arguments_of``'s parser was told to.

    Args:
        result: ``ratios`` (a figure by name) and ``figures`` (of any depth).
    """
    for name, ratio in result["ratios"].items():
        print(f"{name:40} {ratio:9.2f}")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1))
    if given.record:
        record(Path(sys.argv[0]).stem, result)


def record(bench: str, result: dict[str, Any]) -> None:
    """Put a bench's result into ``docs/figures.json``, with the commit, machine and date it is from.

    Args:
        bench: its name; what it wrote before is replaced.
        result: ``ratios`` and ``figures``.
    """
    known = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    known[bench] = {"commit": _commit(), "machine": _machine(), "date": f"{datetime.now(UTC):%Y-%m-%d}", **result}
    RECORDS.write_text(json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n")


def _commit() -> str:
    """The commit that is measured, marked where the code differs from it."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "*.py", "constraints.txt", "recipes")
    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def _machine() -> str:
    """The processor's name and how many cores of it there are."""
    about = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in about.read_text().splitlines() if line.startswith("model name")]
    return f"{next(iter(names), platform.machine())}, {os.cpu_count()} cores"


def command(
    about: str | None,
    measure: Callable[[float], dict[str, Any]],
    table: Callable[[dict[str, Any]], list[str]],
    *,
    megabytes: float,
) -> None:
    """Parse the arguments, measure, print, and write the figures where that is asked for.

    Args:
        about: the bench's docstring, shown by ``--help``.
        measure: given megabytes of text, returns ``ratios`` and ``figures``.
        table: lines to print of the figures; the ratios follow by themselves.
        megabytes: text in all (or of each language, as the bench says) where nothing else is asked.
    """
    parser = arguments_of(about)
    parser.add_argument("--megabytes", type=float, default=megabytes, help="text to measure on")
    given = parser.parse_args()
    result = measure(given.megabytes)
    for line in table(result["figures"]):
        print(line)
    publish(result, given)
