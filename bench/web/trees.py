"""Training of the trees that look at a page's blocks, by LightGBM."""

from typing import Any

import lightgbm
import numpy as np

from bench.web.pages import Page
from tasks.ingest.web.decision.trees import Trees, log_odds

ROUNDS = 200
PARAMETERS = {
    "objective": "cross_entropy", "learning_rate": 0.1, "extra_trees": True, "num_leaves": 12,
    "min_sum_hessian_in_leaf": 3, "feature_fraction": 0.25, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 8,
    "max_bin": 63, "num_threads": 1, "seed": 1, "deterministic": True, "verbose": -1,
}  # fmt: skip


def train(pages: list[Page]) -> Trees:
    """Train them on all blocks of which something is known."""
    use = [~np.isnan(page.labels) & (page.weights > 0) for page in pages]
    rows = np.concatenate([page.seen.rows[used] for page, used in zip(pages, use, strict=True)])
    labels = np.concatenate([page.labels[used] for page, used in zip(pages, use, strict=True)])
    weights = np.concatenate([page.weights[used] for page, used in zip(pages, use, strict=True)])
    data = lightgbm.Dataset(rows, labels, weight=weights)
    model = lightgbm.train(PARAMETERS, data, ROUNDS)
    trees = _flat(model.dump_model())
    ours = log_odds(rows[:1000], trees)
    theirs = model.predict(rows[:1000], raw_score=True)
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
