"""What was expected of the run, beside what came of it."""

from collections.abc import Mapping
from typing import Any


def rows(prediction: Mapping[str, Any], evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each figure that was predicted and measured: losses in bits per byte, then scores.

    Returns:
        ``name``, ``expected``, ``low``, ``high``, ``measured``, ``off`` (measured over expected, less 1) and
        ``inside``, whether it lies in the interval.
    """
    heldout = evaluation["heldout"]
    measured = {"all": heldout["bits_per_byte"]}
    measured |= {label: own["bits_per_byte"] for label, own in heldout["by_label"].items()}
    scores = {
        f"{name}:{form}": score["accuracy"]
        for name, forms in evaluation["benchmarks"].items()
        for form, score in forms.items()
    }
    return [
        {
            "name": name,
            **one,
            "measured": found[name],
            "off": found[name] / one["expected"] - 1,
            "inside": one["low"] <= found[name] <= one["high"],
        }
        for predicted, found in ((prediction["loss"], measured), (prediction["scores"], scores))
        for name, one in predicted.items()
        if name in found
    ]
