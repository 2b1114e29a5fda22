"""Accelerators by name: how much they hold and how fast they multiply, as their makers publish it."""

from dataclasses import dataclass
from typing import Literal

CardName = Literal[
    "a10-24gb",
    "l4-24gb",
    "l40s-48gb",
    "rtx4090-24gb",
    "a100-40gb",
    "a100-80gb",
    "h20-96gb",
    "h100-80gb",
    "h100-pcie-80gb",
    "h100-nvl-94gb",
    "gh200-96gb",
    "h200-141gb",
    "h200-nvl-141gb",
    "b200-180gb",
    "gb200-186gb",
]


@dataclass(frozen=True)
class Card:
    """An accelerator.

    Attributes:
        memory_gb: memory in GiB.
        tflops: dense bf16 matrix multiplication, in TFLOP/s (without sparsity).
        matches: words of the name that its driver reports.
        fp8: whether it multiplies in FP8.
    """

    memory_gb: float
    tflops: float
    matches: str
    fp8: bool = True


CARDS: dict[CardName, Card] = {
    "a10-24gb": Card(22.5, 125, "A10", fp8=False),
    "l4-24gb": Card(22.5, 121, "L4"),
    "l40s-48gb": Card(45, 362, "L40S"),
    "rtx4090-24gb": Card(24, 165, "RTX 4090"),
    "a100-40gb": Card(40, 312, "A100", fp8=False),
    "a100-80gb": Card(80, 312, "A100", fp8=False),
    "h20-96gb": Card(96, 148, "H20"),
    "h100-80gb": Card(80, 989, "H100"),
    "h100-pcie-80gb": Card(80, 756, "H100 PCIe"),
    "h100-nvl-94gb": Card(94, 835, "H100 NVL"),
    "gh200-96gb": Card(96, 989, "GH200"),
    "h200-141gb": Card(141, 989, "H200"),
    "h200-nvl-141gb": Card(141, 835, "H200 NVL"),
    "b200-180gb": Card(180, 2250, "B200"),
    "gb200-186gb": Card(186, 2500, "GB200"),
}


def peak_tflops(device_name: str) -> float | None:
    """Dense bf16 TFLOP/s of the card that a driver calls ``device_name``; None where it isn't known.

    All words of a card's name must be among the device's; of several such cards the one with the most is meant.
    """
    words = set(device_name.replace("-", " ").split())
    found = [card for card in CARDS.values() if words.issuperset(card.matches.split())]
    return max(found, key=lambda card: len(card.matches.split())).tflops if found else None
