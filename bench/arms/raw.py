"""Raw pages and files, as dirty as they come, with a stated share of planted harm.

Manual pages are given to all as the text that our reader finds in them, since nobody else has one.
"""

import gzip
import random
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from pathlib import Path

from resiliparse.extract.html2text import extract_plain_text

from bench.html import pages_of
from smelt.settings import home_folder
from tasks.ingest.document import UnreadableError
from tasks.ingest.encodings.encoding import decode
from tasks.ingest.man import text_of as man_text
from tasks.sources import archive, deb

PACKAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("libreoffice-help-en-us", r"\.html$"),
        ("debian-reference-en", r"\.html$"),
        ("debian-handbook", r"/html/en-US/.*\.html$"),
        ("python3.11-doc", r"\.html$"),
        ("manpages", r"/man/man\d/.*\.gz$"),
    ),
    "zh": (
        ("libreoffice-help-zh-cn", r"\.html$"),
        ("debian-reference-zh-cn", r"\.html$"),
        ("debian-handbook", r"/html/zh-CN/.*\.html$"),
        ("gimp-help-zh-cn", r"\.html$"),
        ("manpages-zh", r"/zh_CN/man\d/.*\.gz$"),
    ),
    "code": (("libpython3.11-stdlib", r"\.py$"),),
}
"""Packages by language, and which of their files."""
WEB_SETS = {"en": ("articles", "segments"), "zh": ("chinese",)}
SHARES = {"en": 0.46, "zh": 0.46, "code": 0.08}
"""Of the raw bytes."""
HARMED = 0.1
"""Planted documents for each that is real, of each language but code, and pages that get a line of spam."""
SPAM = {
    "en": "Buy cheap watches and pills online now, limited offer, click here to win code {0} today",
    "zh": "最便宜的手表和药品在线购买限时优惠点击这里领取奖品号码{0}马上行动",
}
LEAST = 600
"""Characters of text that a page must have for harm to be made of it."""


@dataclass(frozen=True)
class Raw:
    """A raw page or file.

    Attributes:
        name: its path in the input, beginning with its language.
        text: its text where it is no HTML; for HTML the source, decoded.
    """

    name: str
    text: str

    @property
    def lang(self) -> str:
        """The language of its source."""
        return self.name.partition("/")[0]

    @property
    def is_html(self) -> bool:
        """Whether its text is yet to be found."""
        return self.name.endswith(".html")

    @property
    def plain(self) -> str:
        """All text that it shows, uncleaned."""
        return str(extract_plain_text(self.text, alt_texts=False)) if self.is_html else self.text


@dataclass(frozen=True)
class Harm:
    """Planted harm.

    Attributes:
        kind: ``spam``, ``mojibake``, ``repeated`` or ``shuffled``.
        trace: what a text that still has it holds, white space apart, at least ``times`` times.
    """

    kind: str
    trace: str
    times: int = 1

    def is_in(self, text: str) -> bool:
        """Whether a text, its white space squeezed, still has it."""
        return text.count(self.trace) >= self.times


def squeezed(text: str) -> str:
    """The text with each run of white space as one blank."""
    return " ".join(text.split())


def gather(megabytes: float, web: Path | None = None) -> list[Raw]:
    """Raw files of each language, the packages and sets of web pages by turns.

    Args:
        web: a folder of pages that are no part of the project, as ``bench.html`` has them.
    """
    found: list[Raw] = []
    for lang, packages in PACKAGES.items():
        streams = [_of_package(lang, *package) for package in packages]
        if web is not None:
            streams += [_of_web(lang, web, name) for name in WEB_SETS.get(lang, ())]
        left = megabytes * 1e6 * SHARES[lang]
        for raw in (raw for row in zip_longest(*streams) for raw in row if raw is not None):
            found.append(raw)
            left -= len(raw.text.encode())
            if left <= 0:
                break
    return found


def plant(files: list[Raw], seed: int = 0) -> tuple[list[Raw], list[Harm]]:
    """The files with harm among them, and what was planted."""
    draw = random.Random(seed)
    made: list[Raw] = []
    harms: list[Harm] = []
    for lang in SPAM:
        own = [raw for raw in files if raw.lang == lang]
        spammed = set(draw.sample(range(len(own)), round(HARMED * len(own))))
        for place, raw in enumerate(own):
            line = SPAM[lang].format(len(harms))
            if place in spammed:
                harms.append(Harm("spam", line))
            made.append(_with_line(raw, line) if place in spammed else raw)
        texts = [text for raw in own if len(text := squeezed(raw.plain)) >= LEAST]
        for number in range(round(HARMED * len(own)) if texts else 0):
            kind = ("mojibake", "repeated", "shuffled")[number % 3]
            paragraphs, harm = _harmed(kind, draw.choice(texts)[:4000], lang, number, draw)
            harms.append(harm)
            made.append(Raw(f"{lang}/planted-{number:04d}.html", _page(paragraphs)))
    return [*made, *(raw for raw in files if raw.lang not in SPAM)], harms


def _harmed(kind: str, text: str, lang: str, number: int, draw: random.Random) -> tuple[list[str], Harm]:
    """The paragraphs of a harmed document."""
    if kind == "repeated":
        sentence = f"{text[100:180].strip()} {number}"
        return [sentence] * draw.randint(20, 60), Harm(kind, squeezed(sentence), 5)
    if kind == "mojibake":
        broken = text.encode().decode("latin-1" if number % 2 else "gb18030", "replace")
        fragments = re.findall(r"[^\x00-\xa0\s<>&\\*_`]{6,}", broken)
        if fragments:
            return [broken], Harm(kind, max(fragments, key=len)[:12])
    units = list(text) if lang == "zh" else text.split()
    draw.shuffle(units)
    joined = squeezed(("" if lang == "zh" else " ").join(units))
    plain = re.findall(r"[\w ]{20,}" if lang == "en" else r"[\u4e00-\u9fff]{6,}", joined)
    return [joined], Harm("shuffled", max(plain, key=len).strip() if plain else joined[:30])


def _page(paragraphs: Iterable[str]) -> str:
    body = "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in paragraphs)
    return f"<!DOCTYPE html><html><head><title>Page</title></head><body><article>\n{body}\n</article></body></html>"


def _with_line(raw: Raw, line: str) -> Raw:
    """The file with a paragraph more, behind one in its middle."""
    end = "</p>" if raw.is_html else "\n\n"
    at = raw.text.find(end, len(raw.text) // 2)
    at = len(raw.text) if at < 0 else at + len(end)
    added = f"<p>{line}</p>" if raw.is_html else f"{line}\n\n"
    return Raw(raw.name, raw.text[:at] + added + raw.text[at:])


def _of_package(lang: str, package: str, pattern: str) -> Iterator[Raw]:
    """A package's files, in an order drawn once."""
    files = [
        file for file in deb.files(archive.fetch(package, home_folder() / "cache")) if re.search(pattern, file.path)
    ]
    random.Random(package).shuffle(files)
    for number, file in enumerate(files):
        name = f"{lang}/{package}-{number:05d}"
        if file.path.endswith(".gz"):
            with suppress(UnreadableError):  # one that only points to another
                yield Raw(f"{name}.txt", man_text(decode(gzip.decompress(file.content)).text))
        else:
            yield Raw(name + Path(file.path).suffix, decode(file.content, html=lang != "code").text)


def _of_web(lang: str, folder: Path, name: str) -> Iterator[Raw]:
    for number, page in enumerate(pages_of(folder, name)):
        yield Raw(f"{lang}/{name}-{number:05d}.html", decode(page.content, html=True).text)
