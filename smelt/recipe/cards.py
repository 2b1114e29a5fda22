"""Accelerators by name: how much they hold and how fast they multiply, as their makers publish it."""

from dataclasses import dataclass
from typing import Literal

CardName = Literal["l4-24gb", "rtx4090-24gb", "a100-40gb", "a100-80gb", "h100-80gb", "h200-141gb", "b200-180gb"]


@dataclass(frozen=True)
class Card:
    """An accelerator.

    Attributes:
        memory_gb: memory in GiB.
        tflops: dense bf16 matrix multiplication, in TFLOP/s (without sparsity).
        matches: a part of the name that its driver reports.
        fp8: whether it multiplies in FP8.
    """

    memory_gb: float
    tflops: float
    matches: str
    fp8: bool = True


CARDS: dict[CardName, Card] = {
    "l4-24gb": Card(22.5, 121, "L4"),
    "rtx4090-24gb": Card(24, 165, "RTX 4090"),
    "a100-40gb": Card(40, 312, "A100", fp8=False),
    "a100-80gb": Card(80, 312, "A100", fp8=False),
    "h100-80gb": Card(80, 989, "H100"),
    "h200-141gb": Card(141, 989, "H200"),
    "b200-180gb": Card(180, 2250, "B200"),
}


def peak_tflops(device_name: str) -> float | None:
    """Dense bf16 TFLOP/s of the card that a driver calls ``device_name``; None where it isn't known."""
    words = device_name.replace("-", " ")
    found = [card.tflops for card in CARDS.values() if f" {card.matches}" in f" {words}"]
    return found[0] if found else None
