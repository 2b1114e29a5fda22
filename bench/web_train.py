"""Train the model of web pages' main content: `python -m bench.web_train ../shared/web [--manuals FOLDER]`.

The folder is laid out as `score.py` in it says: pages with strings that their content holds or doesn't, or with their
whole content. `--manuals` is a folder of fetched packages (Parquet with `path` and `content`): of their pages all but
links and navigation counts as content. Writes `tasks/ingest/web/decision/weights.npz` and prints figures of pages that
were not trained on, in five parts by site.
"""

import argparse
import html
import importlib
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import pyarrow.parquet as pq

from bench.web_labels import of_strings, of_text
from tasks.ingest.encodings.encoding import decode
from tasks.ingest.web.blocks.blocks import Blocks, blocks_of
from tasks.ingest.web.decision import decide as decision
from tasks.ingest.web.decision.features import NAMES, Seen, features
from tasks.ingest.web.decision.model import WEIGHTS, Trees, likelihood
from tasks.ingest.web.formulas.mathematics import replaced_of
from tasks.ingest.web.tree.tree import Tree, parse, tags

PARTS = 5
ROUNDS = 200
PARAMETERS = {
    "objective": "cross_entropy", "learning_rate": 0.1, "extra_trees": True, "num_leaves": 12,
    "min_sum_hessian_in_leaf": 3, "feature_fraction": 0.25, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 8,
    "max_bin": 63, "num_threads": 1, "seed": 1, "deterministic": True, "verbose": -1,
}  # fmt: skip
_MANUALS = 120
"""Pages of manuals that are trained on."""
_SITE = re.compile(
    rb"""<(?:link[^>]+canonical[^>]+href|meta[^>]+og:url[^>]+content)=["']?https?://(?:www\.)?([^/"'\s>]+)""", re.I
)
_WORTH = {"segments": 1.0, "chinese": 1.5, "articles": 10.0, "reader": 10.0}
"""What a string, or a page's whole text, is worth."""


class Page(NamedTuple):
    """A page with labels."""

    set: str
    name: str
    site: str
    truth: Any
    tree: Tree
    blocks: Blocks
    seen: Seen
    texts: list[str]
    labels: np.ndarray
    weights: np.ndarray


def main() -> None:
    """Train, write, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--manuals", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str(options.folder))
    score = importlib.import_module("score")
    pages = [
        _labelled(kind, name, content, truth, score) for kind in _WORTH for name, content, truth in score.pages(kind)
    ]
    manuals = list(_manuals(options.manuals)) if options.manuals else []
    np.savez_compressed(WEIGHTS, **_train([*pages, *manuals])._asdict())
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1000:.0f} kB")
    sites = sorted({page.site for page in pages})
    part = dict(zip(sites, np.random.default_rng(0).permutation(len(sites)) % PARTS, strict=True))
    rows: dict[str, list[tuple[float, ...]]] = {}
    for number in range(PARTS):
        trees = _train([page for page in pages if part[page.site] != number] + manuals)
        decision.trees = lambda trees=trees: trees  # type: ignore[assignment]
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


def _page(content: bytes) -> tuple[Tree, Blocks, list[str]]:
    tree = parse(decode(content, html=True).utf8())
    blocks = blocks_of(tree, replaced_of(tree))
    source, texts = tree.source.tobytes(), []
    for first, stop in zip(blocks.first.tolist(), blocks.stop.tolist(), strict=True):
        pieces, node = [], first
        while node < stop:
            if tags.INVISIBLE[tree.tag[node]]:
                node = int(tree.stop[node])
                continue
            if tree.tag[node] == tags.TEXT:
                pieces.append(source[tree.start[node] : tree.end[node]])
            node += 1
        texts.append(html.unescape(b"".join(pieces).decode("utf-8", "replace")))
    return tree, blocks, texts


def _labelled(kind: str, name: str, content: bytes, truth: Any, score: Any) -> Page:
    tree, blocks, texts = _page(content)
    if isinstance(truth, dict):
        flat = [score.FLAT.sub("", text) for text in texts]
        wanted, unwanted = ([score.FLAT.sub("", string) for string in truth[key]] for key in ("with", "without"))
        labels, weights = of_strings(flat, wanted, unwanted)
        weights = np.minimum(weights, 3) * _WORTH[kind]
    else:
        labels, weights = of_text([score.WORD.findall(text) for text in texts], score.WORD.findall(truth))
        weights = np.minimum(weights, 0.3) * _WORTH[kind] + 0.02
    found = _SITE.search(content[:200000])
    site = found[1].decode("latin1").lower() if found else name
    return Page(kind, name, site, truth, tree, blocks, features(tree, blocks), texts, labels, weights)


def _manuals(folder: Path) -> Any:
    paths = [
        (file, path)
        for file in sorted(folder.glob("*.parquet"))
        for path in pq.read_table(file, columns=["path"])["path"].to_pylist()
        if path.endswith((".html", ".htm"))
    ]
    chosen = set(paths[:: max(1, len(paths) // _MANUALS)])
    away = [NAMES.index(f"inside_{name}") for name in ("nav", "footer", "header", "aside")]
    away += [NAMES.index(f"class_{name}") for name in ("nav", "footer", "header", "side", "pager")]
    for file in sorted({file for file, _ in chosen}):
        table = pq.read_table(file, columns=["path", "content"])
        for path, content in zip(table["path"].to_pylist(), table["content"].to_pylist(), strict=True):
            if (file, path) not in chosen or len(content) > 1 << 20:
                continue
            tree, blocks, texts = _page(content)
            seen = features(tree, blocks)
            links = seen.rows[:, NAMES.index("link_share")] > 0.5
            navigation = (seen.rows[:, away] <= 6).any(1)
            labels = np.where(navigation, np.where(links, 0.0, np.nan), np.where(links, np.nan, 1.0))
            weights = np.full(len(texts), min(0.1, 4 / max(1, len(texts))))
            yield Page("manuals", path, path, None, tree, blocks, seen, texts, labels, weights)


def _train(pages: list[Page]) -> Trees:
    use = [~np.isnan(page.labels) & (page.weights > 0) for page in pages]
    rows = np.concatenate([page.seen.rows[used] for page, used in zip(pages, use, strict=True)])
    labels = np.concatenate([page.labels[used] for page, used in zip(pages, use, strict=True)])
    weights = np.concatenate([page.weights[used] for page, used in zip(pages, use, strict=True)])
    data = lightgbm.Dataset(rows, labels, weight=weights)
    model = lightgbm.train(PARAMETERS, data, ROUNDS)
    trees = _flat(model.dump_model())
    ours = likelihood(rows[:1000], *trees)
    theirs = model.predict(rows[:1000])
    if np.abs(ours - theirs).max() > 1e-3:
        raise SystemExit("the trees as written say something else than as trained")
    return trees


def _flat(model: dict[str, Any]) -> Trees:
    roots: list[int] = []
    feature: list[int] = []
    border: list[float] = []
    left: list[int] = []

    def grow(count: int) -> int:
        place = len(feature)
        feature.extend([-1] * count)
        border.extend([0.0] * count)
        left.extend([0] * count)
        return place

    def add(node: dict[str, Any], place: int) -> None:
        if "leaf_value" in node:
            border[place] = node["leaf_value"]
            return
        feature[place], border[place], left[place] = node["split_feature"], node["threshold"], grow(2)
        add(node["left_child"], left[place])
        add(node["right_child"], left[place] + 1)

    for tree in model["tree_info"]:
        roots.append(grow(1))
        add(tree["tree_structure"], roots[-1])
    return Trees(
        np.array(roots, np.int32), np.array(feature, np.int16), np.array(border, np.float32), np.array(left, np.int32)
    )


def _measured(text: str, truth: Any, score: Any) -> tuple[float, ...]:
    if isinstance(truth, dict):
        flat = score.FLAT.sub("", text)
        right = sum(score.FLAT.sub("", string) in flat for string in truth["with"])
        return right, len(truth["with"]) - right, sum(score.FLAT.sub("", string) in flat for string in truth["without"])
    return tuple(score.overlap(text, truth))


if __name__ == "__main__":
    main()
