"""Which blocks of small pages of our own making are kept."""

import html

import numpy as np
import pytest

from tasks.ingest.web.blocks.blocks import blocks_of
from tasks.ingest.web.decision.decide import Decision, decide
from tasks.ingest.web.decision.reasons import KINDS, REASONS
from tasks.ingest.web.page import read
from tasks.ingest.web.tree.tree import parse, tags

PARAGRAPHS = (
    "The harbour was closed for three days last week, and ferries from the islands had to turn back in the night.",
    "Fishermen said that the storm, which came without a warning, broke two of the older piers near the market.",
    "“We have never seen the water rise so fast,” the harbour master told us when the wind had died down at last.",
    "Repairs will begin on Monday; until then, boats are led to the smaller port on the other side of the bay.",
)
CHINESE = (
    "上周，港口关闭了三天，从各个岛上开来的渡船不得不在夜里返航，许多旅客只好在船上过夜。",
    "渔民们说，这场风暴来得毫无预兆，把市场附近两座较旧的码头都冲坏了，损失还在统计之中。",
    "港务长在风停之后告诉我们：“我们从来没有见过水涨得这么快。”修理工作将在星期一开始。",
)
MENU = "".join(
    f'<li><a href="/{name.lower()}">{name}</a></li>' for name in ("Home", "News", "Sport", "Weather", "Contact")
)
FOOT = (
    '<footer class="site-footer"><p>© 2021 The Bay Courier. All rights reserved.</p><a href="/p">Privacy</a></footer>'
)


def page(middle: str, title: str = "Storm closes the harbour") -> str:
    return (
        f"<html><head><title>{title} - The Bay Courier</title></head><body><nav class='main-nav'><ul>{MENU}</ul></nav>"
        f"<div class='content'>{middle}</div>{FOOT}</body></html>"
    )


def decided(source: str) -> tuple[Decision, list[str]]:
    tree = parse(source.encode())
    blocks = blocks_of(tree)
    bytes_ = tree.source.tobytes()
    texts = [
        html.unescape(
            b"".join(
                bytes_[tree.start[node] : tree.end[node]] for node in range(first, stop) if tree.tag[node] == tags.TEXT
            ).decode()
        ).strip()
        for first, stop in zip(blocks.first, blocks.stop, strict=True)
    ]
    return decide(tree, blocks), texts


def kept(source: str) -> list[str]:
    decision, texts = decided(source)
    return [text for text, keep in zip(texts, decision.keep, strict=True) if keep]


@pytest.mark.parametrize("short", ["LAST", "Fin", "Berlin, 1921", "完", "—"])
@pytest.mark.parametrize("paragraphs", [PARAGRAPHS, CHINESE, PARAGRAPHS[:1] * 20, CHINESE[:1] * 20])
def test_a_page_without_a_link_has_nothing_but_content(short: str, paragraphs: tuple[str, ...]) -> None:
    middle = "".join(f"<p>{text}</p>" for text in paragraphs)
    assert kept(f"<html><body><main>{middle}<p>{short}</p></main></body></html>") == [*paragraphs, short]
    assert short not in kept(page(middle + f'<div class="share"><a href="/s">{short}</a></div>'))


def test_an_article_is_kept_and_what_stands_around_it_is_not() -> None:
    middle = (
        "<article><h1>Storm closes the harbour</h1>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS) + "</article>"
    )
    decision, texts = decided(page(middle))
    found = [text for text, keep in zip(texts, decision.keep, strict=True) if keep]
    assert set(PARAGRAPHS) <= set(found)
    assert not {"Home", "Sport", "Contact", "Privacy"} & set(found)
    assert decision.extraction == "main"
    assert decision.kind in KINDS
    assert REASONS[decision.reason[texts.index("Sport")]] == "navigation"
    assert REASONS[decision.reason[texts.index("Privacy")]] == "footer"
    assert REASONS[decision.reason[texts.index(PARAGRAPHS[1])]] == "content"
    assert ((decision.score >= 0) & (decision.score <= 1)).all()


def test_a_chinese_article_is_kept() -> None:
    middle = "<div class='zhengwen'>" + "".join(f"<p>{text}</p>" for text in CHINESE) + "</div>"
    source = page(middle, "风暴过后").replace(
        "© 2021 The Bay Courier. All rights reserved.", "版权所有 京ICP备00000000号"
    )
    found = kept(source)
    assert set(CHINESE) <= set(found)
    assert not any("版权所有" in text for text in found)


def test_a_page_of_nothing_but_an_article_keeps_its_last_short_line() -> None:
    line = "A long line about the harbour, the ferries and the storm of last week. " * 20
    assert kept(f"<html><body><main><p>{line}</p><p>End of part one</p></main></body></html>")[-1] == "End of part one"


def test_a_heading_stands_with_what_follows_it() -> None:
    middle = (
        "<article>"
        + "".join(f"<h2>Part {place}</h2><p>{text}</p>" for place, text in enumerate(PARAGRAPHS))
        + "</article>"
    )
    found = kept(page(middle))
    for place, text in enumerate(PARAGRAPHS):
        assert (f"Part {place}" in found) == (text in found)


def test_a_table_of_contents_goes_and_a_list_that_leads_elsewhere_is_decided_on() -> None:
    parts = "".join(f"<h2 id=p{place}>Part {place}</h2><p>{text}</p>" for place, text in enumerate(PARAGRAPHS))
    items = "".join(f"<li>{place}. <a href='{{}}p{place}'>Part {place}</a>" for place in range(len(PARAGRAPHS)))
    middle = f"<article><p>{PARAGRAPHS[0]}</p><h2>What is here</h2><ul>{items}</ul>{parts}</article>"
    decision, texts = decided(page(middle.format(*"#" * len(PARAGRAPHS))))
    found = [text for text, keep in zip(texts, decision.keep, strict=True) if keep]
    assert "What is here" not in found
    assert "1. Part 1" not in found
    assert {"Part 1", "Part 3"} <= set(found)
    assert REASONS[decision.reason[texts.index("1. Part 1")]] == "table of contents"
    decision, texts = decided(page(middle.format(*["/other#"] * len(PARAGRAPHS))))
    assert "table of contents" not in {REASONS[reason] for reason in decision.reason}


@pytest.mark.parametrize(
    ("before", "own"),
    [
        ("https://bay.example/2021/storm.html?l=1#", True),
        ("http://bay.example/2021/storm.html?l=1#", True),
        ("//bay.example/2021/storm.html?l=1#", True),
        ("/2021/storm.html?l=1#", True),
        ("storm.html?l=1#", True),
        ("https://bay.example/2021/storm.html#", False),
        ("https://bay.example/2021/other.html?l=1#", False),
        ("/storm.html?l=1#", False),
        ("/2021/storm.html?l=1", False),
    ],
)
def test_a_table_of_contents_may_have_the_page_s_own_address(before: str, own: bool) -> None:
    items = "".join(f"<li><a href='{before}p{place}'>Part {place}</a>" for place in range(4))
    middle = f"<article><p>{PARAGRAPHS[0]}</p><ul>{items}</ul><p>{PARAGRAPHS[1]}</p></article>"
    source = f"<link rel=canonical href='https://bay.example/2021/storm.html?l=1'>{page(middle)}"
    reasons = {passage.text: passage.reason for passage in read(source.encode()).passages()}
    assert (reasons["Part 2"] == "table of contents") == own


def test_a_page_that_is_a_table_of_contents_is_not_lost() -> None:
    decision, texts = decided(
        "<h1>Here</h1><ul>" + "".join(f"<li><a href=#{n}>Part {n}</a>" for n in range(9)) + "</ul>"
    )
    assert decision.keep[texts.index("Part 8")]
    assert decision.extraction == "all"


def test_cells_of_a_row_stand_or_fall_together() -> None:
    rows = "".join(f"<tr><td>Pier {row}</td><td>{row * 12} m</td><td>closed</td></tr>" for row in range(1, 6))
    middle = "<article>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS) + f"<table>{rows}</table></article>"
    found = kept(page(middle))
    for row in range(1, 6):
        assert (f"Pier {row}" in found) == (f"{row * 12} m" in found)


def test_a_page_of_a_manual_loses_no_prose_and_no_code() -> None:
    middle = (
        "<h1>copy</h1><p>Copies one file to another place, with its times and its owner where that is allowed.</p>"
        "<h2>Example</h2><pre>copy --times a.txt b.txt\nif [ $? = 0 ]; then echo done; fi</pre>"
        "<dl><dt>--times</dt><dd>Keep the times of the file, which are otherwise those of the copy.</dd></dl>"
        "<p>The command gives 0 when all files were copied, and 1 when at least one of them could not be read.</p>"
    )
    text = "\n".join(kept(page(middle, "copy - a manual")))
    for piece in ("Copies one file", "copy --times a.txt", "Keep the times of the file", "The command gives 0"):
        assert piece in text


@pytest.mark.parametrize("source", ["<p>Hello</p>", "<a href='/'>Home</a>", "短", "<div><li>one<li>two</div>"])
def test_of_a_page_that_has_text_something_is_kept(source: str) -> None:
    decision, _ = decided(source)
    assert decision.keep.any()


def test_a_page_of_links_alone_is_kept_whole_rather_than_lost() -> None:
    decision, _ = decided(f"<html><body><ul>{MENU}</ul></body></html>")
    assert decision.keep.any()
    assert decision.extraction != "main"


def test_a_page_without_text_has_no_blocks_to_decide_on() -> None:
    decision, texts = decided("<html><body><script>x = 1</script></body></html>")
    assert not texts
    assert decision.keep.size == decision.reason.size == decision.score.size == 0


def test_many_blocks_take_time_in_line_with_their_number() -> None:
    decision, texts = decided("<div>" * 400 + "<p>a<p>b" * 20000)
    assert len(texts) == decision.keep.size == 40000
    assert np.isfinite(decision.score).all()
