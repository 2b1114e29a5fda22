"""What a page says of itself: title, day, author, site, address, language, licence, and what robots may do with it.

It is taken from the page's meta tags (Open Graph, Dublin Core, Highwire), JSON-LD, microdata and links, in the order
in which publishers keep them right. What a page says is a hint: nothing here is looked up or made out from the text.
"""

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.linked_data import Linked, linked_data
from tasks.ingest.web.tree.attributes import attribute, value_of
from tasks.ingest.web.tree.elements import descendants, text_in
from tasks.ingest.web.tree.search import tags_with, words_of
from tasks.ingest.web.tree.tags import NUMBERS, key_of, key_step
from tasks.ingest.web.tree.tree import Tree, tags

META, LINK = (NUMBERS[name] for name in ("meta", "link"))
_META_KEYS = np.array([key_of(name) for name in (b"content", b"name", b"property", b"itemprop", b"http-equiv")])
_LINK_KEYS = np.array([key_of(name) for name in (b"rel", b"href", b"itemprop")])
_SIGNS = words_of(dict.fromkeys(("itemprop", "license", "licence", "canonical", "creativecommons", "ld+json"), ""))
_ITEMS = frozenset(("author", "datepublished", "datemodified", "license"))
_MOST = 500
"""Characters of a value, and elements of a kind, that are read at most."""
_TITLE = ("og:title", "citation_title", "dc.title", "dcterms.title", "twitter:title", "title")
_DATE = (
    "article:published_time", "og:published_time", "og:article:published_time", "datepublished", "citation_date",
    "citation_publication_date", "citation_online_date", "dc.date.issued", "dcterms.issued", "dc.date.created",
    "dcterms.created", "dc.date", "dcterms.date", "pubdate", "publishdate", "publish_date", "publish-date",
    "parsely-pub-date", "sailthru.date", "article.published", "date", "weibo:article:create_at", "apub:time",
)  # fmt: skip
_CHANGED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "dcterms.modified")
_AUTHOR = ("citation_author", "author", "article:author", "og:article:author", "dc.creator", "dcterms.creator", "byl",
           "parsely-author", "sailthru.author")  # fmt: skip
_SITE = ("og:site_name", "citation_journal_title", "application-name", "dc.publisher")
_LICENCE = ("dcterms.license", "dc.rights.license", "license", "dc.rights", "dcterms.rights", "rights", "copyright")
_ROBOTS = frozenset(("robots", "googlebot", "bingbot", "gptbot", "googlebot-news", "ccbot", "google-extended"))
_READ = frozenset((*_TITLE, *_DATE, *_CHANGED, *_AUTHOR, *_SITE, *_LICENCE, *_ROBOTS, "og:url", "og:locale",
                   "content-language", "tdm-reservation"))  # fmt: skip
_READ_KEYS = np.sort([key_of(name.replace("dc.", dc).encode()) for name in _READ for dc in ("dc.", "dc:")])
_DAYS = (
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-/.年]\s?(?P<m>\d\d?)(?:[-/.月]\s?(?P<d>\d\d?))?(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?!\d)"),
    re.compile(r"\b(?P<d>\d\d?)(?:st|nd|rd|th)?\s+(?P<m>[A-Z][a-z]{2})[a-z]*\.?,?\s+(?P<y>(?:19|20)\d\d)\b"),
    re.compile(r"\b(?P<m>[A-Z][a-z]{2})[a-z]*\.?\s+(?P<d>\d\d?)(?:st|nd|rd|th)?,?\s+(?P<y>(?:19|20)\d\d)\b"),
    re.compile(r"^\s*(?P<y>(?:19|20)\d\d)(?P<m>)(?P<d>)\s*$"),
)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses/([a-z+-]+)|publicdomain/(zero|mark))(?:/([\d.]+))?", re.IGNORECASE
)
_NAMED = re.compile(r"\bCC[ -](BY(?:-(?:NC|ND|SA)){0,2})[ -](\d\.\d)", re.IGNORECASE)
_BETWEEN = tuple(f" {mark}" for mark in "-–—|·:_")
_PUBLISHED = ("published", "pubdate", "entry-date", "post-date", "dateline", "publish-date", "datepublished")


class Metadata(NamedTuple):
    """What a page says of itself; None where it doesn't.

    Attributes:
        date: the day it was published, ``YYYY-MM-DD``, or as much of it as is said.
        canonical: its own address.
        lang: the language it declares, as a BCP 47 tag.
        licence: ``CC-BY-SA-4.0`` for Creative Commons, else the licence's address or name.
        robots: directives in lower case, sorted, joined by ``, `` (``noai``, ``noindex`` ...).
    """

    title: str | None = None
    date: str | None = None
    author: str | None = None
    site: str | None = None
    canonical: str | None = None
    lang: str | None = None
    licence: str | None = None
    robots: str | None = None


def metadata_of(tree: Tree, header: str = "") -> Metadata:
    """What a page says of itself.

    Args:
        header: the server's ``X-Robots-Tag``; several are joined by commas.
    """
    said = _metas(tree)
    signed = tags_with(tree.source, tree.tag, tree.start, tree.end, _SIGNS)
    linked = linked_data(tree, signed[tree.tag[signed] == tags.SCRIPT])
    items, licences, addresses = _marked_up(tree, signed[tree.tag[signed] != META])
    site = _first(said, _SITE) or linked.site
    canonical = _address([*addresses, *said.get("og:url", []), linked.url])
    if site is None and canonical:
        site = urlsplit(canonical).hostname
    language = _declared(tree, said, linked)
    return Metadata(
        _title(tree, said, linked, site),
        _published(tree, said, linked, items),
        _author(said, linked, items),
        site,
        canonical,
        language,
        _licence(licences, said, linked, items),
        _robots(said, header),
    )


def _metas(tree: Tree) -> dict[str, list[str]]:
    """The values of meta tags that are read here, by name or property in lower case."""
    said: dict[str, list[str]] = {}
    nodes = np.flatnonzero(tree.tag == META)[:_MOST]
    for row in _named_spans(tree.source, tree.start[nodes], tree.end[nodes], _META_KEYS, _READ_KEYS).tolist():
        at, stop, *names = row
        called = next((_decoded(tree, *span) for span in _pairs(names) if span[1] > span[0]), "")
        name = called.strip().lower().replace("dc:", "dc.")
        if name in _READ and (value := _text(_decoded(tree, at, stop))):
            said.setdefault(name, []).append(value)
    return said


def _values(tree: Tree, nodes: np.ndarray, keys: np.ndarray) -> Iterator[tuple[Any, ...]]:
    """Of each node its number and the values of these attributes, with entities decoded."""
    spans = _spans(tree.source, tree.start[nodes], tree.end[nodes], keys)
    for node, row in zip(nodes.tolist(), spans.tolist(), strict=True):
        yield node, *(_decoded(tree, at, stop) if stop > at else "" for at, stop in _pairs(row))


def _pairs(row: list[int]) -> Iterator[tuple[int, int]]:
    return zip(row[::2], row[1::2], strict=True)


def _decoded(tree: Tree, at: int, stop: int) -> str:
    return html.unescape(tree.source[at : min(stop, at + 8 * _MOST)].tobytes().decode("utf-8", "replace"))


@compiled
def _spans(source, starts, ends, keys):
    """First byte and past the last of each attribute of each tag, -1 where it has none."""
    found = np.empty((len(starts), 2 * len(keys)), np.int32)
    for i in range(len(starts)):
        for k in range(len(keys)):
            at, stop = value_of(source, starts[i], ends[i], keys[k])
            found[i, 2 * k], found[i, 2 * k + 1] = at, stop
    return found


@compiled
def _named_spans(source, starts, ends, keys, known):
    """The rows of ``_spans`` whose first name is among the known, or needs decoding before that can be said."""
    spans, count = _spans(source, starts, ends, keys), 0
    for row in range(len(spans)):
        for name in range(2, spans.shape[1], 2):
            at, stop = spans[row, name], spans[row, name + 1]
            if stop > at:
                if spans[row, 1] > spans[row, 0] and _may_be(source, at, stop, known):
                    spans[count] = spans[row]
                    count += 1
                break
    return spans[:count]


@inner
def _may_be(source, at, stop, known):
    """Whether a value is one of the names with these hashes, in any case, or holds more than such names do."""
    key = np.int64(0)
    for place in range(at, stop):
        byte = source[place]
        if byte <= 32 or byte == 38 or byte >= 127:
            return True
        key = key_step(key, byte | 32 if 65 <= byte <= 90 else byte)
    found = np.searchsorted(known, key)
    return found < len(known) and known[found] == key


def _text(value: str) -> str:
    return " ".join(value[: 4 * _MOST].split())[:_MOST]


def _first(said: dict[str, list[str]], names: Iterable[str]) -> str | None:
    return next((said[name][0] for name in names if name in said), None)


def _marked_up(tree: Tree, signed: np.ndarray) -> tuple[dict[str, str], list[tuple[int, str]], list[str]]:
    """Microdata by property; addresses of licences with their rank; addresses that the page gives as its own.

    Args:
        signed: the elements that may have such, as `_SIGNS` tell.
    """
    items: dict[str, str] = {}
    licences: list[tuple[int, str]] = []
    addresses: list[str] = []
    for node, said, target, names in _values(tree, signed[: 4 * _MOST], _LINK_KEYS):
        rel = said.lower().split()
        if "canonical" in rel and tree.tag[node] == LINK:
            addresses.append(target)
        elif "license" in rel or "licence" in rel:
            licences.append((0, target or text_in(tree, node)))
        elif _COMMONS.search(target):
            licences.append((1, target))
        for name in names.lower().split():
            if name in _ITEMS and name not in items and (value := _value(tree, node)):
                items[name] = value
    return items, licences, addresses


def _value(tree: Tree, node: int) -> str:
    """The value of an element of microdata."""
    for name in ("content", "datetime", "href"):
        if value := attribute(tree, node, name):
            return _text(value)
    for at in descendants(tree, node):
        if "name" in attribute(tree, at, "itemprop").lower().split():
            return _text(attribute(tree, at, "content") or text_in(tree, at))
    return _text(text_in(tree, node)) if tree.stop[node] - node < _MOST else ""


def _title(tree: Tree, said: dict[str, list[str]], linked: Linked, site: str | None) -> str | None:
    title = _first(said, _TITLE[:4]) or linked.title or _first(said, _TITLE[4:])
    for tag in (tags.TITLE, tags.H1):
        if not title:
            nodes = np.flatnonzero(tree.tag == tag)
            title = _text(html.unescape(text_in(tree, int(nodes[0])))) if len(nodes) else None
    if title and site:  # behind a mark, the site's name is no part of the title
        before = title.removesuffix(f" {site}")
        title = before[:-2] if before != title and before[-2:] in _BETWEEN else title
    return title or None


def _published(tree: Tree, said: dict[str, list[str]], linked: Linked, items: dict[str, str]) -> str | None:
    tagged = [(node, attribute(tree, node, "datetime")) for node in _times(tree)]
    marked = [day for node, day in tagged if day and _is_published(tree, node)]
    days = {_day(day) for _, day in tagged if day}
    only = [day for _, day in tagged if day] if len(days) == 1 else []
    values = [
        *(value for name in _DATE for value in said.get(name, [])[:1]), linked.date, items.get("datepublished"),
        *marked[:1], *only[:1], *(value for name in _CHANGED for value in said.get(name, [])[:1]),
        linked.changed, items.get("datemodified"),
    ]  # fmt: skip
    return next((day for value in values if value and (day := _day(value))), None)


def _times(tree: Tree) -> list[int]:
    found: list[int] = np.flatnonzero(tree.tag == tags.NUMBERS["time"])[:_MOST].tolist()
    return found


def _is_published(tree: Tree, node: int) -> bool:
    words = tree.source[tree.start[node] : tree.end[node]].tobytes().lower().decode("utf-8", "replace")
    return any(word in words for word in _PUBLISHED)


def _day(value: str) -> str | None:
    """A day as ISO 8601 writes it, as far as the value says it; where day and month may be either, it says none."""
    for pattern in _DAYS:
        if found := pattern.search(value):
            month, day = found["m"] or "", int(found["d"] or 0)
            number = _MONTHS.get(month, 0) if month.isalpha() else int(month or 0)
            if not month:
                return found["y"]
            if 1 <= number <= 12 and day <= 31:
                return f"{found['y']}-{number:02}" + (f"-{day:02}" if day else "")
    return None


def _author(said: dict[str, list[str]], linked: Linked, items: dict[str, str]) -> str | None:
    for values in (*(said.get(name, []) for name in _AUTHOR[:1]), linked.authors,
                   *(said.get(name, [])[:1] for name in _AUTHOR[1:]), [items.get("author", "")]):  # fmt: skip
        names = [re.sub(r"^(?:by|von|par|作者[:：])\s+", "", value, flags=re.IGNORECASE) for value in values if value]
        names = [name for name in names if "://" not in name and not name.startswith("@")]
        if names:
            return "; ".join(dict.fromkeys(names))[:_MOST]
    return None


def _address(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value and re.match(r"https?://[^\s/]", value)), None)


def _declared(tree: Tree, said: dict[str, list[str]], linked: Linked) -> str | None:
    root = next((node for node in np.flatnonzero(tree.tag == tags.HTML)[:1].tolist()), None)
    given = [] if root is None else [attribute(tree, root, "lang"), attribute(tree, root, "xml:lang")]
    given += [*said.get("content-language", [])[:1], *said.get("og:locale", [])[:1], linked.lang or ""]
    for value in given:
        tag = value.strip().replace("_", "-")
        if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", tag):
            return tag
    return None


def _licence(
    licences: list[tuple[int, str]], said: dict[str, list[str]], linked: Linked, items: dict[str, str]
) -> str | None:
    own = [target for rank, target in licences if rank == 0]
    own += [value for value in (linked.licence, items.get("license")) if value]
    for value in own:
        return commons(value) or _text(value)
    for name in _LICENCE:
        for value in said.get(name, [])[:1]:
            if found := commons(value):
                return found
            if "licen" in name:
                return value
    linked_to = {commons(target) for rank, target in licences if rank}
    return linked_to.pop() if len(linked_to) == 1 else None  # a page that links to several speaks about licences


def commons(value: str) -> str | None:
    """The SPDX name of the Creative Commons licence that an address or a text names."""
    if found := _COMMONS.search(value):
        version = f"-{found[3]}" if found[3] else ""
        if found[2]:
            return ("CC0" if found[2].lower() == "zero" else "CC-PDM") + version
        return f"CC-{found[1].upper().strip('-')}{version}"
    if found := _NAMED.search(value):
        return f"CC-{found[1].upper()}-{found[2]}"
    return None


def _robots(said: dict[str, list[str]], header: str) -> str | None:
    directives: set[str] = set()
    values = [value for name in _ROBOTS for value in said.get(name, [])]
    for value in (*values, header):
        for part in value.lower().split(","):
            name, _, word = part.rpartition(":")
            word = "" if name.strip().startswith(("max-", "unavailable")) else word.strip()  # others are a robot's name
            if re.fullmatch(r"[a-z-]{2,30}", word):
                directives |= {"noindex", "nofollow"} if word == "none" else {word}
    if said.get("tdm-reservation", ["0"])[0] == "1":
        directives.add("tdm-reservation")
    directives -= {"all", "index", "follow"}
    return ", ".join(sorted(directives)) or None
