"""Bytes to text: what is declared on the web's terms, what is broken, and what says nothing of itself."""

import codecs
import random

import pytest

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.document import Document, RawFile, UnreadableError
from tasks.ingest.encodings.decoders import decoded
from tasks.ingest.encodings.encoding import decode, decode_line, looks_binary
from tasks.ingest.encodings.labels import declared_in, encoding_of
from tasks.ingest.read import read

TEXTS = {
    "gb18030": "渡船在清晨离开港口，船上的人都不说话。厨师给大家倒茶，讲起那个冬天的故事。",
    "big5": "渡船在清晨離開港口，船上的人都不說話。廚師給大家倒茶，講起那個冬天的故事。",
    "euc-kr": "나룻배는 새벽에 항구를 떠났고 배에 탄 사람들은 아무도 말을 하지 않았다.",
    "shift_jis": "渡し船は夜明けに港を出て、船に乗った人々は誰も口をきかなかった。",
    "euc-jp": "渡し船は夜明けに港を出て、船に乗った人々は誰も口をきかなかった。",
    "windows-1251": "Паром отошёл на рассвете, и никто на борту не говорил ни слова до второго маяка.",
    "koi8-r": "Паром отошёл на рассвете, и никто на борту не говорил ни слова до второго маяка.",
    "windows-1253": "Το καράβι έφυγε την αυγή και κανείς δεν μίλησε ως τον δεύτερο φάρο.",
    "windows-1255": "המעבורת יצאה עם שחר ואיש לא דיבר עד המגדלור השני.",
    "windows-1256": "غادرت العبارة عند الفجر ولم يتكلم أحد حتى المنارة الثانية.",
    "windows-874": "เรือข้ามฟากออกจากท่าแต่เช้า ไม่มีใครพูดอะไรเลยจนถึงประภาคารที่สอง",
    "windows-1250": "Prom odpłynął o świcie i nikt na pokładzie nic nie powiedział aż do drugiej latarni. Łódź też.",
    "windows-1252": "Die Fähre legte früh ab; niemand an Bord sagte etwas, bis der zweite Leuchtturm am Meer kam.",
}
CODECS = {"big5": "big5hkscs", "euc-kr": "cp949", "shift_jis": "cp932", "windows-874": "cp874"}
EAST = ("gb18030", "big5", "euc-kr", "shift_jis", "euc-jp")


def encoded(encoding: str) -> bytes:
    return TEXTS[encoding].encode(CODECS.get(encoding, encoding))


def page(body: bytes, charset: str = "") -> bytes:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">' if charset else ""
    return f"<html><head>{meta}<title>Ferry</title></head><body><p>".encode() + body + b"</p></body></html>"


def lines_of(content: bytes, name: str = "a.txt", **more: object) -> list[str]:
    form = "lines" if name.endswith("txt") else "jsonl"
    items = read(RawFile("s", name, content, form, **more), IngestOptions())  # type: ignore[arg-type]
    return [item.text if isinstance(item, Document) else f"! {item.reason}" for item in items]


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("GB2312", "gbk"),
        ("us-ascii", "windows-1252"),
        ("x-sjis", "shift_jis"),
        ("ks_c_5601-1987", "euc-kr"),
        ("iso-8859-9", "windows-1254"),
        ("latin-1", "windows-1252"),
        ("utf-8-unix", "utf-8"),
        ("cp950", "big5"),
        ("cp437", "cp437"),
        ("hz-gb-2312", "hz"),
        ("punycode", None),
        ("rot13", None),
        ("no such thing", None),
    ],
)
def test_labels_mean_what_the_web_means_by_them(label: str, encoding: str | None) -> None:
    assert encoding_of(label) == encoding


def test_declarations_are_found_where_they_count() -> None:
    assert declared_in(b'<?xml version="1.0" encoding="EUC-JP"?><html>') == ["euc-jp"]
    assert declared_in(b'<html><!-- <meta charset="big5"> --><meta charset=koi8-r>') == ["koi8-r"]
    assert declared_in(b"#!/usr/bin/env python\n# -*- coding: latin-1 -*-\n") == ["windows-1252"]
    assert declared_in(b"'\\\" t -*- coding: ISO-8859-2 -*-\n.TH X 1\n") == ["iso-8859-2"]
    assert declared_in(b"first\nsecond\n# coding: koi8-r\n") == [], "only the first two lines"


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("declared", ["", "utf-8", "right"])
def test_a_page_is_read_whatever_it_declares(encoding: str, declared: str) -> None:
    found = decode(page(encoded(encoding), encoding if declared == "right" else declared), html=True)
    assert TEXTS[encoding] in found.text and found.repaired == 0


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_page_whose_server_says_latin_1_is_what_it_says_itself(encoding: str) -> None:
    assert TEXTS[encoding] in decode(page(encoded(encoding), encoding), declared=("iso-8859-1",), html=True).text


@pytest.mark.parametrize("encoding", EAST)
@pytest.mark.parametrize("declared", [False, True])
def test_a_broken_byte_costs_a_character_and_no_page(encoding: str, declared: bool) -> None:
    text = TEXTS[encoding]
    at = len(text[:12].encode(CODECS.get(encoding, encoding)))
    content, label = encoded(encoding), encoding if declared else ""
    stray = decode(page(content[:at] + b"\xff" + content[at:], label), html=True)
    assert stray.text.replace("\ufffd", "").count(text) == 1 and stray.repaired == 1
    cut = decode(page(b"", label).partition(b"</p>")[0] + content[:-1], html=True)
    assert text[:-1] in cut.text and cut.repaired <= 1


def test_what_the_web_adds_to_the_standards_is_read() -> None:
    assert decode(b"\xbc\xdb\xb8\xf1\xca\xc7\x80\x31\x32\xd4\xaa", declared=("gb2312",)).text == "价格是€12元"
    added = b"\xad\xa1\xfc\xe2 \xa4\xb5\xa4\xf3\xa4\xcf\xbc\xd2\xc4\xb9\xa4\xc7\xa4\xb9"
    assert decoded(added, "euc-jp") == "①髙 さんは社長です"
    assert decode(b"\x1b$B-!$3$l\x1b(B ok", declared=("iso-2022-jp",)).text == "①これ ok"
    assert decode("北조".encode("iso2022_kr")).text == "北조"


def test_pages_that_say_utf8_and_almost_are() -> None:
    text = "Die Fähre fährt über das Meer, schön und früh, zur größten Insel. " * 3
    content = text.encode()
    assert decode(content[:30] + b"\xfc" + content[30:]).repaired == 1
    assert decode(page(content[:-30] + "ä".encode()[:1])).encoding == "utf-8"
    assert decode(page(content, "iso-8859-1"), html=True).text == page(content, "iso-8859-1").decode()
    latin = decode(page("café, déjà vu".encode("cp1252"), "utf-8"), html=True)
    assert "café, déjà vu" in latin.text and latin.encoding == "windows-1252"


def test_a_book_is_not_refused_for_one_byte() -> None:
    book = ("The ferry left at dawn. " * 4000 + "Früh am Morgen. " * 50).encode()
    found = decode(book[:50_000] + b"\xfe" + book[50_000:])
    assert found.encoding == "utf-8" and found.repaired == 1 and len(found.text) == len(book.decode()) + 1
    nul = decode(book[:50_000] + b"\0" + book[50_000:])
    assert nul.text == book.decode() and nul.repaired == 1


@pytest.mark.parametrize("codec", ["utf-16le", "utf-16be", "utf-32le", "utf-32be"])
@pytest.mark.parametrize("text", ["The ferry left,\nand nobody spoke.\n", TEXTS["gb18030"] + "\n", TEXTS["koi8-r"]])
def test_utf16_is_read_without_a_mark_and_with_one(codec: str, text: str) -> None:
    marks = {"utf-16le": codecs.BOM_UTF16_LE, "utf-16be": codecs.BOM_UTF16_BE}
    marks |= {"utf-32le": codecs.BOM_UTF32_LE, "utf-32be": codecs.BOM_UTF32_BE}
    assert decode(text.encode(codec)).text == decode(marks[codec] + text.encode(codec)).text == text
    assert not looks_binary(text.encode(codec))


def test_a_nul_or_two_makes_no_page_binary() -> None:
    found = decode(page(b"Hello\0 there\0"), html=True)
    assert found.text == page(b"Hello there").decode() and found.repaired == 2
    with pytest.raises(UnreadableError, match="binary"):
        decode(b"\0\1\2\3" * 100, html=True)


@pytest.mark.parametrize(
    "content",
    [b"good text \xc3\x28 and \xa0\xa1 bad", random.Random(5).randbytes(2000).translate(None, bytes(range(128)))],
)
@pytest.mark.parametrize("html", [False, True])
def test_what_makes_no_sense_is_refused(content: bytes, html: bool) -> None:
    with pytest.raises(UnreadableError, match="invalid encoding"):
        decode(content, html=html)


def test_a_french_page_is_no_chinese_one_for_saying_so() -> None:
    text = "Le ferry est parti à l’aube ; personne n’a parlé jusqu’au deuxième phare, où le cuisinier a ri très fort."
    assert text in decode(page(text.encode("cp1252"), "gb2312"), html=True).text


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "windows-1251", "koi8-r", "shift_jis", "utf-16le", "utf-8"])
def test_a_file_of_lines_has_one_encoding(encoding: str) -> None:
    own = encoding if encoding in TEXTS else "gb18030"
    clauses = TEXTS[own].replace("。", "，").replace(", ", "，").strip("，.").split("，")
    short = [clause[:2] for clause in clauses]
    wanted = ["plain"] * 50 + clauses + short + ["plain"]
    content = "\n".join(wanted).encode(CODECS.get(encoding, encoding))
    assert lines_of(content) == wanted
    if encoding != "utf-16le":
        middle = len(content) // 2
        assert lines_of(content, start=0, end=middle) + lines_of(content, start=middle) == wanted
    rows = "\n".join(f'{{"text": "{clause}"}}' for clause in clauses)
    assert lines_of(rows.encode(CODECS.get(encoding, encoding)), "a.jsonl") == clauses


def test_a_broken_line_is_mended_or_refused_and_its_neighbours_stay() -> None:
    good = [clause.encode() for clause in TEXTS["gb18030"].split("，")]
    found = lines_of(b"\n".join([*good, good[0][:-1], b"\xff\xfe\xfa\xfb", good[1]]))
    assert found[:3] + found[-1:] == [line.decode() for line in [*good, good[1]]]
    assert found[3] == good[0][:-3].decode() + "\ufffd" and found[4] == "! invalid encoding"
    assert decode_line(good[0], None).text == good[0].decode()
