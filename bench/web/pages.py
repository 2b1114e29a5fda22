"""Pages that the model of main content is trained on and measured with: their blocks, and labels of these."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from bench.web.labels import of_strings, of_text
from tasks.ingest.encodings.encoding import decode
from tasks.ingest.web.blocks.blocks import Blocks, blocks_of
from tasks.ingest.web.decision.features import NAMES, Seen, features
from tasks.ingest.web.formulas.mathematics import replaced_of
from tasks.ingest.web.tree.tree import Tree, parse, tags

_MANUALS = 120
"""Pages of manuals that are trained on."""
_SITE = re.compile(
    rb"""<(?:link[^>]+canonical[^>]+href|meta[^>]+og:url[^>]+content)=["']?https?://(?:www\.)?([^/"'\s>]+)""", re.I
)
WORTH = {"segments": 1.0, "chinese": 1.5, "articles": 10.0, "reader": 10.0}
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


def labelled(kind: str, name: str, content: bytes, truth: Any, score: Any) -> Page:
    """A page of a set, as its truth says what is content."""
    tree, blocks, texts = _page(content)
    if isinstance(truth, dict):
        flat = [score.FLAT.sub("", text) for text in texts]
        wanted, unwanted = ([score.FLAT.sub("", string) for string in truth[key]] for key in ("with", "without"))
        labels, weights = of_strings(flat, wanted, unwanted)
        weights = np.minimum(weights, 3) * WORTH[kind]
    else:
        labels, weights = of_text([score.WORD.findall(text) for text in texts], score.WORD.findall(truth))
        weights = np.minimum(weights, 0.3) * WORTH[kind] + 0.02
    found = _SITE.search(content[:200000])
    site = found[1].decode("latin1").lower() if found else name
    return Page(kind, name, site, truth, tree, blocks, features(tree, blocks), texts, labels, weights)


def manuals(folder: Path) -> Iterator[Page]:
    """Pages of manuals, of which all but links and navigation counts as content."""
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
