"""Training of the networks over a page's blocks: what is kept of it says in the kernel what it said in torch."""

import numpy as np

from bench.web import network
from bench.web.pages import Page
from tasks.ingest.web.blocks.blocks import blocks_of
from tasks.ingest.web.decision.features import features
from tasks.ingest.web.decision.network import log_odds
from tasks.ingest.web.tree.tree import parse

LINE = "<p>Ferries from the islands turned back, and two of the older piers broke in the night.</p>"


def page(number: int) -> Page:
    menu = "".join(f"<li><a href=/{place}>Page {place}</a>" for place in range(number + 2))
    tree = parse(f"<nav><ul>{menu}</ul></nav><main><h1>Storm {number}</h1>{LINE * (number % 3 + 1)}</main>".encode())
    blocks = blocks_of(tree)
    seen = features(tree, blocks)
    labels = np.where(blocks.link_characters > 0, 0.0, 1.0)
    labels[-1] = np.nan
    weights = np.ones(len(labels))
    return Page("own", str(number), str(number), "", tree, blocks, seen, [""] * len(labels), labels, weights)


def test_what_is_kept_of_training_tells_content_from_menus_in_the_kernel(monkeypatch):
    monkeypatch.setattr(network, "EPOCHS", 20)
    pages = [page(number) for number in range(12)]
    made = network.train(pages)
    again = network.train(pages)
    assert all(np.array_equal(one, other) for one, other in zip(made, again, strict=True))
    for each in (page(13), page(20)):
        odds = log_odds(each.tree, each.blocks, each.seen, made)
        assert ((odds > 0) == (each.blocks.link_characters == 0)).all()
