"""The bench of web pages judges as the sets' truths are meant."""

import gzip
import json
from pathlib import Path

import pytest

from bench.html import Page, judged, pages_of


def test_strings_are_counted_over_all_pages_and_white_space_and_marks_are_passed_over() -> None:
    pages = [
        Page(b"x" * 1_000_000, {"with": ["one two", "three"], "without": ["menu"]}),
        Page(b"x" * 1_000_000, {"with": ["四 五"], "without": ["六", "七"]}),
    ]
    found = judged(pages, ["# one\n**two** menu", " "], seconds=0.5)
    assert found == {"precision": 1 / 2, "recall": 1 / 3, "f1": pytest.approx(0.4), "mb_s": 4.0, "lost": 1}


def test_whole_texts_are_compared_by_runs_of_four_words_a_page() -> None:
    pages = [Page(b"", "one two three four five"), Page(b"", "春眠不覺曉"), Page(b"", "so few words")]
    found = judged(pages, ["one, two three\nfour", "春眠不覺曉處", "so few"], seconds=1)
    assert found["precision"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found["recall"] == pytest.approx((1 / 2 + 1 + 0) / 3)


def test_pages_and_truths_are_read_from_a_folder(tmp_path: Path) -> None:
    for name in ("articles", "reader"):
        (tmp_path / name).mkdir()
    (tmp_path / "articles.json").write_text(json.dumps({"p": "Body."}))
    (tmp_path / "articles" / "p.html.gz").write_bytes(gzip.compress(b"<p>Body."))
    (tmp_path / "reader" / "q.source.html.gz").write_bytes(gzip.compress(b"<nav>Menu</nav><p>Text."))
    (tmp_path / "reader" / "q.expected.html.gz").write_bytes(gzip.compress(b"<p>Text."))
    assert list(pages_of(tmp_path, "articles")) == [Page(b"<p>Body.", "Body.")]
    assert list(pages_of(tmp_path, "reader")) == [Page(b"<nav>Menu</nav><p>Text.", "Text.")]
