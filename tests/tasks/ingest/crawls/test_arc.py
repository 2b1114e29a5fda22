"""ARC, as crawls were kept before WARC: read, divided and mended as WARC is."""

import gzip
import random
import time
from collections import Counter
from itertools import pairwise

import pytest

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.document import Document, RawFile, Refusal
from tasks.ingest.read import read
from tests.tasks.ingest.crawls.making import answer, arc, gzipped, page, record

OPTIONS = IngestOptions(max_file_bytes=1 << 20)
PAGES = arc([answer(page(number)) for number in range(30)])


def items(content: bytes, name: str = "a.arc.gz", start: int = 0, end: int | None = None) -> list[Document | Refusal]:
    return list(read(RawFile("s", name, content, start=start, end=end), OPTIONS))


def shown(content: bytes, name: str = "a.arc.gz") -> list[str]:
    return [item.reason if isinstance(item, Refusal) else item.text.split()[1] for item in items(content, name)]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["a.arc.gz", "a.warc.gz", "crawl"])
def test_answers_carry_address_and_day(version: int, name: str) -> None:
    made = arc([answer(page(0)), answer(page(1), status=404), answer(page(2))], version=version)
    for content in (gzipped(made), gzip.compress(b"".join(made)), b"".join(made)):
        if name == "crawl" and content[:1] == b"\x1f":
            content = b"".join(made)
        counted: Counter[str] = Counter()
        found = list(read(RawFile("s", name, content), OPTIONS, counted))
        assert [(item.url, item.date) for item in found if isinstance(item, Document)] == [
            ("http://x/0?a b", "2008-04-30"), ("http://x/2?a b", "2008-04-30"),
        ]  # fmt: skip
        assert counted == {"warcinfo": 1, "dns": 1, "status 4xx": 1} and len(found) == 2


def test_ranges_together_are_the_whole() -> None:
    content = gzipped(PAGES)
    whole = items(content)
    assert len(whole) == 30 and len({item.place for item in whole}) == 30
    draw = random.Random(3)
    for count in (1, 5, 30):
        borders = [0, *sorted(draw.sample(range(1, len(content)), count)), len(content)]
        assert [item for start, end in pairwise(borders) for item in items(content, "a.arc.gz", start, end)] == whole


@pytest.mark.parametrize("pack", [gzipped, lambda records: gzip.compress(b"".join(records)), b"".join])
def test_a_broken_record_costs_no_neighbour(pack) -> None:
    short = PAGES[3][:-30] + b"\n"
    no_date = PAGES[4].replace(b" 20080430204825 ", b" - ", 1)
    found = shown(pack([*PAGES[:3], short, no_date, *PAGES[5:8]]))
    assert found[:1] == ["0"] and found[-3:] == ["3", "4", "5"] and set(found[1:-3]) == {"broken warc"}


def test_a_broken_first_member_costs_itself() -> None:
    members = [gzip.compress(item) for item in PAGES[:5]]
    broken = members[0][:20] + b"\xff" * 9 + members[0][29:]
    found = shown(b"".join([broken, *members[1:]]))
    assert found == ["broken compression", "0", "1", "2"]


def test_wrong_lengths_that_overlap_take_no_time() -> None:
    spent = []
    for count in (2000, 8000):
        records = b"".join(b"WARC/1.0\r\nContent-Length: %d\r\n\r\nno\n" % (500_000 + n) for n in range(count))
        began = time.process_time()
        assert set(shown(records + record(answer(page(1))), "a.warc")) == {"broken warc", "1"}
        spent.append(time.process_time() - began)
    assert spent[1] < 10 * spent[0] + 0.2
