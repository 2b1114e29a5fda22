"""What an evaluation says of the checkpoints of the run that is made by hand in ``artifacts``."""

import json
import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

SAMPLES = [
    {
        "prompt": "今天的天气",
        "text": "预报功能可以在文档中插入当前日期，选择“格式 - 单元格”打开对话框。<script>alert(1)</script>",
    },
    {
        "prompt": "The quick brown fox",
        "text": " function returns the number of rows in the range.\n\nSyntax\n\nROWS(Array)",
    },
    {
        "prompt": "def main():\n",
        "text": "    parser = argparse.ArgumentParser()\n    parser.add_argument('--all')\n    return 0\n",
    },
]
MEMORY = {"memory": 0.31, "low": 0.12, "high": 0.5, "accuracy": 0.25, "bits_per_byte": 2.875}


def evaluations(
    steps: int, tokens_per_step: int, labels: Iterable[str], loss: Callable[..., float]
) -> dict[str, tuple]:
    """Parts of an evaluation that gathers a checkpoint each 60 steps.

    Args:
        loss: by step and label; that of all where there is no label.
    """
    found, labels = {}, list(labels)
    for end in range(60, steps + 1, 60):
        progress = 1 - math.exp(-end / 100)
        value = {
            "checkpoint": f"step-{end:07d}",
            "step": end,
            "tokens": end * tokens_per_step,
            "phase": "main" if end <= 180 else "anneal",
            "sequence_length": 256,
            "window": "disjoint",
            "document_mask": True,
            "heldout": _heldout(labels, partial(loss, end)),
            "texts": {"general": _figures(2.6 - progress / 4) | {"bytes_per_token": 3.873}},
            "unigram": _heldout(labels, lambda label: 8.1 if label.startswith("zh") else 7.6),
            "probes": {"documents": _probes(end)},
            "benchmarks": {
                "questions": {
                    form: {
                        "items": 20,
                        "accuracy": right / 20,
                        "low": 0.05,
                        "high": 0.4,
                        "chance": chance,
                        "bits_per_byte": 3 - progress,
                        "bits_low": 2.9 - progress,
                        "bits_high": 3.1 - progress,
                        "right": "1" * right + "0" * (20 - right),
                        "gold_bits": " ".join(f"{(3 - progress) * 4 + place / 100:.4f}" for place in range(20)),
                        "gold_bytes": " ".join(["4"] * 20),
                        **({"unseen": MEMORY} if "unseen" in form else {}),
                    }
                    for form, right, chance in (
                        ("generate", 2, 0.0),
                        ("completion", 4 + end // 15, 0.25),
                        ("unseen+letters", 6, 0.25),
                    )
                }
            },
            "samples": SAMPLES,
        }
        found[f"step-{end:07d}"] = ({"/evaluation.json": json.dumps(value).encode()}, 1, {"tokens": 71_000})
    return found


def _probes(step: int) -> list[dict[str, Any]]:
    """One that rises, one that falls at the end, and a preference that turns there."""
    late = step > 200

    def named(words: str, kind: str, **figures: Any) -> dict[str, Any]:
        return {"words": words, "kind": kind, "group": "facts", "tags": ["zh"], "note": "in the help", **figures}

    return [
        named("软件 → 包", "prob", prob=step / 300, rank=240 // step, perplexity=300 / step),
        named("raise  → ValueError", "rank", prob=0.1 if late else 0.4, rank=9 if late else 2, perplexity=4.0),
        named("双击单元格。 > 双击文件系统。", "prefer", perplexities=[20.0, 30.0], margin=-0.1 if late else 0.4),
    ]


def _heldout(names: list[str], loss_of: Callable[[str], float]) -> dict[str, Any]:
    labels = {label: _figures(loss_of(label)) | _documentwise(label, loss_of(label)) for label in names}
    langs = {lang: next(v for k, v in labels.items() if k.startswith(lang)) for lang in ("zh", "en", "code")}
    mean = sum(item["loss"] for item in labels.values()) / len(labels)
    positions = [{"up_to": 2**power, "tokens": 2**power, "loss": round(mean - power / 10, 4)} for power in range(9)]
    return {**_figures(mean), "by_lang": langs, "by_label": labels, "by_position": positions}


def _documentwise(label: str, loss: float) -> dict[str, str]:
    sizes = range(3000, 4400, 100)
    return {
        "document_ids": " ".join(f"{label}-{size}" for size in sizes),
        "document_bits": " ".join(f"{loss * size / 2:.2f}" for size in sizes),
        "document_bytes": " ".join(map(str, sizes)),
    }


def _figures(loss: float) -> dict[str, Any]:
    return {
        "tokens": 14_200,
        "bytes": 55_000,
        "documents": 14,
        "loss": round(loss, 4),
        "perplexity": round(math.exp(loss), 2),
        "bits_per_byte": round(loss / math.log(2) * 14_200 / 55_000, 4),
        "bits_low": round(0.9 * loss / math.log(2) * 14_200 / 55_000, 4),
        "bits_high": round(1.1 * loss / math.log(2) * 14_200 / 55_000, 4),
    }
