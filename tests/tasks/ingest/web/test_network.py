"""The networks over a page's blocks: what their kernel says is what the layers say, written out."""

import numpy as np
import pytest

from tasks.ingest.web.blocks.blocks import blocks_of
from tasks.ingest.web.decision import trees
from tasks.ingest.web.decision.features import features
from tasks.ingest.web.decision.model import likelihood, model
from tasks.ingest.web.decision.network import LEVELS, MOST, Network, log_odds, ranges, scaled, weights_of
from tasks.ingest.web.tree.tree import parse

SECTION = (
    "<section class=part><h2>A part</h2><p>Ferries from the islands turned back, and piers broke.</p>"
    "<ul><li>One <a href=/one>link</a><li>Two</ul></section>"
)


def looked_at(source):
    tree = parse(source.encode())
    blocks = blocks_of(tree)
    return tree, blocks, features(tree, blocks)


def written_out(tree, blocks, seen, network: Network):
    """The same layers, block by block."""
    rows = (logarithms(seen.rows[:, 1:]) - network.middle) / network.spread
    rows = np.clip(rows, -MOST, MOST).astype(np.float64)
    weight = weights_of(blocks.characters)
    begins, ends = ranges(tree.stop, blocks.first, blocks.element, seen.wider)
    odds = []
    for tag, alone, around, bias, out in zip(*network[2:], strict=True):
        first = np.maximum(0, rows @ alone + tag[tree.tag[blocks.element]])
        nothing = np.zeros((1, first.shape[1]))
        kinds = [np.average(first[same], 0, weight[same]) for same in (seen.groups == group for group in seen.groups)]
        levels = [
            [
                np.average(first[begin:end], 0, weight[begin:end])
                for begin, end in zip(begins[:, level], ends[:, level], strict=True)
            ]
            for level in range(LEVELS)
        ]
        parts = [first, np.vstack([nothing, first[:-1]]), np.vstack([first[1:], nothing]), kinds, *levels]
        second = np.maximum(0, np.hstack(parts) @ around + bias)
        odds.append(np.hstack([first, second]) @ out[:-1] + out[-1])
    return np.mean(odds, 0)


def logarithms(values):
    """log2(1 + value), with straight lines between powers of two."""
    size = 1 + np.abs(values.astype(np.float64))
    power = np.floor(np.log2(size))
    return np.sign(values) * (power + size / 2**power - 1)


@pytest.mark.parametrize("sections", [1, 15, 16, 40])
def test_the_kernel_says_what_the_layers_say(sections):
    page = looked_at(f"<main><h1>Parts</h1>{SECTION * sections}</main><footer><p>All rights reserved</footer>")
    network = model().network
    assert np.allclose(log_odds(*page, network), written_out(*page, network), rtol=1e-4, atol=1e-4)


def test_columns_are_cut_far_from_their_middle():
    rows = np.array([[0, 1, 3, -7, 2.5, 1e30, -1e30]], np.float32)
    nothing, one = np.zeros(7, np.float32), np.ones(7, np.float32)
    assert scaled(rows, nothing, one, MOST).tolist() == [[0, 1, 2, -3, 1.75, MOST, -MOST]]


def test_levels_are_ever_larger_elements_around_a_block():
    tree, blocks, seen = looked_at(f"<main><h1>Parts</h1>{SECTION * 2}</main>")
    begins, ends = ranges(tree.stop, blocks.first, blocks.element, seen.wider)
    assert [(begin, end) for begin, end in zip(begins[3], ends[3], strict=True)] == [(3, 5), (1, 5), (0, 9)]
    assert [(begin, end) for begin, end in zip(begins[0], ends[0], strict=True)] == [(0, 9)] * 3


def test_a_block_is_judged_by_what_stands_around_it():
    line = "<p>Ferries from the islands turned back, and two of the older piers broke in the night.</p>"
    alone = likelihood(*looked_at(line), model())
    among = likelihood(*looked_at(line + "<ul>" + "<li><a href=/x>More</a></li>" * 9 + "</ul>"), model())
    assert alone[0] != among[0]
    assert ((among > 0) & (among < 1)).all()


@pytest.mark.parametrize(("filling", "asked"), [("", False), ("<!-- " + "x" * 40 + " -->", True)])
def test_of_a_heap_of_tiny_blocks_the_trees_alone_are_asked(filling, asked):
    page = looked_at(f"<p>a{filling}" * 5001)
    by_trees = 1 / (1 + np.exp(-trees.log_odds(page[2].rows, model().trees)))
    assert np.array_equal(likelihood(*page, model()), by_trees) != asked
