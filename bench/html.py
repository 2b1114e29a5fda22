"""Main content of web pages: precision, recall and speed, beside resiliparse, trafilatura and others.

The folder (or `WEB_PAGES`) holds pages that are no part of the project, and their truths, as `score.py` in it says:
`segments` and `chinese` with strings that the main content holds or doesn't, `articles` and `reader` with the whole of
it. White space and Markdown's marks are passed over in strings; whole texts are compared by runs of four words (an
ideograph is one), a page at a time. Speed is raw HTML over seconds of the processor, decoding included for those that
run in this process; readability-lxml, jusText and magic-html (which wants Python 3.12) run in environments of their
own, on decoded pages. A page is lost when nothing comes out, or an error.

    python -m bench.html FOLDER [--json FILE]
"""

import gzip
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from trafilatura import extract

from bench.command import arguments_of, best_of, publish
from bench.peers.environment import ask
from tasks.ingest.encodings.encoding import decode
from tasks.ingest.html import text_of

SETS = ("segments", "chinese", "articles", "reader")
PEERS = ("readability", "justext", "magic_html")
TIMES = 2
"""How often ours and those in this process read a set, by turns; the shortest time of each counts."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")
_PASSED_OVER = re.compile(r"[\s\u200b*_#|`>\\-]+")
_RUN = 4


class Page(NamedTuple):
    """A page, and the text of its main content, or strings that this holds and others that it doesn't."""

    content: bytes
    truth: str | dict[str, list[str]]


def pages_of(folder: Path, name: str) -> Iterator[Page]:
    """The pages of a set."""
    if name != "reader":
        for page, truth in json.loads((folder / f"{name}.json").read_text()).items():
            yield Page(gzip.decompress((folder / name / f"{page}.html.gz").read_bytes()), truth)
        return
    for file in sorted((folder / name).glob("*.source.html.gz")):
        view = gzip.decompress(file.with_name(file.name.replace(".source.", ".expected.")).read_bytes())
        shown = "<html><body>" + view.decode("utf-8", "replace")
        truth = str(extract_plain_text(shown, preserve_formatting=True, alt_texts=False))
        yield Page(gzip.decompress(file.read_bytes()), truth)


def _resiliparse(content: bytes) -> str:
    page = decode(content, html=True).text
    return str(extract_plain_text(page, preserve_formatting=True, main_content=True, alt_texts=False))


def _trafilatura(content: bytes) -> str:
    return extract(decode(content, html=True).text, include_comments=False, deduplicate=False) or ""


TOOLS: dict[str, Callable[[bytes], str]] = {
    "main": lambda content: text_of(content, "main"),
    "all": lambda content: text_of(content, "all"),
    "resiliparse": _resiliparse,
    "trafilatura": _trafilatura,
}
"""What runs in this process: ours, ours without a decision, and those that are choices of ``ingest.html``."""


def texts_of(pages: list[Page], tool: Callable[[bytes], str]) -> list[str]:
    """What a tool gives of each page; nothing where it fails."""
    found = []
    for page in pages:
        try:
            found.append(tool(page.content))
        except Exception:  # whatever it is, the page is lost
            found.append("")
    return found


def by_turns(sets: dict[str, list[Page]]) -> dict[str, dict[str, tuple[list[str], float]]]:
    """What each of `TOOLS` gives of each page of each set, and its seconds."""
    for run in TOOLS.values():
        for pages in sets.values():
            texts_of(pages[:3], run)  # kernels are compiled, modules imported
    made: dict[str, dict[str, tuple[list[str], float]]] = {name: {} for name in TOOLS}
    for name, pages in sets.items():
        for _ in range(TIMES):
            for tool, run in TOOLS.items():
                texts, seconds = best_of(1, partial(texts_of, pages, run))
                made[tool][name] = texts, min(seconds, made[tool].get(name, (texts, seconds))[1])
    return made


def peer_texts(sets: dict[str, list[Page]], peer: str) -> dict[str, tuple[list[str], float]] | None:
    """What a peer gives of each page of each set, and its seconds; None where it can't be installed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pages.jsonl"
        with file.open("w") as out:
            for name, pages in sets.items():
                out.writelines(
                    json.dumps({"set": name, "page": decode(page.content, html=True).text}) + "\n" for page in pages
                )
        answer = ask(peer, file, script="extractors")
    return None if answer is None else {name: (of["texts"], of["seconds"]) for name, of in answer.items()}


def judged(pages: list[Page], texts: list[str], seconds: float) -> dict[str, float]:
    """Precision, recall, their harmonic mean, speed and lost pages of a set.

    Over strings, counts of all pages are added up; over whole texts, the pages' shares are averaged.
    """
    pairs = list(zip((page.truth for page in pages), texts, strict=True))
    if isinstance(pages[0].truth, dict):
        held, wanted, wrong = (sum(column) for column in zip(*(_strings(*pair) for pair in pairs), strict=True))
        precision, recall = held / max(1, held + wrong), held / max(1, wanted)
    else:
        shares = [_overlap(*pair) for pair in pairs]
        precision, recall = (sum(column) / len(pages) for column in zip(*shares, strict=True))
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "mb_s": _megabytes(pages) / max(1e-9, seconds),
        "lost": sum(not text.strip() for text in texts),
    }


def _strings(truth: Any, text: str) -> tuple[int, int, int]:
    """How many of the wanted strings a text holds, how many there are, and how many of the unwanted it holds."""
    flat = _PASSED_OVER.sub("", text)
    held = {kind: [_PASSED_OVER.sub("", string) in flat for string in truth[kind]] for kind in ("with", "without")}
    return sum(held["with"]), len(held["with"]), sum(held["without"])


def _overlap(truth: Any, text: str) -> tuple[float, float]:
    """Which share of a text's runs of words is the truth's, and which share of the truth's it has."""
    ours, theirs = _runs(text), _runs(truth)
    shared = (ours & theirs).total()
    return shared / max(1, ours.total()), shared / max(1, theirs.total())


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return Counter(tuple(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1)))


def _megabytes(pages: list[Page]) -> float:
    return sum(len(page.content) for page in pages) / 1e6


def measure(folder: Path) -> dict[str, Any]:
    """Figures of each tool on each set, and how many times as fast as the other two ours is over all of them."""
    sets = {name: list(pages_of(folder, name)) for name in SETS}
    made = by_turns(sets)
    made |= {peer: found for peer in PEERS if (found := peer_texts(sets, peer)) is not None}
    figures: dict[str, Any] = {"pages": {name: len(pages) for name, pages in sets.items()}}
    for tool, of in made.items():
        for name, pages in sets.items():
            for what, figure in judged(pages, *of[name]).items():
                figures.setdefault(what, {}).setdefault(name, {})[tool] = figure
    whole = sum(map(_megabytes, sets.values()))
    seconds = {tool: sum(each for _, each in of.values()) for tool, of in made.items()}
    figures["mb_s"]["all"] = {tool: whole / each for tool, each in seconds.items()}
    ratios = {f"{tool}_speed": seconds[tool] / seconds["main"] for tool in ("trafilatura", "resiliparse")}
    return {"ratios": ratios, "figures": figures}


def table(figures: dict[str, Any]) -> list[str]:
    """A line for each set and tool."""
    lines = []
    for name in SETS:
        for tool in figures["f1"][name]:
            shown = [figures[what][name][tool] for what in ("precision", "recall", "f1", "mb_s", "lost")]
            lines.append("{:9} {:12} P {:.3f}  R {:.3f}  F1 {:.3f}  {:6.1f} MB/s  {:3} lost".format(name, tool, *shown))
    lines += [f"all sets  {tool:12} {speed:6.1f} MB/s" for tool, speed in figures["mb_s"]["all"].items()]
    return lines


def main() -> None:
    """Measure, print, and write."""
    parser = arguments_of(__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("WEB_PAGES"), help="the pages")
    given = parser.parse_args()
    if given.folder is None:
        parser.error("no pages: name their folder, or set WEB_PAGES")
    result = measure(Path(given.folder))
    for line in table(result["figures"]):
        print(line)
    publish(result, given)


if __name__ == "__main__":
    main()
