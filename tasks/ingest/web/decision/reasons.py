"""Words for people: why a block was kept or dropped, and what kind of page it is from."""

from typing import Literal

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.decision.features import NAMES, Seen
from tasks.ingest.web.tree.search import words_in, words_of
from tasks.ingest.web.tree.tree import Tree, tags

REASONS = (
    "content", "goes with its neighbours", "little else on the page", "navigation", "breadcrumb", "footer", "header",
    "aside", "comment", "related pages", "sharing", "subscription or sign-in", "advertisement", "notice", "tags",
    "author or date", "caption", "form or button", "link list", "edit or report link", "too short and apart",
    "apart from the content", "table of contents", "all text is kept",
)  # fmt: skip
"""Why a block was kept (the first three and the last) or dropped."""
KINDS = ("article", "documentation", "forum", "question", "wiki", "readme", "product", "list", "other")
"""Kinds of pages."""
_COLUMN = {name: place for place, name in enumerate(NAMES)}
_FOOT = 6
"""Levels below a footer in which a line on rights is part of it."""
_HEAD = 1 << 16
"""Bytes of a page that tell what made it."""
_GENERATORS = ("sphinx", "docutils", "doxygen", "docbook", "texinfo", "docusaurus", "mkdocs", "javadoc")
_IN_HEAD = words_of(dict.fromkeys(("mediawiki", "readme", "github", "qapage", *_GENERATORS), ""))
# In this order: a column, up to what value, and the reason.
_TELLING = (
    ("inside_nav", 12, "navigation"), ("class_pager", 4, "navigation"), ("class_breadcrumb", 3, "breadcrumb"),
    ("inside_footer", 8, "footer"), ("class_footer", 6, "footer"), ("class_comment", 6, "comment"),
    ("class_share", 3, "sharing"), ("class_related", 5, "related pages"), ("class_popular", 4, "related pages"),
    ("class_ad", 3, "advertisement"), ("class_form", 4, "subscription or sign-in"),
    ("inside_form", 6, "form or button"),
    ("inside_button", 2, "form or button"), ("class_notice", 4, "notice"), ("class_nav", 5, "navigation"),
    ("class_tag", 2, "tags"), ("class_author", 2, "author or date"), ("class_date", 2, "author or date"),
    ("inside_aside", 8, "aside"), ("class_side", 6, "aside"), ("inside_figcaption", 2, "caption"),
    ("class_caption", 2, "caption"), ("inside_header", 6, "header"), ("class_header", 5, "header"),
)  # fmt: skip
_SAYS = (
    ("edit", "edit or report link"), ("copyright", "footer"), ("rights", "footer"), ("cookie", "notice"),
    ("comment", "comment"), ("share", "sharing"), ("related", "related pages"), ("login", "subscription or sign-in"),
    ("subscribe", "subscription or sign-in"), ("ad", "advertisement"), ("tag", "tags"), ("nav", "navigation"),
)  # fmt: skip

_TOLD = np.array([(_COLUMN[column], most, REASONS.index(name)) for column, most, name in _TELLING])
_SAID = np.array([(_COLUMN[f"says_{family}"], REASONS.index(name)) for family, name in _SAYS])
_RUNNING, _LINK_SHARE, _LINKS, _CHARACTERS = (
    _COLUMN[name] for name in ("running", "link_share", "links_0", "characters")
)
_CONTENT, _JOINED, _LITTLE_ELSE, _LINK_LIST, _SHORT, _APART = (
    REASONS.index(name)
    for name in ("content", "goes with its neighbours", "little else on the page", "link list", "too short and apart",
                 "apart from the content")
)  # fmt: skip


def reasons_of(
    keep: np.ndarray, score: np.ndarray, seen: Seen, extraction: Literal["main", "fallback", "all"]
) -> np.ndarray:
    """Why each block was kept or dropped (int8[b], indices of `REASONS`): the first that fits."""
    found: np.ndarray = _reasons(keep, score, seen.rows, _TOLD, _SAID, extraction == "main")
    return found


@compiled
def _reasons(keep, score, rows, told, said, main):
    reason = np.empty(len(keep), np.int8)
    for block in range(len(keep)):
        if keep[block]:
            reason[block] = _LITTLE_ELSE if not main else _JOINED if score[block] <= 0.5 else _CONTENT
        else:
            reason[block] = _why_dropped(rows[block], told, said)
    return reason


@inner
def _why_dropped(row, told, said):
    for place in range(len(told)):
        if row[told[place, 0]] <= told[place, 1]:
            return told[place, 2]
    for place in range(len(said)):
        if row[said[place, 0]] > 0 and row[_RUNNING] < 8:
            return said[place, 1]
    if row[_LINK_SHARE] > 0.5 and row[_LINKS] > 0.5:
        return _LINK_LIST
    return _SHORT if row[_RUNNING] == 0 and row[_CHARACTERS] < 7 else _APART


def is_imprint(seen: Seen) -> np.ndarray:
    """Which blocks say in a footer whose the page is (bool[b])."""
    foot = np.minimum(seen.rows[:, _COLUMN["inside_footer"]], seen.rows[:, _COLUMN["class_footer"]])
    return (seen.rows[:, _COLUMN["says_copyright"]] > 0) & (foot <= _FOOT)


def kind_of(tree: Tree, seen: Seen, keep: np.ndarray) -> str:
    """The kind of a page, by what its kept blocks stand in."""
    if not keep.any():
        return "other"
    rows = seen.rows[keep]
    weight = np.exp2(rows[:, _COLUMN["characters"]]) - 1
    whole = max(1.0, float(weight.sum()))

    def share(column: str, most: float = 29) -> float:
        return float(weight[rows[:, _COLUMN[column]] <= most].sum()) / whole

    elements = np.bincount(tree.tag[tree.tag >= 0], minlength=len(tags.NAMES))
    running = float(seen.running[keep].sum()) / whole
    links = float((weight * rows[:, _COLUMN["link_share"]]).sum()) / whole
    code = float(elements[tags.PRE])
    wiki, readme, github, question, *generators = words_in(tree.source[:_HEAD], _IN_HEAD).tolist()
    if wiki or share("class_wiki", 6) > 0.3:
        return "wiki"
    if readme and github:
        return "readme"
    if (rows[:, _COLUMN["class_forum"]] <= 4).mean() > 0.5:
        return "question" if question else "forum"
    if (seen.rows[:, _COLUMN["class_shop"]] <= 2).mean() > 0.03 and running < 0.7:
        return "product"
    if any(generators) or code >= 2 or elements[tags.DT] >= 6:
        return "documentation"
    if links > 0.4 or (running < 0.3 and share("inside_ul") > 0.5):
        return "list"
    return "article" if running > 0.4 else "other"
