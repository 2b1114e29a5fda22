"""Words found in start tags, wherever they lie in what is looked at together; trees evaluated for many rows at once."""

import numpy as np
import pytest

from tasks.ingest.web.decision.model import model
from tasks.ingest.web.decision.trees import log_odds
from tasks.ingest.web.tree.search import tags_with, words_in, words_of
from tasks.ingest.web.tree.tree import parse, tags

WORDS = words_of({"canonical": "", "math": "", "tex": "t"})


@pytest.mark.parametrize("before", [0, 505, 508, 509, 511, 512, 1019])
def test_a_word_is_found_across_what_is_looked_at_together(before):
    tree = parse(
        b"x" * before + b"<i>math canonical</i><a rel=CANONICAL><b class=mat><math><img class=text><img alt=TeX>"
    )
    found = tags_with(tree.source, tree.tag, tree.start, tree.end, WORDS)
    assert [tags.NAMES[tree.tag[node]] for node in found] == ["a", "math", "img"]
    assert tree.source[tree.start[found[-1]] :][:13].tobytes() == b"<img alt=TeX>"


@pytest.mark.parametrize("before", [0, 507, 509, 511])
def test_words_in_bytes_end_with_them(before):
    assert words_in(np.frombuffer(b"-" * before + b"tex", np.uint8), WORDS).tolist() == [False, False, True]
    assert words_in(np.frombuffer(b"-" * before + b"mat", np.uint8), WORDS).tolist() == [False, False, False]
    assert words_in(np.frombuffer(b"-" * before + b"text Math", np.uint8), WORDS).tolist() == [False, True, False]


@pytest.mark.parametrize("count", [1, 63, 65, 130])
def test_trees_evaluated_together_say_what_a_way_down_each_says(count):
    trees = model().trees
    rows = np.random.default_rng(count).normal(size=(count, int(trees.feature.max()) + 1)).astype(np.float32) * 5

    def walked(row):
        total = np.float32(0)
        for node in trees.roots:
            while trees.feature[node] >= 0:
                node = trees.left[node] + (row[trees.feature[node]] > trees.border[node])
            total += trees.border[node]
        return total

    assert np.allclose(log_odds(rows, trees), [walked(row) for row in rows], rtol=1e-4, atol=1e-4)
