"""Lines of PDFs come together as they were written: hyphens, Chinese, radicals, columns; glyph numbers are no text."""

import pytest

from tasks.ingest import pdf_text
from tasks.ingest.joined import joined
from tasks.ingest.pdf_characters import ideographs
from tests.tasks.ingest.pdf import making as pdfs

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
POEM = "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少白日依山尽黄河入海流欲穷千里目更上一层楼床前明月光疑是地上"
CHINESE = dict(zip(LETTERS, POEM, strict=False))


def text(*lines: str) -> str:
    """The text of a page of lines, as pdfium marks their hyphens."""
    return pdf_text.read(pdfs.prose(lines)).text


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("we went by train with our friend Anne-", "Marie to the sea, where", "Anne-Marie"),
        ("they flew with an old Boeing 747-", "400 over the wide ocean", "747-400"),
        ("sie war schon als 17-", "j\xe4hrige an der Oper und", "17-jährige"),
        ("it was a decision of some impor-", "tance for all of them in", "importance"),
        ("the page is at http://example.org/long-", "name.html as was said", "/long-name.html"),
        ("start the program with --dry-", "run to see what it does", "--dry-run"),
        ("this holds for state-of-", "the-art programs as well", "state-of-the-art"),
        ("plans of short-", "and long-term use that all", "short- and long-term"),
        ("send us an e-", "mail about what you found", "e-mail"),
        ("a fact -", "and no more than that was it", "fact - and"),
    ],
)
def test_a_hyphen_at_a_lines_end_is_the_words_or_the_lines(before: str, after: str, wanted: str) -> None:
    assert wanted in " ".join(text(before, after, "and so on it went for a while.").split())


def test_the_document_says_how_a_word_is_written() -> None:
    lines = [
        "the re-entry was planned, and for the re-",
        "entry of all the others they had a cooperative plan,",
        "a co-",
    ]
    found = text(*lines, "operative plan for the members that they had.")
    assert "the re-entry of" in found and "a cooperative plan for" in found and "a co-" not in found


def test_a_word_goes_on_over_the_page() -> None:
    pages = [[(50.0, 700.0, "the end of this page is uncer-")], [(50.0, 700.0, "tain and the next begins with it")]]
    assert "uncertain" in pdf_text.read(pdfs.pdf(pages)).text


def test_lines_of_chinese_join_without_blanks() -> None:
    assert joined(["他说：“好", "”——", "“走吧", "…”"]) == "他说：“好”——“走吧…”"
    assert joined(["He said “yes”", "— and left", "版本 2", "的说明"]) == "He said “yes” — and left 版本 2 的说明"
    assert joined(["한국어 문장은", "띄어쓰기를 한다"]) == "한국어 문장은 띄어쓰기를 한다"


def test_ideographs_set_apart_are_one_word_and_words_apart_are_two() -> None:
    assert pdf_text._reflow(["第 一 章 总 则"]) == "第一章总则"
    assert pdf_text._reflow(["姓名 性别 年龄 地址"]) == "姓名 性别 年龄 地址"
    assert pdf_text._reflow(["这一行有 一个空格"]) == "这一行有 一个空格"


def test_radicals_are_ideographs() -> None:
    assert ideographs("⼀⼈⽔⻓⻅⺟⻰") == "一人水长见母龙"
    found = pdf_text.read(pdfs.prose(["a b" * 9], to_unicode={"a": "⽂", "b": "⾔"})).text
    assert "文" in found and "⽂" not in found


@pytest.mark.parametrize(
    "glyphs", ["(cid:17)(cid:4) (cid:230)", "/g3/g14/g159/g2", "G21 G07 G33 G40 G02", "/uni4E00/uni4E8C"]
)
def test_glyph_numbers_are_no_text(glyphs: str) -> None:
    assert pdf_text.mapped_share(f"{glyphs}\n" * 8) < 0.1
    assert pdf_text.mapped_share(f"Fonts name their glyphs, such as (cid:3) or /g7. {'And so on. ' * 20}") > 0.9


@pytest.mark.parametrize("by_row", [False, True])
def test_columns_are_read_from_the_right(by_row: bool) -> None:
    places = [(400.0 - 22 * (k // 10), 700.0 - 11 * (k % 10), LETTERS[k]) for k in range(40)]
    lines = sorted(places, key=lambda place: (-place[1], place[0])) if by_row else places
    found = pdf_text.read(pdfs.pdf([lines], to_unicode=CHINESE)).text
    assert "".join(found.split()) == POEM[:40]


def test_lines_of_chinese_stay_lines() -> None:
    lines = [(50.0 + 10 * (k % 10), 700.0 - 18 * (k // 10), LETTERS[k]) for k in range(40)]
    found = pdf_text.read(pdfs.pdf([lines], to_unicode=CHINESE)).text
    assert "".join(found.split()) == POEM[:40]
