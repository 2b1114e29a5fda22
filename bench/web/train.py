"""Train the model of web pages' main content: `python -m bench.web.train ../shared/web [--manuals FOLDER]`.

The folder is laid out as `score.py` in it says: pages with strings that their content holds or doesn't, or with their
whole content. `--manuals` is a folder of fetched packages (Parquet with `path` and `content`): of their pages all but
links and navigation counts as content. Writes `tasks/ingest/web/decision/weights.npz` and prints figures of pages that
were not trained on, in five parts by site.
"""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench.web import network, trees
from bench.web.pages import WORTH, Page, labelled, manuals
from tasks.ingest.web.decision import decide as decision
from tasks.ingest.web.decision.model import WEIGHTS, Model

PARTS = 5


def main() -> None:
    """Train, write, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--manuals", type=Path)
    parser.add_argument("--draw", type=int, default=0, help="seed by which sites are put into parts")
    options = parser.parse_args()
    sys.path.insert(0, str(options.folder))
    score = importlib.import_module("score")
    pages = [
        labelled(kind, name, content, truth, score) for kind in WORTH for name, content, truth in score.pages(kind)
    ]
    extra = list(manuals(options.manuals)) if options.manuals else []
    _write(_train([*pages, *extra]))
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1000:.0f} kB")
    sites = sorted({page.site for page in pages})
    part = dict(zip(sites, np.random.default_rng(options.draw).permutation(len(sites)) % PARTS, strict=True))
    rows: dict[str, list[tuple[float, ...]]] = {}
    for number in range(PARTS):
        model = _train([page for page in pages if part[page.site] != number] + extra)
        decision.model = lambda model=model: model  # type: ignore[assignment]
        for page in (page for page in pages if part[page.site] == number):
            keep = decision.decide(page.tree, page.blocks).keep
            text = "\n".join(text for text, kept in zip(page.texts, keep, strict=True) if kept)
            rows.setdefault(page.set, []).append(_measured(text, page.truth, score))
    for kind, found in rows.items():
        sums = np.array(found).sum(0)
        strings = kind in ("segments", "chinese")
        precision, recall = (
            (sums[0] / (sums[0] + sums[2]), sums[0] / (sums[0] + sums[1])) if strings else sums / len(found)
        )
        print(f"{kind:9} not trained on: P {precision:.3f}  R {recall:.3f}  F1 {score.f1(precision, recall):.3f}")


def _train(pages: list[Page]) -> Model:
    return Model(trees.train(pages), network.train(pages))


def _write(model: Model) -> None:
    networks = {name: array.astype(np.float16) for name, array in model.network._asdict().items()}
    np.savez_compressed(WEIGHTS, **model.trees._asdict(), **networks)


def _measured(text: str, truth: Any, score: Any) -> tuple[float, ...]:
    if isinstance(truth, dict):
        flat = score.FLAT.sub("", text)
        right = sum(score.FLAT.sub("", string) in flat for string in truth["with"])
        return right, len(truth["with"]) - right, sum(score.FLAT.sub("", string) in flat for string in truth["without"])
    return tuple(score.overlap(text, truth))


if __name__ == "__main__":
    main()
