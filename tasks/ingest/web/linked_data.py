"""JSON-LD in pages (https://schema.org): what an article's own object says, however the publisher wrapped it."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tasks.ingest.web.tree.attributes import attribute
from tasks.ingest.web.tree.elements import text_in
from tasks.ingest.web.tree.tree import Tree

_MOST = 2000
"""Objects of a page that are looked at."""
_PAGES = (
    "Article", "Posting", "WebPage", "Report", "Recipe", "Product", "Question", "QAPage", "Book", "Video", "Event",
    "Dataset", "SoftwareSourceCode", "Course", "Review", "Thesis", "Chapter", "CreativeWork",
)  # fmt: skip
_STRING = r'\s*:\s*"((?:[^"\\]|\\.)*)"'
_BROKEN = {
    "headline": re.compile(r'"headline"' + _STRING),
    "datePublished": re.compile(r'"datePublished"' + _STRING),
    "dateModified": re.compile(r'"dateModified"' + _STRING),
    "license": re.compile(r'"license"' + _STRING),
    "inLanguage": re.compile(r'"inLanguage"' + _STRING),
    "author": re.compile(r'"author"\s*:\s*[\[{\s]*(?:"@type"\s*:\s*"\w+"\s*,\s*)?"name"' + _STRING),
}
"""What can be read out of JSON that isn't JSON."""


@dataclass
class Linked:
    """What the objects of a page say of it."""

    title: str | None = None
    date: str | None = None
    changed: str | None = None
    site: str | None = None
    url: str | None = None
    lang: str | None = None
    licence: str | None = None
    authors: list[str] = field(default_factory=list)


def linked_data(tree: Tree, scripts: np.ndarray) -> Linked:
    """What JSON-LD says of a page, of its first article before other objects.

    Args:
        scripts: the ``<script>`` elements that may hold it.
    """
    linked = Linked()
    objects: list[dict[str, Any]] = []
    for node in scripts.tolist():
        if "ld+json" in attribute(tree, node, "type").lower():
            objects += _objects(text_in(tree, node))
    for item in sorted(objects, key=_rank):
        _take(linked, item)
    return linked


def _objects(text: str) -> list[dict[str, Any]]:
    text = re.sub(r"^\s*(?://\s*)?(?:<!--|<!\[CDATA\[)|(?://\s*)?(?:-->|\]\]>)\s*$", "", text).strip().rstrip(";")
    for form in (text, re.sub(r",(\s*[}\]])", r"\1", text)):
        try:
            return list(_walk(json.loads(form, strict=False)))
        except (ValueError, RecursionError):
            continue
    found = {name: match[1] for name, pattern in _BROKEN.items() if (match := pattern.search(text))}
    return [{"@type": "Article", **found}] if found else []


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    """The objects that stand for themselves: in lists, and in ``@graph``."""
    waiting, seen = [value], 0
    while waiting and seen < _MOST:
        item = waiting.pop(0)
        seen += 1
        if isinstance(item, list):
            waiting[:0] = item[:_MOST]
        elif isinstance(item, dict):
            if isinstance(item.get("@graph"), list | dict):
                waiting.insert(0, item["@graph"])
            for name in ("mainEntity", "mainEntityOfPage"):
                if isinstance(item.get(name), dict):
                    waiting.append(item[name])
            yield item


def _rank(item: dict[str, Any]) -> int:
    """Articles before pages, and these before anything else."""
    kinds = _strings(item.get("@type"))
    if any(kind.endswith(("Article", "Posting")) for kind in kinds):
        return 0
    return 1 if any(known in kind for kind in kinds for known in _PAGES) else 2


def _take(linked: Linked, item: dict[str, Any]) -> None:
    """Fill in what is still unknown."""
    kinds, rank = _strings(item.get("@type")), _rank(item)
    if rank < 2:
        linked.title = linked.title or _name(item.get("headline")) or (_name(item.get("name")) if rank else None)
        linked.date = linked.date or _name(item.get("datePublished")) or _name(item.get("dateCreated"))
        linked.changed = linked.changed or _name(item.get("dateModified"))
        linked.url = linked.url or _name(item.get("url")) or _name(item.get("mainEntityOfPage"))
        linked.lang = linked.lang or _name(item.get("inLanguage"))
        linked.licence = linked.licence or _name(item.get("license"))
        linked.authors = linked.authors or _names(item.get("author") or item.get("creator"))
        linked.site = linked.site or _name(item.get("publisher")) or _name(item.get("isPartOf"))
    elif "WebSite" in kinds or "NewsMediaOrganization" in kinds:
        linked.site = linked.site or _name(item.get("name"))


def _strings(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _names(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [name for item in items[:50] if (name := _name(item))]


def _name(value: Any) -> str | None:
    """A value's text: itself, or its name, or what identifies it."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = next((value[key] for key in ("name", "@id", "url", "@value") if isinstance(value.get(key), str)), None)
    return " ".join(html.unescape(value).split())[:500] or None if isinstance(value, str) else None
