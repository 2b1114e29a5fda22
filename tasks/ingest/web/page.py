"""A web page from its bytes to its text, its kind and what it says of itself, with the decision on every block."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from tasks.ingest.encodings.encoding import decode
from tasks.ingest.web.blocks.blocks import Blocks, blocks_of
from tasks.ingest.web.decision.decide import Decision, all_of, decide
from tasks.ingest.web.decision.reasons import REASONS
from tasks.ingest.web.formulas.mathematics import replaced_of
from tasks.ingest.web.metadata import Metadata, metadata_of
from tasks.ingest.web.tree.tree import Tree, parse
from tasks.ingest.web.writing.replaced import NOTHING_REPLACED
from tasks.ingest.web.writing.write import write


class Passage(NamedTuple):
    """A block of a page as its reader sees it, and what was decided on it."""

    text: str
    kept: bool
    reason: str
    score: float


@dataclass(frozen=True)
class Page:
    """What is read of a page.

    Attributes:
        text: the main content (or all); empty where the page has no text.
        kind: what kind of page it is, see ``reasons.KINDS``; empty where all of its text was asked for.
        extraction: which way was taken: the decision, the densest region, or all text.
        metadata: what the page says of itself.
        repaired: what was in decoding it; see ``encoding.Decoded``.
    """

    text: str
    kind: str
    extraction: Literal["main", "fallback", "all"]
    metadata: Metadata
    repaired: int
    tree: Tree
    blocks: Blocks
    decision: Decision

    def passages(self) -> Iterator[Passage]:
        """The page's blocks in their order, kept and dropped."""
        one = np.zeros(len(self.blocks.first), np.bool_)
        for block in range(len(one)):
            one[block] = True
            text = write(self.tree, self.blocks, one, NOTHING_REPLACED, markdown=False, references=True)
            one[block] = False
            yield Passage(
                text,
                bool(self.decision.keep[block]),
                REASONS[self.decision.reason[block]],
                float(self.decision.score[block]),
            )


def read(
    content: bytes,
    *,
    charset: str = "",
    robots: str = "",
    everything: bool = False,
    markdown: bool = True,
    alt: bool = False,
    references: bool = False,
) -> Page:
    """Read a page.

    Args:
        charset, robots: what the server said of its encoding and of what robots may do.
        everything: with all its text rather than the main content.
        markdown, alt, references: see ``write``.

    Raises:
        UnreadableError: when the bytes are no text.
    """
    decoded = decode(content, declared=(charset,), html=True)
    tree = parse(decoded.utf8())
    replaced = replaced_of(tree)
    blocks = blocks_of(tree, replaced)
    metadata = metadata_of(tree, robots)
    decision = all_of(blocks) if everything else decide(tree, blocks, metadata.canonical or "")
    text = write(tree, blocks, decision.keep, replaced, markdown=markdown, alt=alt, references=references)
    return Page(text, decision.kind, decision.extraction, metadata, decoded.repaired, tree, blocks, decision)
