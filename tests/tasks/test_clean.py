"""Edits and signals: what a reader of the cleaned text and of the columns would notice."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.recipe.clean import CleanConfig, EditsConfig, PiiConfig, StepConfig
from tasks.clean import clean

CONFIG = CleanConfig()


def cleaned(*texts: str, config: CleanConfig = CONFIG, code: bool = False) -> tuple[list[str], dict, dict]:
    """Texts, edit counts and signals."""
    array = pa.array(texts, pa.large_string())
    after, edits, _, signals = clean(array, np.full(len(texts), code), config)
    return after.to_pylist(), edits, signals


def one(text: str, **given_: object) -> str:
    return cleaned(text, **given_)[0][0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ＡＢＣ　１２３，好！", "ABC 123，好！"),
        ("one\r\ntwo  \n\n\n\n\n\nthree\x07\u200b", "one\ntwo\n\n\nthree"),
        ("cafe\u0301", "café"),
        ("正文。\n上一篇：旧闻\n责任编辑：王小明\n来源：某报\n正文二。", "正文。\n正文二。"),
        ("Prev\t\t Next\nText stays.\nHome | Login\nindex", "Text stays.\nindex"),
        ("We use cookies to improve your experience.\nText.", "Text."),
    ],
)
def test_form_and_layout(text: str, wanted: str) -> None:
    assert one(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("写信到 zhang.san+x@mail.example.cn 吧", "写信到 <EMAIL> 吧"),
        ("13800138000@qq.com", "<EMAIL>"),
        ("电话：13812345678。", "电话：<PHONE>。"),
        ("138-1234-5678 或 +86 138 1234 5678", "<PHONE> 或 <PHONE>"),
        ("010-62345678，(0755) 26543210", "<PHONE>，<PHONE>"),
        ("call 415-555-2671, (415) 555-2671 or +44 20 7946 0958", "call <PHONE>, <PHONE> or <PHONE>"),
        ("身份证11010519491231002X。", "身份证<ID_NUMBER>。"),
        ("卡号 6222021234567890128", "卡号 <BANK_CARD>"),
        ("card 4111 1111 1111 1111", "card <BANK_CARD>"),
        ("from 8.8.4.4 and 2607:f8b0:4005:805::200e", "from <IP> and <IP>"),
        ("车牌京A12345，粤B·D12345", "车牌<PLATE>，<PLATE>"),
        ("微信号：zhang_san88 QQ：123456789", "微信号：<SOCIAL> QQ：<SOCIAL>"),
        ("护照号：E12345678", "护照号：<PASSPORT>"),
        ("文/李晓红", "文/<NAME>"),
        ("（记者 王小明）", "（记者 <NAME>）"),
        ("key = AKIAIOSFODNN7EXAMPLE", "key = <SECRET>"),
    ],
)
def test_personal_data_gives_way(text: str, wanted: str) -> None:
    assert one(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "@property\ndef x(self): return a @ b.T",
        "11010519491231002 110105194912310021 12345678901 2023-01-15 12:30:45",
        "192.168.1.1 127.0.0.1 10.0.0.1 v1.2.3.4 1.2.3.4.5 section 3.2.1",
        "std::vector<int> a::b 20:30:45 de:ad:be:ef:00:01",
        "1609459200 1609459200000 0x1234567890123456 3.14159265358979",
        "记者高度关注，作者认为：好",
        "git@github.com:x/y.git",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert one(text) == text


def test_every_edit_can_be_switched_off() -> None:
    text = "Ａ\x07  \nPrev Next\nx@y.com 13812345678"
    off = CleanConfig(
        edits=EditsConfig(unicode=None, width=False, control=False, whitespace=False, boilerplate=False),
        pii=PiiConfig(**dict.fromkeys(PiiConfig.model_fields, False)),
    )
    assert one(text, config=off) == text


def test_code_keeps_its_lines_and_widths() -> None:
    text = "index\nprint('ＡＢ')\nNext"
    assert one(text, code=True) == text


def test_edits_are_counted() -> None:
    _, edits, _ = cleaned("a@b.com c@d.org\nPrev Next\nＡ")
    assert (edits["edit_email"][0], edits["edit_boilerplate"][0], edits["edit_width"][0]) == (2, 1, 1)


def test_signals_say_what_they_are_called() -> None:
    text = "The fox, don't jump... to it.\n\n- one item\n- one item\n中文的测试。"
    _, _, found = cleaned(text)
    at = {name: values[0] for name, values in found.items()}
    assert (at["num_chars"], at["num_bytes"], at["num_lines"]) == (len(text), len(text.encode()), 4)
    assert (at["num_newlines"], at["num_paragraphs"], at["num_ellipses"], at["num_stop_words"]) == (4, 2, 1, 1)
    assert at["dup_line_share"] == 0.25 and at["dup_line_chars"] == 10 and at["zh_function_share"] == 0.2


def test_repetition_counts_like_its_definition() -> None:
    _, _, found = cleaned("a b c d e f " * 4 + "g")
    assert found["top_2_gram_share"][0] == pytest.approx(3 * 4 / 49)
    assert found["dup_5_gram_share"][0] == pytest.approx(15 / 49)


def test_a_dropped_document_keeps_its_row_and_reason() -> None:
    step = "datatrove.pipeline.filters.lambda_filter.LambdaFilter"
    config = CleanConfig(steps=(StepConfig(step=step, args={"filter_function": lambda d: "keep" in d.text}),))
    texts, _, reasons, signals = clean(
        pa.array(["keep me", "not me"], pa.large_string()), np.zeros(2, np.bool_), config
    )
    assert texts.to_pylist() == ["keep me", "not me"]
    assert reasons == [None, "LambdaFilter"] and signals["num_chars"].tolist() == [7, 6]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=200) | st.text("0123456789 -+().@:x\n京A作者：", max_size=60), min_size=1, max_size=4))
def test_any_text_is_edited_once_and_for_all(texts: list[str]) -> None:
    once, _, found = cleaned(*texts)
    again, _, _ = cleaned(*once)
    assert again == once
    assert [len(text) for text in once] == found["num_chars"].tolist()
    assert all(np.isfinite(values).all() for values in found.values())


@settings(max_examples=200, deadline=None)
@given(st.text("abc 中文，。\n", max_size=30), st.text("xyz 的是\n", max_size=30))
def test_an_address_is_found_wherever_it_stands(head: str, tail: str) -> None:
    assert "<EMAIL>" in one(f"{head} li.si@example.com {tail}")
