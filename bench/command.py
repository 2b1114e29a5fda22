"""What all benches share: the arguments, the table of ratios, the JSON file, and how time is taken."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def best_of(times: int, run: Callable[[], Any]) -> tuple[Any, float]:
    """What ``run`` returns, and its shortest time in seconds of the processor, so that neighbours don't count."""
    best, value = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        value = run()
        best = min(best, time.process_time() - start)
    return value, best


def command(
    about: str | None,
    measure: Callable[[float], dict[str, Any]],
    table: Callable[[dict[str, Any]], list[str]],
    *,
    megabytes: float,
) -> None:
    """Parse the arguments, measure, print, and write the JSON file where one is asked for.

    Args:
        about: the bench's docstring, shown by ``--help``.
        measure: given megabytes of text, returns ``ratios`` and ``figures``.
        table: lines to print of the figures; the ratios follow by themselves.
        megabytes: text in all (or of each language, as the bench says) where nothing else is asked.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--megabytes", type=float, default=megabytes, help="text to measure on")
    given = parser.parse_args()
    result = measure(given.megabytes)
    for line in table(result["figures"]):
        print(line)
    for name, ratio in result["ratios"].items():
        print(f"{name:40} {ratio:9.2f}")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1))
